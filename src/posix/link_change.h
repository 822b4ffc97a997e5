// Another name for a file that is there: a hard link.
#pragma once

#include "posix/replacement.h"

namespace godwit::posix {

// The file is held open from prepare() on, so that what is linked is what was looked at, whoever moves its
// first name meanwhile.
class LinkChange final : public Replacement {
  public:
    // `staged_name` is for what has to replace something.
    LinkChange(ChangeTools tools, KeyPath path, KeyPath first, const store::LinkRequest& request,
               std::string staged_name);

    const store::Linked& linked() const { return linked_; }

    std::uint64_t size_bytes() const override { return 0; }
    Result<void> prepare() override;
    Result<void> apply(int directory) override;
    void abandon() override {}

  private:
    Result<struct stat> look() const;
    Result<void> give_name(int directory);
    int take_free_name(int directory) override;
    int link_as(int directory, const char* name);
    Result<void> stage_link(int directory);

    KeyPath first_;
    model::Identity expected_;
    bool replaces_;
    Descriptor file_;
    struct stat status_{};
    int refused_ = 0;  // why the file system gives the file no further name
    store::Linked linked_;
};

}  // namespace godwit::posix
