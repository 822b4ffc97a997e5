#include "ledger/path_glob.h"

namespace godwit::ledger {

namespace {
constexpr char kNot = 0, kReached = 1;
}  // namespace

PathGlob::PathGlob(std::string_view pattern) {
    bool at_component = true;  // at the beginning, or behind a '/'
    while (!pattern.empty()) {
        std::size_t taken = 1;
        if (at_component && pattern.starts_with("**/")) {
            tokens_.push_back({Kind::AnyDirectories, 0});
            pattern.remove_prefix(3);
            continue;
        }
        if (pattern.starts_with("**")) {
            tokens_.push_back({Kind::AnyPath, 0});
            taken = 2;
        } else if (pattern.front() == '*') {
            tokens_.push_back({Kind::AnyRun, 0});
        } else if (pattern.front() == '?') {
            tokens_.push_back({Kind::AnyByte, 0});
        } else {
            tokens_.push_back({Kind::Literal, pattern.front()});
        }
        at_component = pattern[taken - 1] == '/';
        pattern.remove_prefix(taken);
    }
}

// States are positions in the pattern: state i means that tokens before i have matched so far. A token
// that may match nothing lets the next state be reached with it.
void PathGlob::reach(std::string& states, std::size_t state) const {
    states[state] = kReached;
    while (state < tokens_.size() &&
           (tokens_[state].kind == Kind::AnyRun || tokens_[state].kind == Kind::AnyPath ||
            tokens_[state].kind == Kind::AnyDirectories)) {
        states[++state] = kReached;
    }
}

void PathGlob::step(std::string& next, std::size_t state, char byte) const {
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

bool PathGlob::matches(std::string_view key) const {
    std::string now(tokens_.size() + 1, kNot), next;
    reach(now, 0);
    for (char byte : key) {
        next.assign(now.size(), kNot);
        for (std::size_t state = 0; state < tokens_.size(); ++state) {
            if (now[state] == kReached) step(next, state, byte);
        }
        now.swap(next);
    }
    return now.back() == kReached;
}

}  // namespace godwit::ledger
