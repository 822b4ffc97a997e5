// Rules from JSON. One table binds each member's name to its field, so that reading, naming and the
// error for an unknown member cannot drift apart.
#include <boost/json.hpp>
#include <functional>

#include "s3double/rules.h"

namespace godwit::s3double {

namespace {

namespace json = boost::json;

Error wrong(std::string_view member, std::string cause) {
    return Error(ErrorKind::Invalid, "read rule", std::string(member), std::move(cause));
}

bool take(const json::value& value, std::string& field) {
    if (!value.is_string()) return false;
    field = value.as_string();
    return true;
}

bool take(const json::value& value, bool& field) {
    if (!value.is_bool()) return false;
    field = value.as_bool();
    return true;
}

bool take(const json::value& value, double& field) {
    if (!value.is_number()) return false;
    field = value.is_double() ? value.as_double() : static_cast<double>(value.to_number<std::int64_t>());
    return true;
}

bool take(const json::value& value, std::uint64_t& field) {
    if (!value.is_int64() || value.as_int64() < 0) return false;
    field = static_cast<std::uint64_t>(value.as_int64());
    return true;
}

template <class Narrow>
    requires(std::is_same_v<Narrow, int> || std::is_same_v<Narrow, std::uint32_t>)
bool take(const json::value& value, Narrow& field) {
    std::uint64_t wide = 0;
    if (!take(value, wide) || wide > 1'000'000'000) return false;
    field = static_cast<Narrow>(wide);
    return true;
}

template <class T>
bool take(const json::value& value, std::optional<T>& field) {
    return take(value, field.emplace());
}

bool take(const json::value& value, Operation& field) {
    std::string name;
    if (!take(value, name)) return false;
    if (name == "*") return true;
    auto operation = operation_from(name);
    if (operation) field = *operation;
    return operation.has_value();
}

bool take(const json::value& value, std::vector<std::string>& field) {
    if (!value.is_array()) return false;
    for (const json::value& item : value.as_array())
        if (!take(item, field.emplace_back())) return false;
    return true;
}

// {"name": "value", ...}
bool take(const json::value& value, std::vector<std::pair<std::string, std::string>>& field) {
    if (!value.is_object()) return false;
    for (const auto& item : value.as_object()) {
        auto& pair = field.emplace_back(std::string(item.key()), "");
        if (!take(item.value(), pair.second)) return false;
    }
    return true;
}

// "truncate:100", "zero:0", "flip:7", "other"
bool take(const json::value& value, Lie& field) {
    std::string text;
    if (!take(value, text)) return false;
    std::string_view kind = std::string_view(text).substr(0, text.find(':'));
    if (kind.size() < text.size()) {
        auto at = parse_number(std::string_view(text).substr(kind.size() + 1));
        if (!at) return false;
        field.at = *at;
    }
    if (kind == "truncate")
        field.kind = Lie::Kind::Truncate;
    else if (kind == "zero")
        field.kind = Lie::Kind::Zero;
    else if (kind == "flip")
        field.kind = Lie::Kind::Flip;
    else if (kind == "other")
        field.kind = Lie::Kind::Other;
    return field.kind != Lie::Kind::None;
}

struct Member {
    std::string_view name;
    std::function<bool(const json::value&, Rule&)> take_into;
};

#define MATCH(field) {#field, [](const json::value& v, Rule& r) { return take(v, r.match.field); }}
#define EFFECT(field) {#field, [](const json::value& v, Rule& r) { return take(v, r.effects.field); }}
#define LIST(field) \
    {"list_" #field, [](const json::value& v, Rule& r) { return take(v, r.effects.list.field); }}

std::vector<Member> make_members() {
    return {
        {"name", [](const json::value& v, Rule& r) { return take(v, r.name); }},
        MATCH(operation),
        MATCH(bucket),
        MATCH(key),
        MATCH(part),
        MATCH(parameter),
        MATCH(nth),
        MATCH(every),
        MATCH(times),
        MATCH(probability),
        MATCH(seed),
        MATCH(per_key),
        EFFECT(status),
        EFFECT(code),
        EFFECT(message),
        EFFECT(body),
        EFFECT(content_type),
        EFFECT(after_act),
        EFFECT(headers),
        EFFECT(drop_headers),
        EFFECT(replace),
        EFFECT(delay_ms),
        EFFECT(drip_ms),
        EFFECT(cut_request_at),
        EFFECT(stall_request_at),
        EFFECT(cut_reply_at),
        EFFECT(stall_reply_at),
        EFFECT(reset),
        EFFECT(close),
        EFFECT(raw_before),
        EFFECT(raw_after),
        EFFECT(chunked),
        EFFECT(chunked_without_end),
        EFFECT(stored),
        EFFECT(served),
        EFFECT(flip_request_at),
        EFFECT(wrong_checksum),
        EFFECT(ignore_conditions),
        EFFECT(ignore_checksums),
        EFFECT(ignore_range),
        EFFECT(keep_upload),
        EFFECT(stale),
        EFFECT(first_put),
        EFFECT(first_delete),
        LIST(repeat),
        LIST(omit),
        LIST(reverse),
        LIST(replay),
        LIST(empty),
        LIST(cut_short),
        LIST(endless_token),
        LIST(endless_without_token),
        LIST(foreign_key),
        LIST(size),
        LIST(last_modified),
        LIST(etag),
    };
}
#undef MATCH
#undef EFFECT
#undef LIST

Result<Rule> rule_from(const json::value& value, const std::vector<Member>& members) {
    if (!value.is_object()) return wrong("rules", "a rule must be an object");
    Rule rule;
    for (const auto& item : value.as_object()) {
        std::string_view name(item.key().data(), item.key().size());
        const Member* found = nullptr;
        for (const Member& member : members)
            if (member.name == name) found = &member;
        if (!found) return wrong(name, "no rule has such a member");
        if (!found->take_into(item.value(), rule)) return wrong(name, "the value's type or range is wrong");
    }
    return rule;
}

}  // namespace

Result<std::vector<Rule>> rules_from_json(std::string_view text) {
    boost::system::error_code failed;
    json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
    if (failed) return wrong("rules", "no JSON: " + failed.message());
    if (!value.is_array()) return wrong("rules", "rules must be an array");
    auto members = make_members();
    std::vector<Rule> rules;
    for (const json::value& item : value.as_array()) {
        GODWIT_TRY(Rule rule, rule_from(item, members));
        rules.push_back(std::move(rule));
    }
    return rules;
}

}  // namespace godwit::s3double
