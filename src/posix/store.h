// The POSIX store: a directory tree as a place with objects.
//
// Keys are paths, so a key that cannot be a path is Unsupported (code "UnrepresentableKey"), and a
// file and a directory of one name exclude each other (Exists). All work below the root goes through
// a held descriptor (root.h), all blocking calls through the pool, all names through the group commit
// (publish_group.h). Content headers, user metadata and tags are not kept.
#pragma once

#include <memory>

#include "posix/os.h"
#include "posix/workshop.h"
#include "store/store.h"

namespace godwit::posix {

class PosixStore final : public store::Store {
  public:
    // `loop`, `pool` and `os` outlive the store and all that it hands out.
    PosixStore(runtime::Loop& loop, runtime::Pool& pool, PosixOptions options, Os& os = system_os());
    ~PosixStore() override;

    // May be called again, to see whether the root is still the same. As Destination it makes a
    // missing root and writes, reads back and removes a probe file.
    store::Task<Result<store::RootIdentity>> attach(store::Context& context, store::Role role) override;
    const store::Capabilities& capabilities() const override { return capabilities_; }
    std::string uri(const store::Key& key) const override;

    std::unique_ptr<store::Listing> list(store::ListedKeys keys) override;
    store::Task<Result<std::optional<store::ObjectInfo>>> stat(store::Context& context, const store::Key& key,
                                                               bool with_tags) override;
    store::Task<Result<std::unique_ptr<store::Source>>> open(store::Context& context,
                                                             const store::OpenRequest& request) override;
    store::Task<Result<store::Receipt>> put(store::Context& context, const store::PutRequest& request,
                                            std::span<const std::byte> bytes, const Digest& digest) override;
    store::Task<Result<std::unique_ptr<store::Sink>>> begin(store::Context& context,
                                                            const store::PutRequest& request) override;
    store::Task<Result<std::unique_ptr<store::Sink>>> resume(store::Context& context,
                                                             const store::PutRequest& request,
                                                             const std::string& checkpoint) override;
    // Needs no `intent_unix_ns`: the staged name is the key's own.
    store::Task<Result<void>> discard(store::Context& context, const store::Key& key,
                                      const std::string& checkpoint, std::int64_t intent_unix_ns) override;
    // Always Unsupported: copy_domain is empty.
    store::Task<Result<store::Receipt>> copy_from(store::Context& context, store::Store& source,
                                                  const store::CopyRequest& request) override;
    store::Task<Result<store::Linked>> link(store::Context& context,
                                            const store::LinkRequest& request) override;
    store::Task<Result<store::Receipt>> set_metadata(store::Context& context,
                                                     const store::PutRequest& request,
                                                     const store::Identity& expected) override;
    store::Task<Result<void>> remove(store::Context& context, const store::Key& key,
                                     const store::Identity& expected) override;
    store::Task<Result<bool>> removes_exactly(store::Context&) override { co_return true; }
    store::Task<Result<void>> verify_root(store::Context& context) override;
    bool may_be_newer(const store::Identity& generation, std::int64_t unix_ns) const override;
    store::Task<void> close() override;

  private:
    store::Task<Result<store::Receipt>> put_file(store::Context& context, const store::PutRequest& request,
                                                 std::span<const std::byte> bytes, const Digest& digest);

    std::shared_ptr<Workshop> workshop_;
    store::Capabilities capabilities_;
};

}  // namespace godwit::posix
