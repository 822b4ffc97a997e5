// A directory that appears, or whose attributes are brought over.
#pragma once

#include "posix/replacement.h"

namespace godwit::posix {

// Makes the directory where it is missing; one that is there already is as good, whoever made it,
// since files below it may have come first. Then sets its attributes.
class DirectoryChange final : public NameChange {
  public:
    DirectoryChange(ChangeTools tools, KeyPath path, const store::PutRequest& request);

    std::uint64_t size_bytes() const override { return 0; }
    Result<void> prepare() override;
    Result<void> apply(int directory) override;
    void abandon() override {}

    Published& published() { return published_; }

  private:
    ChangeTools tools_;
    WantedAttributes wanted_;
    std::optional<DigestAlgorithm> verify_by_;
    Published published_;
};

}  // namespace godwit::posix
