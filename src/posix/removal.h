// A name that goes.
#pragma once

#include "posix/replacement.h"

namespace godwit::posix {

// Removes exactly the generation `expected`, or nothing.
//
// Linux cannot unlink "this inode": a look and then an unlink would take a file that was renamed over
// the name in between. So the name is first moved aside (StagingNames::removal_name_for); what then lies
// there is compared, and only removed if it is the expected one, else moved back (A4). What a killed removal
// has left aside is removed by the next one, or gets its name back by undo_removal(). Directories are removed
// when they are empty, whatever their times say: those change with each child that goes.
class Removal final : public NameChange {
  public:
    Removal(ChangeTools tools, KeyPath path, model::Identity expected, std::string name_aside);

    std::uint64_t size_bytes() const override { return 0; }
    Result<void> prepare() override { return {}; }
    Result<void> apply(int directory) override;
    Result<void> apply_without_directory(Error missing) override;
    void abandon() override {}

  private:
    Result<void> remove_directory(int directory) const;
    Result<void> remove_file(int directory, const struct stat& seen) const;
    Result<void> finish_earlier(int directory) const;
    Result<void> remove_moved(int directory, const struct stat& seen) const;
    std::string subject() const { return tools_.root.display(path().path); }

    ChangeTools tools_;
    model::Identity expected_;
    std::string name_aside_;
};

// Gives what a killed removal has moved aside its name back; success when there is nothing. Fails with Exists
// when something else has the name by now: then both stay where they are.
Result<void> undo_removal(const Root& root, const KeyPath& path, const std::string& name_aside);

}  // namespace godwit::posix
