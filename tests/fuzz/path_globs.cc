// Patterns for keys, against the plainest matcher that the grammar allows.
//
// Input: a line with the pattern; then the key.
#include "base/check.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "model/key_pattern.h"

namespace godwit::fuzz {
namespace {

// It tries everything, so it is given little.
constexpr std::size_t kPatternBytesMax = 12, kKeyBytesMax = 24;

bool matches(std::string_view pattern, std::string_view key, bool at_component) {
    if (pattern.empty()) return key.empty();
    // Some number of whole components, none included.
    if (at_component && pattern.starts_with("**/")) {
        if (matches(pattern.substr(3), key, true)) return true;
        for (std::size_t i = 0; i < key.size(); ++i)
            if (key[i] == '/' && matches(pattern.substr(3), key.substr(i + 1), true)) return true;
        return false;
    }
    bool any_path = pattern.starts_with("**");
    if (any_path || pattern.starts_with('*')) {
        std::string_view rest = pattern.substr(any_path ? 2 : 1);
        for (std::size_t i = 0;; ++i) {
            if (matches(rest, key.substr(i), false)) return true;
            if (i == key.size() || (!any_path && key[i] == '/')) return false;
        }
    }
    if (key.empty()) return false;
    bool fits = pattern.front() == '?' ? key.front() != '/' : key.front() == pattern.front();
    return fits && matches(pattern.substr(1), key.substr(1), pattern.front() == '/');
}

}  // namespace

void run(Input input) {
    std::string_view pattern = input.line(), key = input.rest();
    bool matched = model::KeyPattern::glob(pattern).matches(key);
    if (pattern.size() > kPatternBytesMax || key.size() > kKeyBytesMax) return;
    GODWIT_CHECK(matched == matches(pattern, key, true), "{} and {}", printable(pattern), printable(key));
}

}  // namespace godwit::fuzz
