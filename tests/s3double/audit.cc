#include "s3double/audit.h"

#include <fmt/format.h>

#include <cerrno>
#include <iterator>

namespace godwit::s3double {

namespace {

// The length of the UTF-8 sequence at the front of `text`, 0 when it is none.
std::size_t utf8_length(std::string_view text) {
    auto lead = static_cast<unsigned char>(text[0]);
    std::size_t length = lead < 0x80                   ? 1
                         : lead >= 0xc2 && lead < 0xe0 ? 2
                         : lead >= 0xe0 && lead < 0xf0 ? 3
                         : lead >= 0xf0 && lead < 0xf5 ? 4
                                                       : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
    return length;
}

}  // namespace

std::string json_quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        auto byte = static_cast<unsigned char>(text[0]);
        std::size_t length = utf8_length(text);
        if (length == 0 || byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
            length = 1;
        } else {
            if (byte == '"' || byte == '\\') out += '\\';
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out += '"';
}

std::string to_json(const AuditRecord& r) {
    std::string out = fmt::format(R"({{"number":{},"time_ns":{},"operation":"{}","status":{},"bytes":{})",
                                  r.number, r.time_ns, to_string(r.operation), r.status, r.bytes);
    auto add = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) out.append(",\"").append(name).append("\":").append(json_quoted(value));
    };
    add("bucket", r.bucket);
    add("key", r.key);
    add("upload_id", r.upload_id);
    if (r.part) out += fmt::format(",\"part\":{}", r.part);
    add("code", r.code);
    add("etag_before", r.etag_before);
    add("etag_after", r.etag_after);
    add("version_id", r.version_id);
    add("access_key", r.access_key);
    add("request_id", r.request_id);
    add("rule", r.rule);
    add("query", r.query);
    const char* separator = ",\"headers\":{";
    for (const auto& [name, value] : r.headers) {
        out.append(separator).append(json_quoted(name)).append(":").append(json_quoted(value));
        separator = ",";
    }
    if (!r.headers.empty()) out += '}';
    return out += '}';
}

std::string AuditRecord::header(std::string_view name) const {
    for (const auto& [own_name, value] : headers) {
        if (own_name == name) return value;
    }
    return {};
}

Result<void> Audit::open_file(const std::string& path) {
    file_.reset(std::fopen(path.c_str(), "ae"));
    if (!file_) return errno_error(errno, "open audit log", path);
    return {};
}

void Audit::count(Operation operation, int status, std::uint64_t bytes) {
    OperationCount& count = counts_[static_cast<std::size_t>(operation)];
    ++count.requests;
    count.errors += status >= 400;
    count.bytes += bytes;
}

void Audit::add(AuditRecord record) {
    count(record.operation, record.status, record.bytes);
    record.number = ++last_number_;
    if (file_) {
        std::string line = to_json(record) + "\n";
        std::fwrite(line.data(), 1, line.size(), file_.get());
        dirty_ = true;
    }
    if (records_.size() < kRecordsMax) records_.push_back(std::move(record));
}

void Audit::flush() {
    if (!dirty_) return;
    std::fflush(file_.get());
    dirty_ = false;
}

}  // namespace godwit::s3double
