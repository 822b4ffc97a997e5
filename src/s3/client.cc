#include "s3/client.h"

#include <fmt/format.h>

#include <numeric>

namespace godwit::s3 {

namespace {

// Region, clock and keys: one more send for each.
constexpr int kLessonsMax = 3;
// A server that names a new region for ever is not believed for ever.
constexpr int kRegionChangesMax = 8;
// The provider is asked again this often; it keeps what is still valid.
constexpr Duration kCredentialsKeptFor = std::chrono::seconds(10);
constexpr std::size_t kErrorBytesMax = 64 << 10;

// The server may need minutes before its first byte.
bool works_long(RequestKind kind) {
    return kind == RequestKind::CompleteUpload || kind == RequestKind::CopyObject ||
           kind == RequestKind::UploadPartCopy;
}

// A refusal that other keys may cure. The answer to HEAD never says why.
bool blames_keys(RequestKind kind, const Error& error) {
    const std::string& code = error.code();
    if (code.starts_with("ExpiredToken") || code == "InvalidToken" || code == "InvalidAccessKeyId" ||
        code == "TokenRefreshRequired" || code == "SignatureDoesNotMatch") {
        return true;
    }
    bool refused = error.kind() == ErrorKind::Denied || error.kind() == ErrorKind::Invalid;
    return kind == RequestKind::HeadObject && refused;
}

bool same_keys(const Credentials& a, const Credentials& b) {
    return a.access_key_id == b.access_key_id && a.secret_access_key == b.secret_access_key &&
           a.session_token == b.session_token;
}

bool is_success(int status) {
    return status >= 200 && status < 300;
}

}  // namespace

std::string Answer::subject() const {
    return client.uri(request.key);
}

Error Answer::error(ErrorKind kind, std::string cause) const {
    Error error(kind, std::string(verb(request.kind)), subject(), std::move(cause));
    std::optional<std::string_view> id = response.header("x-amz-request-id");
    return id ? std::move(error).with_request_id(std::string(*id)) : std::move(error);
}

std::uint64_t RequestCounts::total() const {
    return std::accumulate(sent.begin(), sent.end(), std::uint64_t{0});
}

Result<std::shared_ptr<Client>> Client::make(runtime::IoLoop& loop, net::HttpClient& http,
                                             std::shared_ptr<CredentialsProvider> credentials,
                                             ClientOptions options) {
    GODWIT_TRY(Address address, Address::make(options.endpoint, options.bucket));
    return std::shared_ptr<Client>(
        new Client(loop, http, std::move(credentials), std::move(options), std::move(address)));
}

Client::Client(runtime::IoLoop& loop, net::HttpClient& http, std::shared_ptr<CredentialsProvider> credentials,
               ClientOptions options, Address address)
    : loop_(loop),
      http_(http),
      md5_(loop),
      provider_(std::move(credentials)),
      options_(std::move(options)),
      retry_(options_.retry),
      address_(std::move(address)),
      signer_(address_->region(), "s3") {
    retry_.on_retry = [this](const Error& error, int attempt, Duration wait) {
        ++counts_.retries;
        if (options_.retry.on_retry) options_.retry.on_retry(error, attempt, wait);
    };
}

std::string Client::uri(std::string_view key) const {
    return fmt::format("s3://{}/{}", address_->bucket(), key);
}

Task<Result<void>> Client::call(Context& context, const Request& request, AnswerReader& reader) {
    std::string hash = payload_hash(address_->origin(), request);
    auto send = [&](int number) { return attempt(context, request, hash, reader, number); };
    co_return co_await runtime::retry(context, retry_, send);
}

Task<Result<void>> Client::call_once(Context& context, const Request& request, AnswerReader& reader) {
    std::string hash = payload_hash(address_->origin(), request);
    int first = 1;
    co_return co_await attempt(context, request, hash, reader, first);
}

Task<Result<void>> Client::attempt(Context& parent, const Request& request, std::string_view hash,
                                   AnswerReader& reader, int number) {
    for (int lessons_left = kLessonsMax;; --lessons_left) {
        if (is_rated()) GODWIT_CO_TRY_VOID(co_await options_.request_rate->take(parent, 1));
        Context context(parent, timeout(request), std::string(action_name(request.kind)));
        if (loop_.now() >= credentials_until_) GODWIT_CO_TRY_VOID(co_await renew_credentials(context));
        std::uint64_t known = lessons_, keys = key_generation_;
        std::int64_t signed_at_ns = unix_time_ns();
        net::HttpRequest on_wire;
        on_wire.head = request_head(request, *address_, signer_, *credentials_, hash, signed_at_ns);
        on_wire.body = request.body;
        on_wire.streamed = request.streamed;
        on_wire.head_only = request.kind == RequestKind::HeadObject;
        on_wire.repeatable = request.repeatable;
        if (works_long(request.kind)) on_wire.answer_timeout = options_.request_timeout;
        ++counts_.sent[static_cast<std::size_t>(request.kind)];
        net::Origin origin = address_->origin();
        auto response = co_await http_.exchange(context, origin, on_wire);
        if (!response) co_return named(request, std::move(response.error()));
        if (is_success(response->status())) {
            Answer answer{request, *this, *response, number};
            auto taken = co_await reader.read(context, answer);
            if (!taken) co_return named(request, std::move(taken.error()));
            co_return {};
        }
        Refusal refused = co_await read_refusal(context, request, *response, signed_at_ns);
        if (refused.error.kind() == ErrorKind::Busy) ++counts_.busy;
        if (lessons_left == 0) co_return std::move(refused.error);
        if (learn(refused, known)) continue;
        bool others = blames_keys(request.kind, refused.error) && co_await find_other_keys(context, keys);
        if (!others) co_return std::move(refused.error);
    }
}

void Client::use(Credentials credentials) {
    if (!credentials_ || !same_keys(*credentials_, credentials)) ++key_generation_;
    credentials_ = std::move(credentials);
    credentials_until_ = loop_.now() + kCredentialsKeptFor;
}

Task<Result<void>> Client::renew_credentials(Context& context) {
    GODWIT_CO_TRY(Credentials fresh, co_await provider_->get(context));
    use(std::move(fresh));
    co_return {};
}

Task<bool> Client::find_other_keys(Context& context, std::uint64_t generation) {
    if (key_generation_ != generation) co_return true;
    if (loop_.now() < no_other_keys_until_ || credentials_->access_key_id.empty()) co_return false;
    provider_->refused(*credentials_);
    auto fresh = co_await provider_->get(context);
    if (fresh) use(std::move(*fresh));
    bool others = key_generation_ != generation;
    if (!others) no_other_keys_until_ = loop_.now() + kCredentialsKeptFor;
    co_return others;
}

Task<Refusal> Client::read_refusal(Context& context, const Request& request, net::HttpResponse& response,
                                   std::int64_t signed_at_ns) {
    // A body that cannot be read leaves the status, which says enough.
    auto body = co_await response.read_text(context, kErrorBytesMax);
    std::string subject = uri(request.key);
    Operation operation{.name = verb(request.kind),
                        .subject = subject,
                        .region = signer_.region(),
                        .unix_time_ns = signed_at_ns};
    AnswerHead head = answer_head(response);
    std::string text = body ? std::move(*body) : std::string();
    co_return refusal(operation, head, std::move(text));
}

bool Client::learn(const Refusal& refused, std::uint64_t known) {
    if (!refused.clock_offset && refused.region.empty()) return false;
    if (lessons_ != known) return true;
    Duration offset = clock_offset_ + refused.clock_offset.value_or(Duration());
    if (std::chrono::abs(offset) > kClockDifferenceMax) return false;
    if (!refused.region.empty() && !learn_region(refused.region)) return false;
    clock_offset_ = offset;
    ++lessons_;
    return true;
}

bool Client::learn_region(const std::string& region) {
    if (++region_changes_ > kRegionChangesMax) return false;
    EndpointOptions elsewhere = options_.endpoint;
    elsewhere.region = region;
    auto address = Address::make(elsewhere, options_.bucket);
    if (!address) return false;
    address_ = std::move(*address);
    signer_ = Signer(region, "s3");
    return true;
}

Duration Client::timeout(const Request& request) const {
    std::uint64_t bytes = request.body_bytes() + request.answer_bytes;
    return options_.request_timeout + std::chrono::seconds(bytes / kSlowestBytesPerSecond);
}

// The same error, about the object and not about the connection that it happened on.
Error Client::named(const Request& request, Error error) const {
    std::string subject = uri(request.key);
    if (error.kind() == ErrorKind::Cancelled || error.subject() == subject) return error;
    std::string cause = fmt::format("{} {}: {}", error.operation(), error.subject(), error.cause());
    Error about(error.kind(), std::string(verb(request.kind)), std::move(subject), std::move(cause));
    about = std::move(about).with_code(error.code());
    if (!error.request_id().empty()) about = std::move(about).with_request_id(error.request_id());
    if (error.retry_after()) about = std::move(about).with_retry_after(*error.retry_after());
    return about;
}

}  // namespace godwit::s3
