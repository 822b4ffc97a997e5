// check_bucket(): a bucket as a transfer would meet it.
#include <fmt/format.h>

#include "app/advice.h"
#include "app/doctor_checks.h"
#include "app/quantity.h"
#include "base/time_format.h"
#include "net/url.h"
#include "s3/aws_config.h"
#include "s3/credentials.h"

namespace godwit::app {
namespace {

using runtime::Context;
using runtime::Task;

// Collects findings about one location.
class Report {
  public:
    explicit Report(std::string subject) : subject_(std::move(subject)) {}
    void add(std::string check, Verdict verdict, std::string detail) {
        findings_.push_back({subject_, std::move(check), verdict, std::move(detail)});
    }
    void failed(std::string check, const Error& error) {
        std::string_view advice = advice_for(error);
        add(std::move(check), Verdict::Bad,
            advice.empty() ? error.message() : fmt::format("{}; fix: {}", error.message(), advice));
    }
    std::vector<Finding> take() { return std::move(findings_); }

  private:
    std::string subject_;
    std::vector<Finding> findings_;
};

s3::Surroundings surroundings_of(const Session& session) {
    s3::Surroundings surroundings = s3::system_surroundings();
    const Environment& environment = session.environment;
    surroundings.variable = [&environment](const std::string& name) { return environment(name); };
    return surroundings;
}

// Which credentials win, and until when.
Task<void> check_credentials(Context& context, Session& session, runtime::IoLoop& loop, const EndOptions& end,
                             Report& report) {
    if (end.anonymous) {
        report.add("credentials", Verdict::Note, "none: requests are not signed (--anonymous)");
        co_return;
    }
    Result<s3::AwsConfig> config = s3::AwsConfig::load(surroundings_of(session), end.profile);
    if (!config) co_return report.failed("credentials", config.error());
    net::HttpClientOptions http;
    auto provider = s3::default_credentials(loop, *config, http, session.random);
    if (!provider) co_return report.failed("credentials", provider.error());
    Result<s3::Credentials> credentials = co_await (*provider)->get(context);
    if (!credentials) co_return report.failed("credentials", credentials.error());
    std::string until = "without an end that we know of";
    if (credentials->expires_unix_ns) {
        until = "valid until " + format_rfc3339(*credentials->expires_unix_ns, TimePrecision::Seconds);
    }
    report.add("credentials", Verdict::Good, fmt::format("{}, {}", (*provider)->describe(), until));
}

std::string skew_text(Duration skew) {
    Duration size = skew < Duration::zero() ? -skew : skew;
    return fmt::format("local clock is {} {} the server's", short_duration(size),
                       skew < Duration::zero() ? "behind" : "ahead of");
}

// The server's clock, from the Date of any answer. Signatures are refused from 15 minutes on.
Task<void> check_clock(Context& context, net::HttpClient& http, const std::string& endpoint, Report& report) {
    constexpr Duration kSkewNoted = std::chrono::seconds(30), kSkewRefused = std::chrono::minutes(15);
    Result<net::Url> url = net::parse_url(endpoint);
    if (!url) co_return report.failed("clock", url.error());
    net::HttpRequest request;
    request.head = fmt::format("HEAD / HTTP/1.1\r\nHost: {}\r\n\r\n", url->origin.authority());
    request.head_only = true;
    Result<net::HttpResponse> response = co_await http.exchange(context, url->origin, request);
    if (!response) co_return report.failed("clock", response.error());
    auto date = response->header("date");
    auto server = date ? parse_http_date(*date) : std::nullopt;
    if (!server) co_return report.add("clock", Verdict::Note, "the server does not tell its time");
    Duration skew(context.loop().unix_time_ns() - *server);
    Duration size = skew < Duration::zero() ? -skew : skew;
    // Date has whole seconds.
    if (size < std::chrono::seconds(2)) co_return report.add("clock", Verdict::Good, "as the server's");
    Verdict verdict = size >= kSkewRefused ? Verdict::Bad
                      : size >= kSkewNoted ? Verdict::Warning
                                           : Verdict::Good;
    report.add("clock", verdict,
               skew_text(skew) + (verdict == Verdict::Good ? "" : "; fix: timedatectl set-ntp true"));
}

void add_probe(const s3::ProbeResult& probe, Report& report) {
    if (probe.attests) {
        report.add("checksums", Verdict::Good,
                   fmt::format("the server checks {}: evidence `attested` without reading back",
                               to_string(*probe.attests)));
    } else if (probe.etag_is_md5) {
        report.add("checksums", Verdict::Note,
                   "the server checks none; its ETag is the MD5, which is compared");
    } else {
        report.add("checksums", Verdict::Note, "the server checks none: objects are read back");
    }
    auto condition = [&](std::string_view what, bool enforced) {
        report.add(std::string(what), enforced ? Verdict::Good : Verdict::Note,
                   enforced ? "enforced" : "not enforced");
    };
    condition("PUT If-None-Match", probe.put_if_absent);
    condition("PUT If-Match", probe.put_if_match);
    condition("Complete If-None-Match", probe.complete_if_absent);
    condition("Complete If-Match", probe.complete_if_match);
    condition("DELETE If-Match", probe.delete_if_match);
}

Task<void> check_server(Context& context, s3::S3Store& store, const s3::S3Options& options,
                        runtime::IoLoop& loop, Report& report) {
    auto attached = co_await store.attach(context, store::Role::Source);
    s3::S3Description description = store.describe();
    report.add("endpoint", Verdict::Good,
               fmt::format("{}, region {}, bucket in the {}", description.endpoint, description.region,
                           description.virtual_hosted ? "host name" : "path"));
    auto http = net::HttpClient::make(loop, options.http);
    if (http) co_await check_clock(context, **http, description.endpoint, report);
    if (!attached) co_return report.failed("list", attached.error());
    report.add("list", Verdict::Good, "allowed");
    auto probe = co_await store.probe(context);
    if (!probe) co_return report.failed("write", probe.error());
    add_probe(*probe, report);
}

}  // namespace

Task<std::vector<Finding>> check_bucket(Context& context, Session& session, runtime::IoLoop& loop,
                                        StoreKit& kit, const Location& location, const EndOptions& end) {
    Report report(location.display());
    co_await check_credentials(context, session, loop, end, report);
    WriteOptions write;
    Result<std::unique_ptr<s3::S3Store>> store = kit.make_s3(location, end, write);
    if (!store) {
        report.failed("endpoint", store.error());
        co_return report.take();
    }
    s3::S3Options options;
    options.http.tls.ca_file = end.ca_file;
    options.http.tls.verify = end.verify_tls;
    options.surroundings = surroundings_of(session);
    options.profile = end.profile;
    auto resolved = s3::resolve_options(std::move(options));
    if (resolved) co_await check_server(context, **store, *resolved, loop, report);
    co_await (*store)->close();
    co_return report.take();
}

}  // namespace godwit::app
