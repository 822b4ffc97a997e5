#include "s3double/double_pages.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>

namespace godwit::s3double {

namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void answer_json(Exchange& x, std::string text) {
    x.response.start(200);
    x.response.add("Content-Type", "application/json");
    x.response.text = std::move(text);
}

void answer_problem(Exchange& x, int status, std::string_view text) {
    x.response.start(status);
    x.response.add("Content-Type", "text/plain");
    x.response.text.assign(text).append("\n");
}

void show_audit(Service& service, Exchange& x) {
    auto after = parse_number(x.request.parameter("after").value_or("")).value_or(0);
    std::string text;
    for (const AuditRecord& record : service.audit().records())
        if (record.number > after) text += to_json(record) + "\n";
    answer_json(x, std::move(text));
}

std::string operations_json(const Audit& audit) {
    std::string text;
    for (std::size_t i = 0; i < kOperationCount; ++i) {
        auto operation = static_cast<Operation>(i);
        const OperationCount& count = audit.count_of(operation);
        if (count.requests == 0) continue;
        text += fmt::format(R"({}"{}":{{"requests":{},"errors":{},"bytes":{}}})", text.empty() ? "" : ",",
                            to_string(operation), count.requests, count.errors, count.bytes);
    }
    return text;
}

void show_stats(Service& service, Exchange& x) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const ConnectionCounts& c = service.connections();
    answer_json(x, fmt::format(R"({{"operations":{{{}}},"connections":{{"accepted":{},"open":{},)"
                               R"("tls_handshakes":{},"bytes_in":{},"bytes_out":{}}},)"
                               R"("user_s":{:.6f},"system_s":{:.6f}}})"
                               "\n",
                               operations_json(service.audit()), c.accepted, c.open, c.tls_handshakes,
                               c.bytes_in, c.bytes_out, seconds(usage.ru_utime), seconds(usage.ru_stime)));
}

void show_rules(Service& service, Exchange& x) {
    std::string text = "[";
    for (const auto& [name, count] : service.rules().fired())
        text += fmt::format(R"({}{{"name":{},"fired":{}}})", text.size() > 1 ? "," : "", json_quoted(name),
                            count);
    answer_json(x, text + "]\n");
}

void take_rules(Service& service, Exchange& x) {
    auto rules = rules_from_json(x.receiver.take_body().text());
    if (!rules) return answer_problem(x, 400, rules.error().message());
    service.set_rules(std::move(*rules));
    answer_json(x, "{}\n");
}

// Markers of directories (keys that end in '/') are counted apart: some clients make them, some do not.
void show_bucket(Service& service, Exchange& x, std::string_view name) {
    const Bucket* bucket = service.world().find_bucket(name);
    if (!bucket) return answer_problem(x, 404, "no such bucket");
    std::string_view prefix = x.request.parameter("prefix").value_or("");
    std::uint64_t objects = 0, markers = 0, bytes = 0;
    for (auto at = bucket->objects.lower_bound(prefix); at != bucket->objects.end(); ++at) {
        if (!at->first.starts_with(prefix)) break;
        const ObjectVersion* version = at->second.current();
        if (!version) continue;
        (at->first.ends_with('/') ? markers : objects) += 1;
        bytes += version->size_bytes();
    }
    answer_json(x, fmt::format("{{\"objects\":{},\"markers\":{},\"bytes\":{},\"uploads\":{}}}\n", objects,
                               markers, bytes, bucket->uploads.size()));
}

void make_synthetic(Service& service, Exchange& x, std::string_view name) {
    auto number = [&](std::string_view parameter, std::uint64_t otherwise) {
        return parse_number(x.request.parameter(parameter).value_or("")).value_or(otherwise);
    };
    Synthetic synthetic;
    synthetic.count = number("count", 0);
    synthetic.size_bytes = number("size", synthetic.size_bytes);
    synthetic.per_directory = std::max<std::uint64_t>(1, number("per-directory", synthetic.per_directory));
    std::string_view side = x.request.parameter("pair").value_or("");
    if (side == "source") synthetic.side = PairSide::Source;
    if (side == "destination") synthetic.side = PairSide::Destination;
    synthetic.differs = number("differs", 1) != 0;
    Bucket& bucket = service.world().make_bucket(name, service.options().region, service.now_ns());
    bucket.synthetic = synthetic;
    answer_json(x, "{}\n");
}

// What a pair of so many keys differs in, counted without a listing.
void show_pair(Exchange& x) {
    std::uint64_t count = parse_number(x.request.parameter("count").value_or("")).value_or(0);
    std::array<std::uint64_t, 5> of_kind{};
    for (std::uint64_t index = 0; index < count; ++index)
        ++of_kind[static_cast<std::size_t>(pair_kind(index))];
    answer_json(x, fmt::format("{{\"same\":{},\"only_at_source\":{},\"only_at_destination\":{},"
                               "\"other_size\":{},\"other_bytes\":{}}}\n",
                               of_kind[0], of_kind[1], of_kind[2], of_kind[3], of_kind[4]));
}

}  // namespace

void answer_double_page(Service& service, Exchange& x) {
    constexpr std::string_view kBuckets = "/_double/buckets/";
    std::string_view path = x.request.path(), method = x.request.method();
    if (x.body_error) return answer_problem(x, 400, x.body_error->message());
    if (path == "/_double/audit" && method == "GET") return show_audit(service, x);
    if (path == "/_double/stats" && method == "GET") return show_stats(service, x);
    if (path == "/_double/rules" && method == "GET") return show_rules(service, x);
    if (path == "/_double/rules" && method == "PUT") return take_rules(service, x);
    if (path == "/_double/pair" && method == "GET") return show_pair(x);
    if (path.starts_with(kBuckets) && method == "PUT")
        return make_synthetic(service, x, path.substr(kBuckets.size()));
    if (path.starts_with(kBuckets) && method == "GET")
        return show_bucket(service, x, path.substr(kBuckets.size()));
    if (method != "DELETE") return answer_problem(x, 404, "no such page");
    if (path == "/_double/stats")
        service.audit().reset_counts();
    else if (path == "/_double/rules")
        service.set_rules({});
    else
        return answer_problem(x, 404, "no such page");
    answer_json(x, "{}\n");
}

}  // namespace godwit::s3double
