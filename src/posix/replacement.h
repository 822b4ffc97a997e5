// The two kinds of objects that are staged and then take their name: files and symbolic links.
#pragma once

#include <optional>
#include <string>

#include "base/digest.h"
#include "posix/attributes.h"
#include "posix/name_change.h"
#include "posix/staging.h"
#include "store/store.h"

namespace godwit::posix {

// What every change of one store needs. Outlives the change.
struct ChangeTools {
    const Root& root;
    UnsyncedDirectories& unsynced;
    const AttributeOptions& attributes;
    const StagingNames& staging;
    bool sparse = false;
    bool reflink = false;
};

// What the destination became, for the receipt.
struct Published {
    model::Identity identity;
    model::EvidenceLevel level = model::EvidenceLevel::None;
    std::optional<Digest> digest;
    // Done, but not all attributes could be set.
    std::optional<Error> warning;
    // Done, but blocks that were to be shared had to be written.
    std::optional<Error> not_shared;
};

// Takes the name from what stands there, or from nobody.
class Replacement : public NameChange {
  public:
    // `staged_name` empty: a file without a name.
    Replacement(ChangeTools tools, KeyPath path, const store::PutRequest& request, std::string staged_name);

    Published& published() { return published_; }

  protected:
    // Gives what is staged the key's name, if `replaces` is what stands there, and looks at what the
    // name denotes then. Fails with Changed, or with Exists where a directory, or where the file
    // system takes other spellings of a name for it perhaps another key's object, is in the way.
    Result<struct stat> take_name(int directory);
    Result<void> check_replaced(int directory) const;
    // Gives it the key's name if nothing has that: 0 or -errno; -EEXIST: something has it; -EINVAL: the
    // file system can't do so.
    virtual int take_free_name(int directory);
    void remove_staged(int directory) const;
    std::string subject() const { return tools_.root.display(path().path); }

    ChangeTools tools_;
    WantedAttributes wanted_;
    std::string staged_name_;
    Published published_;

  private:
    Error in_the_way(const struct stat& found) const;
    bool folds_names(const struct stat& found) const;
    std::optional<model::Identity> replaces_;
};

// A regular file.
class FileReplacement final : public Replacement {
  public:
    // `staged_name` empty: without a name, where the file's own file system allows that; only for what
    // replaces nothing.
    FileReplacement(ChangeTools tools, KeyPath path, const store::PutRequest& request,
                    std::string staged_name);

    // Blocking, on a pool thread. Makes the staged file, empty.
    Result<void> stage();
    // Takes over what an earlier run has staged. Fails with NotFound when it is gone.
    Result<void> resume();
    const StagedFile& staged() const { return staged_; }
    // Writes at the offset, and tells the kernel to begin writing to the medium.
    Result<void> write(std::uint64_t offset_bytes, std::span<const std::byte> bytes);
    // The same into what is a hole since extend(), and may leave a hole where the bytes are zeros: where the
    // object has one if holes are kept, else where all of `bytes` are.
    Result<void> write_into_hole(std::uint64_t offset_bytes, std::span<const std::byte> bytes);
    // Makes the empty file one that shares the blocks of what `source` reads, if that is asked for and can
    // be. False: it is still empty.
    Result<bool> share(const store::Source* source);
    // All bytes of the empty file, shared or written.
    Result<void> fill(std::span<const std::byte> bytes, const store::Source* source);
    // Gives the empty file its full size, as a hole.
    Result<void> extend();
    // After the last write.
    Result<void> set_attributes();
    // Read the staged bytes back and compare them with this before they get their name.
    void prove(Digest digest) { expected_ = std::move(digest); }
    // fsync, with all that a later close could still refuse. Once it has failed the file is lost:
    // another fsync would lie (C25).
    Result<void> sync();
    // It has been synced and proved by its owner, with this outcome. From here on only the owner
    // gives it up, by remove(), since a resume may still want it.
    void prepared(model::EvidenceLevel level, std::optional<Digest> digest);

    // Takes the staged file away, if there is one.
    void remove();

    std::uint64_t size_bytes() const override { return size_bytes_; }
    Result<void> prepare() override;
    Result<void> apply(int directory) override;
    void abandon() override;

  private:
    Result<StagedFile> make_staged();
    int take_free_name(int directory) override;
    Result<void> read_back();
    void proved(model::EvidenceLevel level, std::optional<Digest> digest);

    std::uint64_t size_bytes_;
    std::optional<model::Holes> holes_;
    StagedFile staged_;
    std::optional<Digest> expected_;
    bool prepared_ = false;
};

// A symbolic link.
class LinkReplacement final : public Replacement {
  public:
    LinkReplacement(ChangeTools tools, KeyPath path, const store::PutRequest& request,
                    std::string staged_name, std::string target);

    std::uint64_t size_bytes() const override { return target_.size(); }
    Result<void> prepare() override;
    Result<void> apply(int directory) override;
    void abandon() override {}

  private:
    Result<void> make_and_name(int directory);
    std::string target_;
    std::optional<DigestAlgorithm> verify_by_;
};

// How the bytes of `expected` are missed: both digests.
Error corrupt(std::string subject, const Digest& expected, const Digest& found);
// What was to be there, and what is.
Error changed(std::string operation, std::string subject, const model::Identity& expected,
              const model::Identity& found);

}  // namespace godwit::posix
