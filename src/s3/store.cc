#include "s3/store.h"

#include <fmt/format.h>

#include "base/random.h"
#include "base/sabotage.h"
#include "base/utf8.h"
#include "model/plan.h"
#include "s3/credentials.h"
#include "s3/lineage.h"
#include "s3/listing.h"
#include "s3/probe_remains.h"
#include "s3/probe_trial.h"
#include "s3/same_bucket.h"
#include "s3/sink.h"
#include "s3/source.h"
#include "s3/store_copy.h"
#include "s3/store_put.h"

namespace godwit::s3 {

using model::Identity;
using model::Key;
using model::ObjectInfo;
using store::PutRequest;
using store::Receipt;

namespace {

constexpr std::size_t kKeyBytesMax = 1024;

Result<std::shared_ptr<CredentialsProvider>> credentials_for(runtime::IoLoop& loop,
                                                             const S3Options& options) {
    if (options.anonymous) return anonymous_credentials();
    if (options.credentials) return static_credentials(*options.credentials, "given by hand");
    CredentialsCache own;
    CredentialsCache& cache = options.credentials_cache ? *options.credentials_cache : own;
    const net::TlsOptions& tls = options.http.tls;  // of STS
    auto& kept = cache[fmt::format("{}\n{}\n{}", options.profile, tls.ca_file, tls.verify)];
    if (kept) return kept;
    GODWIT_TRY(AwsConfig config, AwsConfig::load(options.surroundings, options.profile));
    GODWIT_TRY(kept, default_credentials(loop, config, options.http, system_random()));
    return kept;
}

// A secret of the user's must not travel in clear.
Result<void> check_customer_key(const S3Options& options, const net::Origin& origin) {
    if (options.objects.customer_key.empty() || !signs_payload(origin)) return {};
    return Error(ErrorKind::Invalid, "use option", "sse-c-key",
                 fmt::format("{} is not encrypted; a customer key needs https", origin.display()));
}

bool holds_anything(const model::Metadata& metadata) {
    return metadata.posix || metadata.tags || !metadata.user.empty() || !metadata.xattrs.empty() ||
           metadata.holes || metadata.file_id || metadata.headers != model::ContentHeaders();
}

Error missing_bucket(const Address& address, Error error) {
    return Error(ErrorKind::NotFound, "attach", address.canonical(),
                 fmt::format("there is no bucket {} at {}; check both, or make the bucket first",
                             address.bucket(), address.endpoint()))
        .with_code("NoSuchBucket")
        .with_request_id(error.request_id());
}

}  // namespace

struct S3Store::State {
    State(runtime::IoLoop& io_loop, Bucket to, S3Options with)
        : loop(io_loop),
          bucket(std::move(to)),
          options(std::move(with)),
          listings(std::make_shared<ListingsInFlight>(io_loop)),
          probe_key(s3::probe_key(options.prefix, options.probe_token.empty()
                                                      ? random_hex(system_random(), 16)
                                                      : options.probe_token)) {
        capabilities.put_bytes_max = options.put_bytes_max;
        capabilities.object_bytes_max = kObjectBytesMax;
        capabilities.keeps_user_metadata = true;
        capabilities.keeps_tags = true;
        capabilities.tags_may_be_md5 = true;
        // put() and commit() read back what nothing cheaper proves.
        capabilities.commit_evidence = model::EvidenceLevel::Attested;
    }

    std::string whole_key(const Key& key) const { return options.prefix + key.bytes(); }
    // Why the bucket cannot hold this key; nothing: it can.
    Result<std::string> storable_key(const Key& key) const;
    PutRequest with_lineage(const PutRequest& request) const;
    void adopt(ProbeResult result);
    // The server is known to be good for writing this key.
    bool may_write(const std::string& key) const;
    // Something that this depends on is not known yet.
    bool must_ask(const std::string& key) const;
    std::string probe_name() const;
    CopyJob copy_job(const Bucket& source, std::string source_key, std::string key) const;

    runtime::IoLoop& loop;
    Bucket bucket;
    S3Options options;
    store::Capabilities capabilities;
    std::shared_ptr<ListingsInFlight> listings;
    std::optional<WritePolicy> policy;  // once probed
    std::optional<bool> keeps_paths;    // probe_paths(), once it was needed
    std::optional<Bucket> other_name;   // the source, until it is known not to be this bucket
    std::optional<Error> overlap;       // it is
    // How much the server's clock is ahead of ours, at the least. Absent: it does not say.
    std::optional<std::int64_t> clock_ahead_ns;
    const std::string probe_key;
    bool probe_discarded = false;
    bool probing = false;
    runtime::Signal probed;
};

Result<std::string> S3Store::State::storable_key(const Key& key) const {
    std::string whole = whole_key(key);
    bool is_text = is_utf8(whole) && !whole.contains('\0');
    if (is_text && whole.size() <= kKeyBytesMax) return whole;
    std::string cause = is_text
                            ? fmt::format("the key has {} bytes; S3 allows {}", whole.size(), kKeyBytesMax)
                            : "the key is no UTF-8; S3 keys are";
    return Error(ErrorKind::Unsupported, "put", bucket.client->uri(whole), std::move(cause))
        .with_code("UnrepresentableKey");
}

PutRequest S3Store::State::with_lineage(const PutRequest& request) const {
    PutRequest with = request;
    add_lineage(options.lineage(request.key.bytes()), with.metadata);
    return with;
}

void S3Store::State::adopt(ProbeResult result) {
    capabilities.attests = result.attests;
    WritePolicy chosen;
    chosen.use_md5 = !result.attests && options.checksum != ChecksumChoice::None;
    chosen.probe = std::move(result);
    policy = std::move(chosen);
    if (bucket.client->address().is_aws()) keeps_paths = true;
}

bool S3Store::State::may_write(const std::string& key) const {
    return policy && !other_name && !overlap && (keeps_paths == true || !looks_like_path(key));
}

bool S3Store::State::must_ask(const std::string& key) const {
    return !policy || other_name || overlap || (!keeps_paths && looks_like_path(key));
}

std::string S3Store::State::probe_name() const {
    const Address& address = bucket.client->address();
    return fmt::format("{} {} {} {} {}", address.endpoint(), address.bucket(),
                       static_cast<int>(options.checksum), options.objects.encryption,
                       options.objects.customer_key.empty() ? "" : "sse-c");
}

Result<std::unique_ptr<S3Store>> S3Store::make(runtime::IoLoop& loop, net::HttpClient& http,
                                               S3Options options) {
    GODWIT_TRY_VOID(check(options.objects));
    if (!options.prefix.empty() && !options.prefix.ends_with('/')) options.prefix += '/';
    ClientOptions client_options;
    client_options.bucket = options.bucket;
    client_options.endpoint = options.endpoint;
    client_options.retry = options.retry;
    client_options.request_timeout = options.request_timeout;
    client_options.request_rate = options.request_rate;
    GODWIT_TRY(auto credentials, credentials_for(loop, options));
    GODWIT_TRY(auto client, Client::make(loop, http, std::move(credentials), std::move(client_options)));
    GODWIT_TRY_VOID(check_customer_key(options, client->address().origin()));
    Bucket bucket{std::move(client), std::make_shared<const ObjectOptions>(options.objects)};
    auto state = std::make_unique<State>(loop, std::move(bucket), std::move(options));
    if (const S3Store* source = std::exchange(state->options.source, nullptr)) {
        state->other_name = source->state_->bucket;
    }
    return std::unique_ptr<S3Store>(new S3Store(std::move(state)));
}

S3Store::S3Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
S3Store::~S3Store() = default;

Task<Result<store::RootIdentity>> S3Store::attach(Context& context, store::Role) {
    ListRequest first;
    first.prefix = state_->options.prefix;
    first.keys_max = 1;
    auto page = co_await list_objects(context, state_->bucket, first);
    const Client& client = *state_->bucket.client;
    // The first answer is the one that begins what is asked about later.
    if (page && page->server_time_ns && !state_->clock_ahead_ns)
        state_->clock_ahead_ns = *page->server_time_ns - state_->loop.unix_time_ns();
    const Address& address = client.address();
    if (!page && page.error().code() == "NoSuchBucket") {
        co_return missing_bucket(address, std::move(page.error()));
    }
    if (!page) co_return std::move(page.error());
    std::string who = client.access_key_id();
    if (!who.empty()) state_->capabilities.copy_domain = fmt::format("{} {}", address.endpoint(), who);
    store::RootIdentity root;
    root.canonical = fmt::format("{}/{}", address.canonical(), state_->options.prefix);
    root.identity = fmt::format("{} {} {}", address.endpoint(), address.bucket(), address.region());
    co_return root;
}

const store::Capabilities& S3Store::capabilities() const {
    return state_->capabilities;
}

std::string S3Store::uri(const Key& key) const {
    return state_->bucket.client->uri(state_->whole_key(key));
}

std::unique_ptr<store::Listing> S3Store::list(store::ListedKeys keys) {
    return make_listing(state_->bucket, state_->options.prefix, std::move(keys), state_->probe_key,
                        state_->listings);
}

Task<Result<bool>> S3Store::holds_any(Context& context, const store::ListedKeys& keys) {
    const std::string& prefix = state_->options.prefix;
    ListRequest first;
    first.prefix = prefix + keys.prefix;
    if (!keys.range.after.empty()) first.start_after = prefix + keys.range.after;
    first.keys_max = 1;
    GODWIT_CO_TRY(ListPage page, co_await list_objects(context, state_->bucket, first));
    if (page.objects.empty()) co_return false;
    std::string_view key = page.objects.front().key;
    co_return key.starts_with(prefix) && keys.contains(key.substr(prefix.size()));
}

Task<Result<std::optional<ObjectInfo>>> S3Store::stat(Context& context, const Key& key, bool with_tags) {
    std::optional<ObjectInfo> info;
    auto whole = state_->storable_key(key);
    if (!whole) co_return info;
    std::string any_generation;
    GODWIT_CO_TRY(auto head, co_await head_object(context, state_->bucket, *whole, any_generation,
                                                  DigestAlgorithm::Crc64Nvme));
    if (!head) co_return info;
    std::uint64_t tag_count = head->tag_count;
    info = object_info(key, std::move(*head));
    if (with_tags) {
        GODWIT_CO_TRY_VOID(co_await read_tags(context, state_->bucket, *whole, tag_count, info->metadata));
    }
    co_return info;
}

Task<Result<std::unique_ptr<store::Source>>> S3Store::open(Context& context,
                                                           const store::OpenRequest& request) {
    return open_source(context, state_->bucket, state_->whole_key(request.key), request);
}

Task<Result<Receipt>> S3Store::put(Context& context, const PutRequest& request,
                                   std::span<const std::byte> bytes, const Digest& digest) {
    GODWIT_CO_TRY(std::string key, state_->storable_key(request.key));
    if (!state_->may_write(key)) GODWIT_CO_TRY_VOID(co_await ensure_probed(context, key));
    const WritePolicy& policy = *state_->policy;
    if (!state_->options.lineage) {
        co_return co_await put_whole(context, state_->bucket, policy, request, key, bytes, digest);
    }
    PutRequest with = state_->with_lineage(request);
    co_return co_await put_whole(context, state_->bucket, policy, with, key, bytes, digest);
}

Task<Result<std::unique_ptr<store::Sink>>> S3Store::begin(Context& context, const PutRequest& request) {
    GODWIT_CO_TRY(std::string key, state_->storable_key(request.key));
    if (!state_->may_write(key)) GODWIT_CO_TRY_VOID(co_await ensure_probed(context, key));
    PutRequest with = state_->options.lineage ? state_->with_lineage(request) : request;
    SinkOptions sink_options;
    sink_options.part_step_bytes = state_->options.part_step_bytes;
    co_return co_await begin_sink(context, state_->bucket, *state_->policy, sink_options, with, key);
}

Task<Result<std::unique_ptr<store::Sink>>> S3Store::resume(Context& context, const PutRequest& request,
                                                           const std::string& checkpoint) {
    GODWIT_CO_TRY(std::string key, state_->storable_key(request.key));
    if (!state_->may_write(key)) GODWIT_CO_TRY_VOID(co_await ensure_probed(context, key));
    PutRequest with = state_->options.lineage ? state_->with_lineage(request) : request;
    co_return co_await resume_sink(context, state_->bucket, *state_->policy, with, key, checkpoint);
}

Task<Result<void>> S3Store::discard(Context& context, const Key& key, const std::string& checkpoint,
                                    std::int64_t intent_unix_ns) {
    auto whole = state_->storable_key(key);
    if (!whole) co_return {};
    GODWIT_CO_TRY_VOID(co_await discard_probe_once(context));
    co_return co_await discard_uploads(context, state_->bucket, *whole, checkpoint, intent_unix_ns);
}

CopyJob S3Store::State::copy_job(const Bucket& source, std::string source_key, std::string key) const {
    CopyJob job;
    job.source_bucket = source;
    job.source_key = std::move(source_key);
    job.key = std::move(key);
    job.one_piece_bytes_max = options.copy_bytes_max;
    job.part_step_bytes = options.copy_part_step_bytes;
    return job;
}

Task<Result<Receipt>> S3Store::copy_from(Context& context, store::Store& source,
                                         const store::CopyRequest& request) {
    auto* other = dynamic_cast<S3Store*>(&source);
    GODWIT_CHECK(other && other->state_->capabilities.copy_domain == state_->capabilities.copy_domain,
                 "{} is of another copy domain", source.uri(request.source_key));
    GODWIT_CO_TRY(std::string key, state_->storable_key(request.put.key));
    if (!state_->may_write(key)) GODWIT_CO_TRY_VOID(co_await ensure_probed(context, key));
    CopyJob job = state_->copy_job(other->state_->bucket, other->state_->whole_key(request.source_key), key);
    job.source = request.source_identity;
    job.put = &request.put;
    model::Metadata metadata = request.put.metadata;
    if (state_->options.lineage) {
        // Only whole sets of metadata can be given to a copy.
        if (!holds_anything(metadata)) {
            GODWIT_CO_TRY(metadata, co_await source_metadata(context, job));
        }
        add_lineage(state_->options.lineage(request.put.key.bytes()), metadata);
    }
    if (holds_anything(metadata)) job.metadata = &metadata;
    co_return co_await copy_inside(context, state_->bucket, *state_->policy, job);
}

// S3 has no call that changes metadata: the object is copied onto itself.
Task<Result<Receipt>> S3Store::set_metadata(Context& context, const PutRequest& request,
                                            const Identity& expected) {
    GODWIT_CO_TRY(std::string key, state_->storable_key(request.key));
    if (!state_->may_write(key)) GODWIT_CO_TRY_VOID(co_await ensure_probed(context, key));
    // Not every server knows the condition of a copy, so the object is looked at first.
    GODWIT_CO_TRY(auto head,
                  co_await head_object(context, state_->bucket, key, expected.tag, request.digest));
    Identity found = head ? head->identity() : Identity();
    if (!head || !model::same_generation(found, expected)) {
        co_return Error(ErrorKind::Changed, "set metadata of", uri(request.key),
                        fmt::format("expected generation '{}', found '{}'", expected.tag, found.tag));
    }
    PutRequest with = request;
    with.replaces = expected;
    // Absent tags stay, also on servers that forget them when an object is copied onto itself.
    if (!with.metadata.tags && head->tag_count > 0) {
        GODWIT_CO_TRY(with.metadata.tags, co_await get_tagging(context, state_->bucket, key));
    }
    // Its bytes stay, and so does what nobody tells anew about them and about it.
    if (!with.metadata.holes) with.metadata.holes = head->metadata.holes;
    model::keep_untold_xattrs(with.metadata, head->metadata);
    if (state_->options.lineage) with = state_->with_lineage(with);
    CopyJob job = state_->copy_job(state_->bucket, key, key);
    job.source = std::move(found);
    job.put = &with;
    job.metadata = &with.metadata;
    job.onto_itself = true;
    if (state_->options.objects.storage_class.empty()) job.storage_class = head->storage_class;
    co_return co_await copy_inside(context, state_->bucket, *state_->policy, job);
}

Task<Result<void>> S3Store::remove(Context& context, const Key& key, const Identity& expected) {
    std::string whole = state_->whole_key(key), newest, any_generation;
    if (!state_->may_write(whole)) GODWIT_CO_TRY_VOID(co_await ensure_probed(context, whole));
    Condition condition;
    if (state_->policy->probe.delete_if_match) condition.etag = expected.tag;
    if (condition.any()) co_return co_await delete_object(context, state_->bucket, whole, condition, newest);
    GODWIT_CO_TRY(auto head, co_await head_object(context, state_->bucket, whole, any_generation,
                                                  DigestAlgorithm::Crc64Nvme));
    if (!head) co_return {};
    if (!model::same_generation(head->identity(), expected)) {
        co_return Error(ErrorKind::Changed, "delete", uri(key),
                        fmt::format("expected generation '{}', found '{}'", expected.tag, head->etag));
    }
    co_return co_await delete_object(context, state_->bucket, whole, condition, newest);
}

// Within the prefix, so that who may write there may be asked about it.
Task<Result<bool>> S3Store::removes_exactly(Context& context) {
    GODWIT_CO_TRY_VOID(co_await ensure_probed(context, state_->probe_key));
    const ProbeResult& probed = state_->policy->probe;
    co_return probed.delete_if_match || probed.keeps_versions;
}

// A bucket that was removed and made anew in the same place looks the same, and is empty.
Task<Result<void>> S3Store::verify_root(Context& context) {
    GODWIT_CO_TRY_VOID(co_await attach(context, store::Role::Source));
    co_return {};
}

// LastModified is to the second, and so is what the server says of its clock.
bool S3Store::may_be_newer(const Identity& generation, std::int64_t unix_ns) const {
    constexpr std::int64_t kSecondNs = 1'000'000'000;
    if (!state_->clock_ahead_ns) return true;
    std::int64_t then_ns = unix_ns + *state_->clock_ahead_ns;
    return generation.mtime_ns >= then_ns - (then_ns % kSecondNs);
}

Task<void> S3Store::close() {
    ListingsInFlight& listings = *state_->listings;
    listings.context.cancel(runtime::stop_requested());
    Context context(state_->loop);
    while (listings.running > 0) (void)co_await listings.ended.wait(context);
}

// One task asks; who comes meanwhile waits for it, and asks itself if it failed.
Task<Result<void>> S3Store::ensure_probed(Context& context, const std::string& key) {
    State& state = *state_;
    while (state.must_ask(key) && state.probing) GODWIT_CO_TRY_VOID(co_await state.probed.wait(context));
    if (state.must_ask(key)) {
        state.probing = true;
        Result<void> asked = co_await probe_now(context, key);
        state.probing = false;
        state.probed.notify_all();
        if (!asked) co_return std::move(asked);
    }
    if (state.may_write(key)) co_return {};
    co_return Error(ErrorKind::Unsupported, "put", state.bucket.client->uri(key),
                    "this server takes '.', '..' and empty segments for paths and would store another key")
        .with_code("UnrepresentableKey");
}

Task<Result<void>> S3Store::probe_now(Context& context, const std::string& key) {
    State& state = *state_;
    Task<Result<void>> all = both(state.loop, learn_policy(context), check_source_apart(context));
    GODWIT_CO_TRY_VOID(co_await std::move(all));
    if (state.keeps_paths || !looks_like_path(key)) co_return {};
    GODWIT_CO_TRY(state.keeps_paths, co_await probe_paths(context, state.bucket, state.probe_key));
    co_return {};
}

Task<Result<void>> S3Store::check_source_apart(Context& context) {
    State& state = *state_;
    if (state.overlap) co_return state.overlap->clone();
    if (!state.other_name) co_return {};
    std::string key = state.probe_key + std::string(kSameBucketSuffix);
    GODWIT_CO_TRY(bool same, co_await is_same_bucket(context, state.bucket, *state.other_name, key));
    std::string source = std::exchange(state.other_name, std::nullopt)->client->uri("");
    if (!same || GODWIT_SABOTAGE(copy_onto_the_source)) co_return {};
    state.overlap.emplace(Error(ErrorKind::Invalid, "copy to", state.bucket.client->uri(""),
                                fmt::format("it is the bucket of the source, {}, under another name", source))
                              .with_code("EndsOverlap")
                              .with_scope(Scope::Destination));
    co_return state.overlap->clone();
}

Task<Result<void>> S3Store::learn_policy(Context& context) {
    State& state = *state_;
    ProbeCache* cache = state.options.probes;
    const ProbeResult* known = cache ? cache->find(state.probe_name()) : nullptr;
    if (!state.policy && known) state.adopt(*known);
    if (!state.policy) {
        GODWIT_CO_TRY_VOID(co_await discard_probe_once(context));
        GODWIT_CO_TRY(ProbeResult result,
                      co_await probe_bucket(context, state.bucket, state.probe_key, state.options.checksum));
        if (cache) cache->keep(state.probe_name(), result);
        state.adopt(std::move(result));
    }
    co_return {};
}

// Only a run that carries on, with the token that it had, can have been here before. What may not or cannot
// be listed is left: its name is ours, and the run must not fail for it.
Task<Result<void>> S3Store::discard_probe_once(Context& context) {
    State& state = *state_;
    bool was_here = !state.options.probe_token.empty() && !state.options.probe_token_is_new;
    if (!was_here || state.probe_discarded) co_return {};
    Result<void> discarded = co_await discard_probe(context, state.bucket, state.probe_key);
    bool unlistable = !discarded && (discarded.error().kind() == ErrorKind::Denied ||
                                     discarded.error().kind() == ErrorKind::Unsupported);
    if (!discarded && !unlistable) co_return std::move(discarded);
    state.probe_discarded = true;
    co_return {};
}

Task<Result<ProbeResult>> S3Store::probe(Context& context) {
    std::string no_key;
    GODWIT_CO_TRY_VOID(co_await ensure_probed(context, no_key));
    co_return state_->policy->probe;
}

S3Description S3Store::describe() const {
    const Client& client = *state_->bucket.client;
    const Address& address = client.address();
    return {address.endpoint(), address.region(), address.virtual_hosted(), client.credentials().describe()};
}

const RequestCounts& S3Store::counts() const {
    return state_->bucket.client->counts();
}

}  // namespace godwit::s3
