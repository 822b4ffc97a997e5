// One change of one name below the root: a file, link or directory that appears, or one that goes.
//
// A change is carried out in two steps, each on a pool thread, both by PublishGroup:
//
//   prepare()   everything that must be durable and proved before the name: fsync, read back
//   apply()     the name itself; the group then syncs the directory, and only then is it done
//
// A change that fails, or is abandoned because its context ended, takes away what it had staged.
// It belongs to one thread at a time and lives in the coroutine that waits for it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "posix/key_path.h"

namespace godwit::posix {

class NameChange {
  public:
    explicit NameChange(KeyPath path) : path_(std::move(path)) {}
    virtual ~NameChange() = default;
    NameChange(const NameChange&) = delete;
    NameChange& operator=(const NameChange&) = delete;

    const KeyPath& path() const { return path_; }
    // What it adds to the size of its group.
    virtual std::uint64_t size_bytes() const = 0;

    virtual Result<void> prepare() = 0;
    // `directory` is the open parent.
    virtual Result<void> apply(int directory) = 0;
    // The parent is not there. Success when there was nothing to do.
    virtual Result<void> apply_without_directory(Error missing) { return missing; }
    // apply() was not or will not be called: removes what is staged, as far as that can be done.
    virtual void abandon() = 0;

    // Why it failed; absent while all is well.
    const std::optional<Error>& failure() const { return failure_; }
    void fail(Error error) {
        if (!failure_) failure_.emplace(std::move(error));
    }

  private:
    KeyPath path_;
    std::optional<Error> failure_;
};

}  // namespace godwit::posix
