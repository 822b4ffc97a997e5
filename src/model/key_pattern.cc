#include "model/key_pattern.h"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::model {

namespace {

constexpr char kNot = 0, kReached = 1;

Error refused(std::string_view pattern, std::string cause) {
    return Error(ErrorKind::Invalid, "read pattern", std::string(pattern), std::move(cause));
}

}  // namespace

KeyPattern KeyPattern::glob(std::string_view pattern) {
    KeyPattern made;
    made.add_glob(pattern, true);
    made.close();
    return made;
}

// `at_component`: at the beginning, or behind a '/'.
void KeyPattern::add_glob(std::string_view pattern, bool at_component) {
    while (!pattern.empty()) {
        std::size_t taken = 1;
        if (at_component && pattern.starts_with("**/")) {
            tokens_.push_back({Kind::AnyDirectories});
            pattern.remove_prefix(3);
            continue;
        }
        if (pattern.starts_with("**")) {
            tokens_.push_back({Kind::AnyPath});
            taken = 2;
        } else if (pattern.front() == '*') {
            tokens_.push_back({Kind::AnyRun});
        } else if (pattern.front() == '?') {
            tokens_.push_back({Kind::AnyByte});
        } else {
            add_literal(pattern.front());
        }
        at_component = pattern[taken - 1] == '/';
        pattern.remove_prefix(taken);
    }
}

Result<KeyPattern> KeyPattern::selecting_glob(std::string_view pattern) {
    if (pattern.empty() || pattern == "/") return refused(pattern, "it is empty");
    if (pattern.contains('\0')) return refused(pattern, "it holds a NUL byte, which no key does");
    KeyPattern made;
    made.covers_contents_ = true;
    bool from_root = pattern.find('/') < pattern.size() - 1;
    if (!from_root) made.tokens_.push_back({Kind::AnyDirectories});
    GODWIT_TRY_VOID(made.add_selecting(pattern.starts_with('/') ? pattern.substr(1) : pattern));
    // What a directory holds, and its own key, follow its '/'.
    if (pattern.ends_with('/')) made.tokens_.push_back({Kind::AnyPath});
    made.close();
    return made;
}

// Between escapes, it is a glob.
Result<void> KeyPattern::add_selecting(std::string_view pattern) {
    std::string_view rest = pattern;
    bool at_component = true;
    for (std::size_t at = rest.find_first_of("\\[]{}"); at != std::string_view::npos;
         at = rest.find_first_of("\\[]{}")) {
        if (rest[at] != '\\') {
            return refused(pattern, fmt::format("character classes and braces are not known here; for the "
                                                "character {0} itself write \\{0}",
                                                rest[at]));
        }
        if (at + 1 == rest.size()) return refused(pattern, "nothing follows the \\ at its end");
        add_glob(rest.substr(0, at), at_component);
        add_literal(rest[at + 1]);
        at_component = rest[at + 1] == '/';
        rest.remove_prefix(at + 2);
    }
    add_glob(rest, at_component);
    return {};
}

Result<KeyPattern> KeyPattern::simple(std::string_view pattern) {
    if (pattern.contains('\0')) return refused(pattern, "it holds a NUL byte, which no key does");
    KeyPattern made;
    made.covers_contents_ = true;
    made.from_slash_ = pattern.starts_with('*');
    std::string_view rest = pattern.starts_with('/') ? pattern.substr(1) : pattern;
    if (rest.ends_with('/')) rest.remove_suffix(1);
    for (std::size_t at = 0; at < rest.size(); ++at) {
        bool escapes =
            rest[at] == '\\' && at + 1 < rest.size() && std::string_view("*|\\").contains(rest[at + 1]);
        if (rest[at] == '*') {
            made.tokens_.push_back({Kind::AnyPath});
        } else {
            made.add_literal(escapes ? rest[++at] : rest[at]);
        }
    }
    if (rest.empty()) made.tokens_.push_back({Kind::AnyPath});  // the root, and all beneath it
    made.close();
    return made;
}

// Works out what is literal.
void KeyPattern::close() {
    auto is_literal = [](const Token& token) { return token.kind == Kind::Literal; };
    auto end = std::ranges::find_if_not(tokens_, is_literal);
    for (auto token = tokens_.begin(); token != end; ++token) literal_prefix_ += token->literal;
    if (!covers_contents_) return;
    if (end == tokens_.end()) extent_ = Extent::Path;
    if (end != tokens_.end() && end + 1 == tokens_.end() && end->kind == Kind::AnyPath)
        extent_ = Extent::Prefix;
}

// States are positions in the pattern: state i means that tokens before i have matched so far. A token
// that may match nothing lets the next state be reached with it.
void KeyPattern::reach(std::string& states, std::size_t state) const {
    states[state] = kReached;
    while (state < tokens_.size() &&
           (tokens_[state].kind == Kind::AnyRun || tokens_[state].kind == Kind::AnyPath ||
            tokens_[state].kind == Kind::AnyDirectories)) {
        states[++state] = kReached;
    }
}

void KeyPattern::step(std::string& next, std::size_t state, char byte) const {
    switch (tokens_[state].kind) {
        case Kind::Literal:
            if (byte == tokens_[state].literal) reach(next, state + 1);
            return;
        case Kind::AnyByte:
            if (byte != '/') reach(next, state + 1);
            return;
        case Kind::AnyRun:
            if (byte != '/') reach(next, state);
            return;
        case Kind::AnyPath:
            reach(next, state);
            return;
        case Kind::AnyDirectories:
            // Whole components: what follows can only begin behind a '/'.
            next[state] = kReached;
            if (byte == '/') reach(next, state + 1);
            return;
    }
}

void KeyPattern::step_all(std::string& now, std::string& next, char byte) const {
    next.assign(now.size(), kNot);
    for (std::size_t state = 0; state < tokens_.size(); ++state) {
        if (now[state] == kReached) step(next, state, byte);
    }
    now.swap(next);
}

bool KeyPattern::matches(std::string_view key) const {
    if (!key.starts_with(literal_prefix_)) return false;
    std::string now(tokens_.size() + 1, kNot), next;
    reach(now, 0);
    if (from_slash_) step_all(now, next, '/');
    for (char byte : key) {
        if (covers_contents_ && byte == '/' && now.back() == kReached) return true;
        step_all(now, next, byte);
    }
    return now.back() == kReached;
}

}  // namespace godwit::model
