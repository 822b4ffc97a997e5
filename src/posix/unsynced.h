// Directories that have gained a subdirectory which no fsync has made durable yet.
//
// A file is only safe when every directory above it is. Whoever makes a directory notes its parent
// here before making it; whoever publishes a file asks here which directories above it are still to
// be synced, so that a file in a directory that another task has just made is not reported too early.
// May be used from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace godwit::posix {

class UnsyncedDirectories {
  public:
    struct Item {
        std::string path;  // relative to the root; "" is the root
        std::uint64_t generation = 0;
    };

    // `path` is about to gain a name.
    void note(const std::string& path);

    // Those among `directory` and the directories above it that must be synced.
    std::vector<Item> above(std::string_view directory) const;

    // `item` has been synced; it stays noted if it has gained another name since.
    void synced(const Item& item);

    // An fsync of `item` failed with an I/O error: what it held may be lost although a later fsync
    // says otherwise, so nothing below it can be promised in this process any more (C25).
    void poison(const Item& item);
    bool is_poisoned(const std::string& path) const;

  private:
    static constexpr std::uint64_t kPoisoned = ~std::uint64_t{0};

    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t, std::less<>> generations_;  // guarded by mutex_
    std::uint64_t next_generation_ = 1;                              // guarded by mutex_
};

}  // namespace godwit::posix
