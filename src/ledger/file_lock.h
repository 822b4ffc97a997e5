// FileLock: a lock that all processes of this machine respect, for as long as its holder lives.
//
// An open file description lock (fcntl(2), F_OFD_SETLK): it ends with the process, also with a killed
// one; threads and forks make no difference; and others can ask who holds it without taking it. The
// holder's pid is written into the file, for people.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"

namespace godwit::ledger {

class FileLock {
  public:
    // Takes the lock; the file is made when it is missing (0600) and never removed. Waits for at most
    // `wait_max`. Fails with Busy, code Locked, and the holder's pid as cause.
    static Result<FileLock> take(const std::string& path, std::chrono::milliseconds wait_max);
    // Whether somebody holds it. False when there is no file.
    static bool is_held(const std::string& path);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    // Releases.
    ~FileLock();

  private:
    explicit FileLock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace godwit::ledger
