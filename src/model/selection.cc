#include "model/selection.h"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::model {

void PatternSet::add(KeyPattern pattern, std::string text) {
    if (!pattern.is_path() && !pattern.is_prefix()) {
        others_.push_back({std::move(pattern), std::move(text)});
        return;
    }
    std::vector<Literal>& literals = pattern.is_path() ? paths_ : prefixes_;
    if (pattern.is_prefix() && find_prefix(pattern.literal_prefix())) return;
    const std::string& bytes = pattern.literal_prefix();
    auto place = std::ranges::lower_bound(literals, bytes, {}, &Literal::bytes);
    auto end = place;
    // Those that it covers follow it.
    auto covered = [&](const Literal& literal) {
        return pattern.is_prefix() ? literal.bytes.starts_with(bytes) : literal.bytes == bytes;
    };
    while (end != literals.end() && covered(*end)) ++end;
    place = literals.erase(place, end);
    literals.insert(place, {bytes, std::move(text)});
}

// The key itself, and each directory that it lies in.
const PatternSet::Literal* PatternSet::find_path(std::string_view key) const {
    if (paths_.empty()) return nullptr;
    for (std::size_t end = key.find('/');; end = key.find('/', end + 1)) {
        std::string_view path = key.substr(0, end);
        auto found = std::ranges::lower_bound(paths_, path, {}, &Literal::bytes);
        if (found != paths_.end() && found->bytes == path) return &*found;
        if (end == std::string_view::npos) return nullptr;
    }
}

// Only the last of those that are not behind the key can be a prefix of it: one between them would begin
// with it.
const PatternSet::Literal* PatternSet::find_prefix(std::string_view key) const {
    auto behind = std::ranges::upper_bound(prefixes_, key, {}, &Literal::bytes);
    if (behind == prefixes_.begin()) return nullptr;
    const Literal& last = *std::prev(behind);
    return key.starts_with(last.bytes) ? &last : nullptr;
}

const std::string* PatternSet::find(std::string_view key) const {
    if (const Literal* prefix = find_prefix(key)) return &prefix->text;
    if (const Literal* path = find_path(key)) return &path->text;
    auto matching =
        std::ranges::find_if(others_, [&](const Other& other) { return other.pattern.matches(key); });
    return matching == others_.end() ? nullptr : &matching->text;
}

std::vector<std::string> PatternSet::literal_prefixes() const {
    std::vector<std::string> all;
    for (const Literal& literal : paths_) all.push_back(literal.bytes);
    for (const Literal& literal : prefixes_) all.push_back(literal.bytes);
    for (const Other& other : others_) all.push_back(other.pattern.literal_prefix());
    std::ranges::sort(all);
    std::vector<std::string> least;
    for (std::string& one : all) {
        if (least.empty() || !one.starts_with(least.back())) least.push_back(std::move(one));
    }
    return least;
}

bool Selection::everything() const {
    SelectionBounds none;
    return includes_.empty() && excludes_.empty() && bounds_ == none;
}

bool Selection::selects_key(std::string_view key) const {
    return (includes_.empty() || includes_.find(key)) && !excludes_.find(key);
}

bool Selection::selects_entry(const Entry& entry) const {
    if (entry.type == ObjectType::Directory) return true;
    std::int64_t mtime_ns = entry.posix ? entry.posix->mtime_ns : entry.identity.mtime_ns;
    return entry.identity.size_bytes >= bounds_.size_bytes_min &&
           entry.identity.size_bytes <= bounds_.size_bytes_max && mtime_ns >= bounds_.mtime_unix_ns_min &&
           mtime_ns <= bounds_.mtime_unix_ns_max;
}

std::vector<std::string> Selection::prefixes() const {
    return includes_.empty() ? std::vector<std::string>{""} : includes_.literal_prefixes();
}

std::string Selection::explanation(std::string_view key) const {
    if (const std::string* exclude = excludes_.find(key))
        return fmt::format("left out: {} matches", *exclude);
    if (includes_.empty()) return "selected: no exclude matches";
    const std::string* include = includes_.find(key);
    return include ? fmt::format("selected: {} matches", *include) : "left out: no include matches";
}

namespace {

// Of UTF-8; other bytes count as one each.
std::size_t characters(std::string_view text) {
    auto begins = [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; };
    return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

// Where the pattern that begins the text ends: at a '|' that is not escaped.
std::size_t pattern_end(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size() && text[at] != '|') at += text[at] == '\\' ? 2 : 1;
    return std::min(at, text.size());
}

Error refused(std::string_view option, std::string cause) {
    return Error(ErrorKind::Invalid, "read filter", std::string(option), std::move(cause));
}

// The place of a star that no include may have there; npos: none.
std::size_t star_before_end(std::string_view pattern) {
    for (std::size_t at = 0; at + 1 < pattern.size(); ++at) {
        if (pattern[at] == '\\') {
            ++at;
        } else if (pattern[at] == '*') {
            return at;
        }
    }
    return std::string_view::npos;
}

Result<void> check_pattern(FilterKind kind, std::string_view pattern, std::string_view option) {
    if (pattern.empty()) {
        return refused(option,
                       "it holds an empty pattern: '|' separates patterns, so none stands at an end, "
                       "and no two side by side");
    }
    if (kind == FilterKind::Exclude || star_before_end(pattern) == std::string_view::npos) return {};
    return refused(option, fmt::format("pattern \"{}\": in an include, '*' can only be the last character; "
                                       "write \\* for the character itself",
                                       printable(pattern)));
}

}  // namespace

Result<void> add_simple_filter(Selection& selection, FilterKind kind, std::string_view value,
                               std::string_view option) {
    std::size_t length = characters(value);
    if (length > kFilterCharactersMax) {
        return refused(option,
                       fmt::format("it has {} characters; {} are allowed", length, kFilterCharactersMax));
    }
    for (bool more = true; more;) {
        std::string_view text = value.substr(0, pattern_end(value));
        GODWIT_TRY_VOID(check_pattern(kind, text, option));
        Result<KeyPattern> pattern = KeyPattern::simple(text);
        if (!pattern) {
            return refused(option,
                           fmt::format("pattern \"{}\": {}", printable(text), pattern.error().cause()));
        }
        std::string called = fmt::format("{} {}", option, printable(text));
        if (kind == FilterKind::Include) {
            selection.include(std::move(*pattern), std::move(called));
        } else {
            selection.exclude(std::move(*pattern), std::move(called));
        }
        more = text.size() < value.size();
        if (more) value.remove_prefix(text.size() + 1);
    }
    return {};
}

}  // namespace godwit::model
