// An open file descriptor that is closed when its owner goes.
#pragma once

#include <utility>

#include "posix/os.h"

namespace godwit::posix {

class Descriptor {
  public:
    Descriptor() = default;
    Descriptor(Os& os, int fd) : os_(&os), fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : os_(other.os_), fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            close();
            os_ = other.os_;
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Descriptor() { close(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    // Closes now, where the answer matters: 0, or the errno. Success when nothing is open.
    int close() {
        if (fd_ < 0) return 0;
        return -os_->close(std::exchange(fd_, -1));
    }

  private:
    Os* os_ = nullptr;
    int fd_ = -1;
};

}  // namespace godwit::posix
