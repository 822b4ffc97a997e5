// A name that goes.
#pragma once

#include "posix/replacement.h"

namespace godwit::posix {

// Removes exactly the generation `expected`, or nothing.
//
// Linux cannot unlink "this inode": a look and then an unlink would take a file that was renamed over
// the name in between. So the name is first moved aside to a staged name; what then lies there is
// compared, and only removed if it is the expected one, else moved back (A4). Directories are removed
// when they are empty, whatever their times say: those change with each child that goes.
class Removal final : public NameChange {
  public:
    Removal(ChangeTools tools, KeyPath path, model::Identity expected, std::string staged_name);

    std::uint64_t size_bytes() const override { return 0; }
    Result<void> prepare() override { return {}; }
    Result<void> apply(int directory) override;
    Result<void> apply_without_directory(Error missing) override;
    void abandon() override {}

  private:
    Result<void> remove_directory(int directory) const;
    Result<void> remove_aside(int directory, const struct stat& seen) const;
    Result<void> remove_moved(int directory, const struct stat& seen) const;
    std::string subject() const { return tools_.root.display(path().path); }

    ChangeTools tools_;
    model::Identity expected_;
    std::string staged_name_;
};

}  // namespace godwit::posix
