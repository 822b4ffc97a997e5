#include "report/items.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.h"
#include "base/error.h"
#include "base/time_format.h"
#include "base/utf8.h"
#include "model/plan.h"

namespace godwit::report {
namespace {

using boost::json::object;
using ledger::ObjectRecord;
using model::ObjectType;
using model::Outcome;

// The digest of what is stored is not the one of what was read: DataSync's "checksum mismatch".
bool is_mismatch(const ObjectRecord& record) {
    return record.outcome == Outcome::Failed && record.error_code == "Mismatch";
}

// The source has an object, and no copy of it was made: whoever reads errors alone must hear of it.
bool is_left_behind(const ObjectRecord& record) {
    return record.reason == model::to_string(model::SkipReason::Archived) ||
           record.reason == model::to_string(model::SkipReason::Special);
}

std::optional<Status> transferred(const ObjectRecord& record) {
    switch (record.outcome) {
        case Outcome::Verified:
        case Outcome::Copied:
        case Outcome::Metadata:
            return Status::Success;
        case Outcome::Deferred:
        case Outcome::Unrepresentable:
        case Outcome::Conflict:
        case Outcome::Failed:
            return Status::Failed;
        case Outcome::Unchanged:
        case Outcome::Skipped:
        case Outcome::Gone:
        case Outcome::Deleted:
        case Outcome::Kept:
        case Outcome::NotDeleted:
            break;
    }
    return {};
}

std::optional<Status> verified(const ObjectRecord& record) {
    if (record.outcome == Outcome::Verified) return Status::Success;
    if (is_mismatch(record)) return Status::Failed;
    return {};
}

std::optional<Status> skipped(const ObjectRecord& record) {
    if (record.outcome == Outcome::Unchanged || record.outcome == Outcome::Gone) return Status::Success;
    if (record.outcome != Outcome::Skipped) return {};
    return is_left_behind(record) ? Status::Failed : Status::Success;
}

std::optional<Status> deleted(const ObjectRecord& record) {
    if (!model::is_of_destination_only(record.outcome)) return {};
    return record.outcome == Outcome::Deleted ? Status::Success : Status::Failed;
}

// ---- Members

std::string_view type_name(ObjectType type) {
    switch (type) {
        case ObjectType::File:
            return "Regular";
        case ObjectType::Directory:
            return "Directory";
        case ObjectType::Symlink:
            return "Symlink";
        case ObjectType::Special:
            return "Special";
    }
    return "Regular";
}

// From the root on, directories without the slash at their end. Names are bytes and JSON is Unicode: one that
// is no UTF-8 is shown with escapes, and its exact bytes stand beside it.
void set_path(object& item, const ObjectRecord& record) {
    std::string_view key = record.key.bytes();
    if (record.type == ObjectType::Directory && key.ends_with('/')) key.remove_suffix(1);
    std::string path = "/" + std::string(key);
    bool exact = is_utf8(path);
    item["RelativePath"] = exact ? path : printable(path);
    if (!exact) item["RelativePathBase64"] = base64_encode(bytes_of(path));
}

bool is_known(const model::Identity& identity) {
    return !identity.tag.empty() || identity.mtime_ns != 0 || identity.size_bytes != 0;
}

object metadata_json(ObjectType type, const model::Identity& identity) {
    object json;
    json["Type"] = type_name(type);
    if (!is_known(identity)) return json;
    if (type != ObjectType::Directory) json["ContentSize"] = identity.size_bytes;
    if (identity.mtime_ns != 0) json["Mtime"] = format_rfc3339(identity.mtime_ns);
    return json;
}

// "SHA256:2cf2...".
void set_checksum(object& item, std::string_view name, const std::optional<Digest>& digest) {
    if (!digest) return;
    std::string text(to_string(digest->algorithm()));
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
    item[name] = text + ":" + digest->hex();
}

void set_status(object& item, const char* timestamp, const char* status_name, const ObjectRecord& record,
                Status status) {
    item[timestamp] = format_rfc3339(record.ended_unix_ns);
    item[status_name] = status == Status::Success ? "SUCCESS" : "FAILED";
    item["Outcome"] = to_string(record.outcome);
    if (status == Status::Success) return;
    std::string reason = printable(record.error_message);
    if (reason.empty()) reason = record.reason;
    reason.resize(utf8_cut(reason, kReasonBytesMax));
    std::string code = printable(record.error_code.empty() ? record.error_kind : record.error_code);
    if (code.empty()) code = to_string(record.outcome);
    item["FailureReason"] = reason;
    item["ErrorCode"] = code;
}

void add_transferred(object& item, const ObjectRecord& record, Status status) {
    item["SrcMetadata"] = metadata_json(record.type, record.evidence.source);
    item["TransferType"] = record.outcome == Outcome::Metadata ? "METADATA" : "CONTENT_AND_METADATA";
    set_status(item, "TransferTimestamp", "TransferStatus", record, status);
}

void add_verified(object& item, const ObjectRecord& record, Status status) {
    item["SrcMetadata"] = metadata_json(record.type, record.evidence.source);
    set_checksum(item, "SrcChecksum", record.evidence.source_digest);
    item["DstMetadata"] = metadata_json(record.type, record.evidence.destination);
    set_checksum(item, "DstChecksum", record.evidence.destination_digest);
    set_status(item, "VerifyTimestamp", "VerifyStatus", record, status);
    if (status == Status::Success) item["EvidenceLevel"] = to_string(record.evidence.level);
}

void add_skipped(object& item, const ObjectRecord& record, Status status) {
    item["SrcMetadata"] = metadata_json(record.type, record.evidence.source);
    item["SkipReason"] = record.reason.empty() ? std::string(to_string(record.outcome)) : record.reason;
    set_status(item, "SkipTimestamp", "SkipStatus", record, status);
}

void add_deleted(object& item, const ObjectRecord& record, Status status) {
    item["DstMetadata"] = metadata_json(record.type, record.evidence.destination);
    set_status(item, "DeleteTimestamp", "DeleteStatus", record, status);
}

}  // namespace

std::optional<Status> status_in(Kind kind, const ObjectRecord& record) {
    switch (kind) {
        case Kind::Transferred:
            return transferred(record);
        case Kind::Verified:
            return verified(record);
        case Kind::Skipped:
            return skipped(record);
        case Kind::Deleted:
            return deleted(record);
    }
    return {};
}

std::string item_json(Kind kind, const ObjectRecord& record, Status status) {
    object item;
    set_path(item, record);
    switch (kind) {
        case Kind::Transferred:
            add_transferred(item, record, status);
            break;
        case Kind::Verified:
            add_verified(item, record, status);
            break;
        case Kind::Skipped:
            add_skipped(item, record, status);
            break;
        case Kind::Deleted:
            add_deleted(item, record, status);
            break;
    }
    return boost::json::serialize(item);
}

}  // namespace godwit::report
