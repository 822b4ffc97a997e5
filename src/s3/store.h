// S3Store: the Store port on a bucket, or on a prefix of one.
//
// What it says to the server is in operations.h and multipart.h; what it believes of the answers in
// store_evidence.h. Here is only which of them an operation of the port needs.
//
// The probe (probe.h) writes, so it runs before the first write and not at attach(): a run that finds
// nothing to do sends listing requests only. Until then capabilities().attests is absent.
#pragma once

#include <memory>
#include <string>

#include "net/http_client.h"
#include "s3/client.h"
#include "s3/probe.h"
#include "s3/store_options.h"
#include "store/store.h"

namespace godwit::s3 {

// For `doctor`. Holds no secret.
struct S3Description {
    std::string endpoint;
    std::string region;
    bool virtual_hosted = false;
    std::string credentials;
};

class S3Store final : public store::Store {
  public:
    // Fails with Invalid for options that cannot be used, and with the kinds of default_credentials().
    // `loop` and `http` (made with options.http) outlive the store; `loop` runs one turn more after it
    // unless close() was awaited.
    static Result<std::unique_ptr<S3Store>> make(runtime::IoLoop& loop, net::HttpClient& http,
                                                 S3Options options);
    ~S3Store() override;

    // One listing request; writes nothing.
    Task<Result<store::RootIdentity>> attach(Context& context, store::Role role) override;
    const store::Capabilities& capabilities() const override;
    std::string uri(const model::Key& key) const override;
    std::unique_ptr<store::Listing> list(store::ListedKeys keys) override;
    Task<Result<bool>> holds_any(Context& context, const store::ListedKeys& keys) override;
    Task<Result<std::optional<model::ObjectInfo>>> stat(Context& context, const model::Key& key,
                                                        bool with_tags) override;
    Task<Result<std::unique_ptr<store::Source>>> open(Context& context,
                                                      const store::OpenRequest& request) override;
    Task<Result<store::Receipt>> put(Context& context, const store::PutRequest& request,
                                     std::span<const std::byte> bytes, const Digest& digest) override;
    Task<Result<std::unique_ptr<store::Sink>>> begin(Context& context,
                                                     const store::PutRequest& request) override;
    Task<Result<std::unique_ptr<store::Sink>>> resume(Context& context, const store::PutRequest& request,
                                                      const std::string& checkpoint) override;
    Task<Result<void>> discard(Context& context, const model::Key& key, const std::string& checkpoint,
                               std::int64_t intent_unix_ns) override;
    // Metadata that holds nothing at all stays the source's, as do absent tags.
    Task<Result<store::Receipt>> copy_from(Context& context, store::Store& source,
                                           const store::CopyRequest& request) override;
    Task<Result<store::Receipt>> set_metadata(Context& context, const store::PutRequest& request,
                                              const model::Identity& expected) override;
    Task<Result<void>> remove(Context& context, const model::Key& key,
                              const model::Identity& expected) override;
    Task<Result<bool>> removes_exactly(Context& context) override;
    Task<Result<void>> verify_root(Context& context) override;
    bool may_be_newer(const model::Identity& generation, std::int64_t unix_ns) const override;
    Task<void> close() override;

    // Asks the server now what it checks and enforces (it writes a little, and removes it).
    Task<Result<ProbeResult>> probe(Context& context);
    S3Description describe() const;
    const RequestCounts& counts() const;

  private:
    struct State;
    explicit S3Store(std::unique_ptr<State> state);

    Task<Result<void>> ensure_probed(Context& context, const std::string& key);
    Task<Result<void>> probe_now(Context& context, const std::string& key);
    Task<Result<void>> learn_policy(Context& context);
    Task<Result<void>> check_source_apart(Context& context);
    Task<Result<void>> discard_probe_once(Context& context);

    std::unique_ptr<State> state_;
};

}  // namespace godwit::s3
