#include "app/store_kit.h"

#include <fmt/format.h>

#include "app/overlap.h"
#include "app/quantity.h"

namespace godwit::app {
namespace {

s3::S3Options s3_options(const Location& location, const EndOptions& end, const WriteOptions& write) {
    s3::S3Options options;
    options.bucket = location.s3.bucket;
    options.prefix = location.s3.prefix;
    options.endpoint.url = end.endpoint_url;
    options.endpoint.region = end.region;
    options.endpoint.style = end.addressing;
    options.profile = end.profile;
    options.anonymous = end.anonymous;
    options.http.tls.ca_file = end.ca_file;
    options.http.tls.verify = end.verify_tls;
    options.objects = write.s3_objects;
    options.objects.request_payer = end.request_payer;
    options.checksum = write.checksum;
    options.lineage = write.lineage;
    options.source = dynamic_cast<const s3::S3Store*>(write.source);
    return options;
}

}  // namespace

StoreKit::StoreKit(Session& session, runtime::IoLoop& loop, std::string staging_token)
    : session_(session),
      loop_(loop),
      fresh_token_(staging_token),
      staging_token_(std::move(staging_token)),
      request_rate_(loop, 0),
      pool_(loop, kPoolThreads, "godwit-io") {}

StoreKit::~StoreKit() = default;

Result<std::unique_ptr<store::Store>> StoreKit::make(const Location& location, const EndOptions& end,
                                                     const WriteOptions& write) {
    if (location.is_s3()) {
        GODWIT_TRY(std::unique_ptr<store::Store> made, make_s3(location, end, write));
        return made;
    }
    posix::PosixOptions options;
    options.root = location.path;
    options.staging_token = staging_token_;
    options.attributes = write.attributes;
    options.attributes.xattrs = xattrs_;
    options.sparse = sparse_;
    if (selection_) {
        options.walk.passes_over = [selection = selection_](std::string_view directory) {
            return selection->leaves_out(directory);
        };
    }
    options.reflink = reflink_;
    options.file_id_place = file_id_place_;
    auto own_key = own_directory_.empty() ? std::nullopt : key_beneath(location.path, own_directory_);
    if (own_key) leave_out(location, *own_key, options);
    options.on_warning = [this](const Error& warning) { warned(warning); };
    return std::make_unique<posix::PosixStore>(loop_, pool_, std::move(options));
}

// Our own files change while we run, and are nobody's data.
void StoreKit::leave_out(const Location& location, const std::string& key, posix::PosixOptions& options) {
    options.walk.leave_out = key;
    if (!without_own_directory_.insert(location.path).second) return;
    session_.terminal.say(fmt::format("{} is Godwit's own data directory and is left out", own_directory_));
}

Result<std::unique_ptr<s3::S3Store>> StoreKit::make_s3(const Location& location, const EndOptions& end,
                                                       const WriteOptions& write) {
    if (!end.verify_tls) warn_of_unchecked_tls(location);
    s3::S3Options options = s3_options(location, end, write);
    options.probes = &probes_;
    options.credentials_cache = &credentials_;
    options.probe_token = staging_token_;
    options.request_rate = &request_rate_;
    options.probe_token_is_new = staging_token_ == fresh_token_;
    const Environment& environment = session_.environment;
    options.surroundings.variable = [&environment](const std::string& name) { return environment(name); };
    GODWIT_TRY(options, s3::resolve_options(std::move(options)));
    if (session_.terminal.options().verbosity > 0) log_requests(location, options);
    GODWIT_TRY(std::unique_ptr<net::HttpClient> client, net::HttpClient::make(loop_, options.http));
    clients_.push_back(std::move(client));
    return s3::S3Store::make(loop_, *clients_.back(), std::move(options));
}

void StoreKit::warn_of_unchecked_tls(const Location& location) {
    if (!unchecked_buckets_.insert(location.s3.bucket).second) return;
    session_.terminal.warn(
        fmt::format("warning: certificates are not checked for {} (--no-verify-tls): anybody on the way "
                    "can read and change the data",
                    location.display()),
        Style::Bad);
}

// -v: where requests go, and which of them had to be sent again.
void StoreKit::log_requests(const Location& location, s3::S3Options& options) {
    Terminal& terminal = session_.terminal;
    terminal.say(fmt::format("{}: endpoint {}, region {}, profile {}", location.display(),
                             options.endpoint.url.empty() ? "AWS" : options.endpoint.url,
                             options.endpoint.region.empty() ? "us-east-1" : options.endpoint.region,
                             options.profile.empty() ? "default" : options.profile));
    options.retry.on_retry = [&terminal](const Error& error, int attempt, Duration wait) {
        terminal.say(
            fmt::format("again in {} after attempt {}: {}", short_duration(wait), attempt, error.message()));
    };
}

void StoreKit::warned(const Error& warning) {
    std::string like = fmt::format("{} ({})", warning.operation(), warning.code());
    auto [kind, is_new] = more_warnings_.try_emplace(std::move(like), 0);
    if (is_new) {
        session_.terminal.warn("warning: " + warning.message());
    } else {
        ++kind->second;
    }
}

void StoreKit::sum_up_warnings() {
    for (const auto& [kind, count] : more_warnings_) {
        if (count > 0)
            session_.terminal.warn(fmt::format("warning: {} more like it: {}", with_thousands(count), kind));
    }
    more_warnings_.clear();
}

std::string fresh_staging_token(Random& random) {
    return random_hex(random, 16);
}

}  // namespace godwit::app
