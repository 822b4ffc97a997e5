// A file that was not there before: written whole or not there afterwards either.
#pragma once

#include <string>

#include "app/process.h"
#include "app/terminal.h"
#include "base/result.h"

namespace godwit::app {

class NewFile {
  public:
    // Fails with Exists when something has the name.
    static Result<NewFile> create(const std::string& path);
    NewFile(NewFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
    // Removes the file unless finish() has succeeded.
    ~NewFile();

    // What is written to it; lives as long as this does.
    Stream stream(const Environment& environment) const;
    Result<void> write(std::string_view bytes);
    // The file is on disk when this ends well.
    Result<void> finish();

  private:
    NewFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    int fd_;
    std::string path_;
};

}  // namespace godwit::app
