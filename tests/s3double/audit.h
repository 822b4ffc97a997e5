// What happened, in order: one record for every request that named an operation. Append only, so
// that a test can ask afterwards whether a key was ever written again.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "s3double/operation.h"

namespace godwit::s3double {

struct AuditRecord {
    std::uint64_t number = 0;  // from 1, without gaps
    std::int64_t time_ns = 0;  // wall clock, when the operation was done
    Operation operation = Operation::Unknown;
    std::string bucket, key, upload_id;
    int part = 0;
    int status = 0;                       // of the honest answer, before a rule changed it
    std::string code;                     // S3's error code; empty for success
    std::uint64_t bytes = 0;              // of the object or part that was stored or sent
    std::string etag_before, etag_after;  // of the object; empty: absent. Part: after is the part's
    std::string version_id;
    std::string access_key;
    std::string request_id;
    std::string rule;  // the name of the rule that fired
    // What stood behind the '?' of the request. Only with Options::audit_headers.
    std::string query;
    // Of the request, names in lower case, without Authorization. Only with Options::audit_headers.
    std::vector<std::pair<std::string, std::string>> headers;

    // Empty when the request had none.
    std::string header(std::string_view name) const;
};

// One JSON object on one line, without the newline. Bytes that are no UTF-8 are written as \u00XX
// of their value.
std::string to_json(const AuditRecord& record);

struct OperationCount {
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;  // status 400 and above
    std::uint64_t bytes = 0;
};

class Audit {
  public:
    // Records beyond this many are only counted.
    static constexpr std::size_t kRecordsMax = 4'000'000;

    // Appends to `path` as well, one line a record.
    Result<void> open_file(const std::string& path);
    // False: only counts are kept (benchmarks).
    void keep_records(bool keep) { keep_records_ = keep; }
    bool keeps_records() const { return keep_records_; }

    void add(AuditRecord record);
    void count(Operation operation, int status, std::uint64_t bytes);
    // Makes what was added visible in the file.
    void flush();
    void reset_counts() { counts_ = {}; }

    const std::vector<AuditRecord>& records() const { return records_; }
    const OperationCount& count_of(Operation operation) const {
        return counts_[static_cast<std::size_t>(operation)];
    }

  private:
    struct CloseFile {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    bool keep_records_ = true;
    std::uint64_t last_number_ = 0;
    std::vector<AuditRecord> records_;
    std::array<OperationCount, kOperationCount> counts_{};
    std::unique_ptr<std::FILE, CloseFile> file_;
    bool dirty_ = false;
};

// `text` as a JSON string, quotes included.
std::string json_quoted(std::string_view text);

}  // namespace godwit::s3double
