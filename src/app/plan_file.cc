#include "app/plan_file.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstdio>

#include "app/json_text.h"
#include "app/version.h"
#include "base/encoding.h"
#include "model/enum_names.h"

namespace godwit::app {
namespace {

using boost::json::object;
using model::PlannedObject;

// A key is at most a path's length, in base64 beside its text with escapes.
constexpr std::size_t kLineBytesMax = std::size_t{64} << 10;

Error not_a_plan(const std::string& path, std::string cause) {
    return Error(ErrorKind::Invalid, "read", path, std::move(cause)).with_code("NoPlan");
}

Error file_error(std::string operation, const std::string& path, int error_number) {
    return errno_error(error_number, std::move(operation), path);
}

// ---- Values of a line

object identity_json(const model::Identity& identity) {
    object json;
    json["bytes"] = identity.size_bytes;
    json["mtime_ns"] = identity.mtime_ns;
    set_bytes(json, "tag", identity.tag);
    return json;
}

std::optional<std::string> bytes_member(const object& json, std::string_view name) {
    const boost::json::value* exact = json.if_contains(std::string(name) + "_base64");
    const boost::json::value* value = exact ? exact : json.if_contains(name);
    if (!value || !value->is_string()) return {};
    std::string text(value->get_string());
    if (!exact) return text;
    auto bytes = base64_decode(text);
    if (!bytes) return {};
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

template <class T>
std::optional<T> number_member(const object& json, std::string_view name) {
    const boost::json::value* value = json.if_contains(name);
    boost::system::error_code error;
    if (!value) return {};
    T number = value->to_number<T>(error);
    if (error) return {};
    return number;
}

std::optional<model::Identity> identity_member(const object& json, std::string_view name) {
    const boost::json::value* value = json.if_contains(name);
    if (!value || !value->is_object()) return {};
    const object& identity = value->get_object();
    auto bytes = number_member<std::uint64_t>(identity, "bytes");
    auto mtime_ns = number_member<std::int64_t>(identity, "mtime_ns");
    auto tag = bytes_member(identity, "tag");
    if (!bytes || !mtime_ns || !tag) return {};
    return model::Identity{*bytes, *mtime_ns, *std::move(tag)};
}

std::optional<PlannedObject> planned_from(const object& json) {
    auto word = [&](std::string_view name) -> std::string_view {
        const boost::json::value* value = json.if_contains(name);
        return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
    };
    auto key = bytes_member(json, "key");
    auto action = model::plan_action_from(word("action"));
    auto reason = model::skip_reason_from(word("reason"));
    auto type = model::object_type_from(word("object"));
    if (!key || key->empty() || !action || !reason || !type) return {};
    PlannedObject planned;
    planned.key = model::Key(*std::move(key));
    planned.action = *action;
    planned.reason = *reason;
    planned.type = *type;
    if (auto source = identity_member(json, "source")) planned.source = *std::move(source);
    planned.destination = identity_member(json, "destination");
    return planned;
}

// ---- Lines

struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

// Lines from anywhere in a file.
class Lines {
  public:
    static Result<Lines> open(const std::string& path) {
        std::FILE* file = std::fopen(path.c_str(), "rbe");
        if (!file) return file_error("open", path, errno);
        return Lines(path, File(file));
    }

    // What follows the first line end at or after the byte before `offset`.
    Result<void> seek_line_after(std::uint64_t offset) {
        GODWIT_TRY_VOID(seek(offset == 0 ? 0 : offset - 1));
        if (offset == 0) return {};
        GODWIT_TRY(std::optional<std::string_view> rest, next());
        static_cast<void>(rest);
        return {};
    }
    Result<void> seek(std::uint64_t offset) {
        if (::fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) != 0)
            return file_error("read", path_, errno);
        at_ = offset;
        return {};
    }
    // Without its line end; valid until the next call. Absent at the end of the file.
    Result<std::optional<std::string_view>> next() {
        line_.clear();
        for (int byte = std::getc(file_.get()); byte != EOF; byte = std::getc(file_.get())) {
            ++at_;
            if (byte == '\n') return std::optional<std::string_view>(line_);
            if (line_.size() == kLineBytesMax) return not_a_plan(path_, "a line has no end");
            line_ += static_cast<char>(byte);
        }
        if (std::ferror(file_.get())) return file_error("read", path_, errno);
        if (!line_.empty()) return not_a_plan(path_, "its last line is cut short");
        return std::optional<std::string_view>();
    }
    // Of what next() gives next.
    std::uint64_t at() const { return at_; }

  private:
    Lines(std::string path, File file) : path_(std::move(path)), file_(std::move(file)) {}

    std::string path_;
    File file_;
    std::string line_;
    std::uint64_t at_ = 0;
};

Result<object> parse_line(const std::string& path, std::string_view line) {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(line, error);
    if (error || !value.is_object()) return not_a_plan(path, "a line is no JSON object");
    return std::move(value.get_object());
}

Result<PlannedObject> parse_planned(const std::string& path, std::string_view line) {
    GODWIT_TRY(object json, parse_line(path, line));
    std::optional<PlannedObject> planned = planned_from(json);
    if (!planned)
        return not_a_plan(path, fmt::format("it is no line of a plan: {}", printable(line.substr(0, 200))));
    return *std::move(planned);
}

// Of one range, from the first key in it on.
class FileEntries final : public engine::ApprovedEntries {
  public:
    FileEntries(std::string path, Lines lines, std::uint64_t end, std::string before)
        : path_(std::move(path)), lines_(std::move(lines)), end_(end), before_(std::move(before)) {}

    Result<std::optional<PlannedObject>> next() override {
        if (lines_.at() >= end_) return std::optional<PlannedObject>();
        GODWIT_TRY(std::optional<std::string_view> line, lines_.next());
        if (!line) return std::optional<PlannedObject>();
        GODWIT_TRY(PlannedObject planned, parse_planned(path_, *line));
        bool behind = !before_.empty() && planned.key.bytes() >= before_;
        if (behind) return std::optional<PlannedObject>();
        return std::optional<PlannedObject>(std::move(planned));
    }

  private:
    std::string path_;
    Lines lines_;
    std::uint64_t end_;
    std::string before_;
};

std::string text_member(const object& json, std::string_view name) {
    return bytes_member(json, name).value_or("");
}

}  // namespace

object planned_json(const PlannedObject& planned) {
    object json;
    set_bytes(json, "key", planned.key.bytes());
    json["action"] = to_string(planned.action);
    json["reason"] = to_string(planned.reason);
    json["object"] = to_string(planned.type);
    bool of_destination = planned.action == model::PlanAction::Delete && planned.destination;
    json["bytes"] = of_destination ? planned.destination->size_bytes : planned.source.size_bytes;
    if (planned.action != model::PlanAction::Delete) json["source"] = identity_json(planned.source);
    if (planned.destination) json["destination"] = identity_json(*planned.destination);
    return json;
}

Result<PlanWriter> PlanWriter::create(const std::string& path, const PlanHead& head) {
    GODWIT_TRY(NewFile file, NewFile::create(path));
    PlanWriter writer(std::move(file));
    object json;
    json["v"] = 1;
    json["type"] = "plan";
    json["godwit"] = kVersion;
    json["made_unix_ns"] = head.made_unix_ns;
    set_bytes(json, "record", head.record);
    set_bytes(json, "source", head.source_canonical);
    set_bytes(json, "source_identity", head.source_identity);
    set_bytes(json, "destination", head.destination_canonical);
    set_bytes(json, "destination_identity", head.destination_identity);
    GODWIT_TRY_VOID(writer.write_line(json));
    return writer;
}

Result<void> PlanWriter::write_line(const object& json) {
    constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
    buffer_ += json_line(json);
    return buffer_.size() < kBufferBytes ? Result<void>() : write_out();
}

Result<void> PlanWriter::write_out() {
    hasher_.update(bytes_of(buffer_));
    Result<void> wrote = file_.write(buffer_);
    buffer_.clear();
    return wrote;
}

Result<void> PlanWriter::add(const PlannedObject& planned) {
    ++objects_;
    return write_line(planned_json(planned));
}

Result<void> PlanWriter::finish() {
    GODWIT_TRY_VOID(write_out());
    object json;
    json["type"] = "end";
    json["objects"] = objects_;
    json["sha256"] = hasher_.digest().hex();
    GODWIT_TRY_VOID(file_.write(json_line(json)));
    return file_.finish();
}

Result<std::shared_ptr<const PlanFile>> PlanFile::open(const std::string& path) {
    GODWIT_TRY(Lines lines, Lines::open(path));
    std::shared_ptr<PlanFile> plan(new PlanFile());
    plan->path_ = path;
    Hasher hasher(DigestAlgorithm::Sha256);
    std::uint64_t line_number = 0;
    std::optional<object> last;
    std::string last_key;
    for (;;) {
        std::uint64_t begin = lines.at();
        GODWIT_TRY(std::optional<std::string_view> line, lines.next());
        if (!line) break;
        ++line_number;
        if (last) return not_a_plan(path, fmt::format("line {} follows its end", line_number));
        GODWIT_TRY(object json, parse_line(path, *line));
        std::string type = text_member(json, "type");
        if (line_number == 1) {
            if (type != "plan" || number_member<int>(json, "v") != 1)
                return not_a_plan(path, "its first line is no plan's");
            plan->head_ = {.record = text_member(json, "record"),
                           .source_canonical = text_member(json, "source"),
                           .source_identity = text_member(json, "source_identity"),
                           .destination_canonical = text_member(json, "destination"),
                           .destination_identity = text_member(json, "destination_identity"),
                           .made_unix_ns = number_member<std::int64_t>(json, "made_unix_ns").value_or(0)};
            plan->begin_ = lines.at();
        } else if (type == "end") {
            plan->end_ = begin;
            last = std::move(json);
            continue;
        } else {
            std::optional<PlannedObject> planned = planned_from(json);
            if (!planned || planned->key.bytes() <= last_key)
                return not_a_plan(path,
                                  fmt::format("line {} is no line of a plan, or out of order", line_number));
            last_key = planned->key.bytes();
            ++plan->objects_;
        }
        hasher.update(bytes_of(std::string(*line) + "\n"));
    }
    if (!last) return not_a_plan(path, "its end is missing: it was not written whole");
    plan->sha256_ = hasher.digest().hex();
    bool same = text_member(*last, "sha256") == plan->sha256_ &&
                number_member<std::uint64_t>(*last, "objects") == plan->objects_;
    if (!same)
        return not_a_plan(
            path, "it was edited since it was written: its lines are not those that its end tells of");
    return plan;
}

// Bisected: the last line begin of which the key is not in front of the range is looked for.
Result<std::unique_ptr<engine::ApprovedEntries>> PlanFile::entries(const model::KeyRange& range) const {
    GODWIT_TRY(Lines lines, Lines::open(path_));
    std::uint64_t low = begin_, high = end_;
    while (!range.after.empty() && low < high) {
        std::uint64_t middle = low + (high - low) / 2;
        GODWIT_TRY_VOID(lines.seek_line_after(middle));
        std::uint64_t begin = lines.at();
        if (begin >= high) {
            high = middle;
            continue;
        }
        GODWIT_TRY(std::optional<std::string_view> line, lines.next());
        if (!line) return not_a_plan(path_, "it has become shorter");
        GODWIT_TRY(PlannedObject planned, parse_planned(path_, *line));
        if (planned.key.bytes() > range.after) {
            high = middle;
        } else {
            low = lines.at();
        }
    }
    GODWIT_TRY_VOID(lines.seek_line_after(low));
    return std::unique_ptr<engine::ApprovedEntries>(
        std::make_unique<FileEntries>(path_, std::move(lines), end_, range.before));
}

}  // namespace godwit::app
