// Local files of our own that are written once and read again: without a name, so that nothing is left of
// them whatever ends the process, until keep() gives a copy one.
//
// All calls block, and fail with the errno of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace godwit::ledger {

class ScratchFile {
  public:
    // In `directory`, which exists.
    static Result<ScratchFile> create(const std::string& directory);
    // To be read.
    static Result<ScratchFile> open(const std::string& path);
    ScratchFile(ScratchFile&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
    ScratchFile& operator=(ScratchFile&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(path_, other.path_);
        return *this;
    }
    ~ScratchFile();

    // For messages.
    const std::string& path() const { return path_; }
    Result<void> write_at(std::uint64_t offset_bytes, std::string_view bytes);
    // Fewer bytes than asked for only at the end of the file.
    Result<std::size_t> read_at(std::uint64_t offset_bytes, std::span<char> out) const;
    // Copies it to `path`, replacing what was there, whole or not at all, and durable.
    Result<void> keep(const std::string& path) const;

  private:
    ScratchFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    Result<void> sync() const;
    Result<void> copy_to(ScratchFile& file) const;

    int fd_;
    std::string path_;
};

}  // namespace godwit::ledger
