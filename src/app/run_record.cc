#include "app/run_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <filesystem>

#include "app/json_text.h"
#include "base/encoding.h"
#include "s3/addressing.h"

namespace godwit::app {
namespace {

// How fast, how loud, where state is, and what is told afterwards: another run may differ in them.
constexpr std::array<std::string_view, 18> kOfNoConsequence{
    "output",          "no-progress", "verbose",
    "quiet",           "help",        "data-dir",
    "concurrency",     "memory",      "dry-run",
    "explain",         "to",          "limit-bytes-per-second",
    "prices",          "report",      "report-level",
    "report-override", "report-type", "limit-requests-per-second"};
// How an end is reached. It is the same end, or it would be another task.
constexpr std::array<std::string_view, 8> kAccess{"endpoint-url", "profile",      "region",
                                                  "addressing",   "ca-file",      "no-verify-tls",
                                                  "anonymous",    "request-payer"};

// Which keys alone: what the list holds says it better than where it is (RunRecord::selection).
constexpr std::array<std::string_view, 2> kLists{"manifest", "prefixes"};

// What is compared, by `copy` and `verify` alike: of an object,
constexpr std::array<std::string_view, 6> kCompared{"no-preserve-owner", "no-preserve-mode",
                                                    "no-preserve-mtime", "preserve-xattrs",
                                                    "preserve-acls",     "preserve-privileged-xattrs"};
// and which objects.
constexpr std::array<std::string_view, 8> kSelected{"include",          "exclude",  "datasync-include",
                                                    "datasync-exclude", "min-size", "max-size",
                                                    "min-age",          "max-age"};
// A command line that nobody would read is no advice.
constexpr std::size_t kAdviceBytesMax = 2000;

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

bool is_access(std::string_view name) {
    for (std::string_view end : {"source-", "destination-"}) {
        if (name.starts_with(end)) name.remove_prefix(end.size());
    }
    return is_among(kAccess, name);
}

Error not_ours(const std::string& text) {
    return Error(ErrorKind::Corrupt, "read", "the options of an execution",
                 "not what Godwit writes: " + text);
}

constexpr std::string_view kExactBytes = "_base64";

// An option's values: one alone, or a list of them.
void set_values(boost::json::object& object, const std::string& name,
                const std::vector<std::string>& values) {
    if (values.size() == 1) return set_bytes(object, name, values.front());
    boost::json::array list;
    for (const std::string& value : values) {
        boost::json::object one;
        set_bytes(one, "value", value);
        list.push_back(std::move(one));
    }
    object[name] = std::move(list);
}

// What set_bytes() wrote.
Result<std::string> bytes_member(const boost::json::object& object, const std::string& name) {
    const boost::json::value* exact = object.if_contains(name + std::string(kExactBytes));
    const boost::json::value* value = exact ? exact : object.if_contains(name);
    const boost::json::string* text = value ? value->if_string() : nullptr;
    if (!text) return not_ours(fmt::format("`{}` is missing", name));
    if (!exact) return std::string(*text);
    auto bytes = base64_decode(std::string_view(*text));
    if (!bytes) return not_ours(fmt::format("`{}{}` is no base64", name, kExactBytes));
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// What set_values() wrote.
Result<std::vector<std::string>> values_member(const boost::json::object& object, const std::string& name) {
    const boost::json::value* value = object.if_contains(name);
    const boost::json::array* list = value ? value->if_array() : nullptr;
    std::vector<std::string> values;
    if (!list) {
        GODWIT_TRY(values.emplace_back(), bytes_member(object, name));
        return values;
    }
    for (const boost::json::value& one : *list) {
        if (!one.is_object()) return not_ours(fmt::format("`{}` is no list of values", name));
        GODWIT_TRY(values.emplace_back(), bytes_member(one.get_object(), "value"));
    }
    return values;
}

// Where a list came from, for people: the list itself is kept, and a URL may hold a secret.
std::string recorded_list(const std::string& text) {
    bool is_path = text != "-" && text.find("://") == std::string::npos;
    return is_path ? absolute_location(text) : text.substr(0, text.find('?'));
}

}  // namespace

std::string RunRecord::plan() const {
    boost::json::object plan;
    for (const auto& [name, values] : options) {
        if (!is_access(name) && !is_among(kLists, name)) set_values(plan, name, values);
    }
    set_bytes(plan, "selection", selection);
    return json_text(plan);
}

RunRecord run_record(const std::string& source, const std::string& destination, const Values& values) {
    RunRecord record;
    record.source = absolute_location(source);
    record.destination = absolute_location(destination);
    for (const std::string& name : values.names()) {
        if (!is_among(kOfNoConsequence, name)) record.options[name] = values.all(name);
        if (is_among(kLists, name)) record.options[name] = {recorded_list(values.text(name).value_or(""))};
    }
    // Whoever runs it again may be in another directory.
    if (auto found = record.options.find("backup-dir"); found != record.options.end()) {
        for (std::string& location : found->second) location = absolute_location(location);
    }
    return record;
}

std::string shell_word(const std::string& text) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=@%+,";
    bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string::npos;
    if (plain) return text;
    std::string out = "'";
    for (char c : printable(text)) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string verify_arguments(const std::string& source, const std::string& destination,
                             const Values& values) {
    std::string words = shell_word(source) + " " + shell_word(destination);
    for (const std::string& name : values.names()) {
        bool compared = is_among(kCompared, name);
        bool selects = is_among(kSelected, name) || is_among(kLists, name);
        if (!is_access(name) && !compared && !selects) continue;
        // What standard input held is gone, and what a URL asks for may be a secret.
        std::string list = is_among(kLists, name) ? values.text(name).value_or("") : "";
        if (list == "-" || list.find('?') != std::string::npos) return "";
        bool is_switch = compared || name.ends_with("no-verify-tls") || name.ends_with("anonymous") ||
                         name.ends_with("request-payer");
        for (const std::string& value : values.all(name)) {
            if (name == "addressing" && value == "auto") continue;
            words += " --" + name;
            if (!is_switch) words += " " + shell_word(value);
        }
    }
    if (words.size() > kAdviceBytesMax) words.clear();
    return words;
}

std::string to_text(const RunRecord& record) {
    boost::json::object object, options;
    for (const auto& [name, values] : record.options) set_values(options, name, values);
    object["v"] = 1;
    set_bytes(object, "source", record.source);
    set_bytes(object, "destination", record.destination);
    object["options"] = std::move(options);
    set_bytes(object, "selection", record.selection);
    return json_text(object);
}

Result<RunRecord> run_record_from(const std::string& text) {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(text, error);
    const boost::json::object* object = error ? nullptr : value.if_object();
    if (!object) return not_ours("no JSON object");
    RunRecord record;
    GODWIT_TRY(record.source, bytes_member(*object, "source"));
    GODWIT_TRY(record.destination, bytes_member(*object, "destination"));
    GODWIT_TRY(record.selection, bytes_member(*object, "selection"));
    const boost::json::value* options = object->if_contains("options");
    if (!options || !options->is_object()) return not_ours("`options` is missing");
    for (const auto& member : options->get_object()) {
        std::string name(member.key());
        if (name.ends_with(kExactBytes)) continue;
        GODWIT_TRY(record.options[name], values_member(options->get_object(), name));
    }
    return record;
}

std::string absolute_location(const std::string& location) {
    if (s3::is_s3_uri(location)) return location;
    std::error_code error;
    std::filesystem::path absolute = std::filesystem::absolute(location, error);
    if (error) return location;
    // Not normalised: "link/.." is not what stands before the link.
    return absolute.string();
}

Result<Invocation> recorded_invocation(const std::string& options, const Values& now) {
    GODWIT_TRY(RunRecord record, run_record_from(options));
    Invocation invocation;
    invocation.command = find_command("copy");
    invocation.words = {record.source, record.destination};
    for (const auto& [name, values] : record.options) {
        for (const std::string& value : values) invocation.values.set(name, value);
    }
    for (const std::string& name : now.names()) {
        if (name != "failed") invocation.values.set(name, now.text(name).value_or(""));
    }
    return invocation;
}

}  // namespace godwit::app
