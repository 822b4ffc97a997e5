// Selections: globs, and the filters of AWS DataSync, beside the keys that they are asked about.
//
// Input: a line with the pattern; then keys, one a line. What is taken must not depend on who asks first,
// must have an explanation, and must begin with a prefix that is listed.
#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "model/selection.h"

namespace godwit::fuzz {
namespace {

using model::FilterKind;
using model::Selection;

constexpr std::size_t kPatternBytesMax = 200, kKeyBytesMax = 200;

void check(const Selection& selection, Input keys) {
    const std::vector<std::string> prefixes = selection.prefixes();
    while (!keys.empty()) {
        std::string_view key = keys.line().substr(0, kKeyBytesMax);
        bool taken = selection.selects_key(key);
        GODWIT_CHECK(selection.selects_key(key) == taken, "{}", printable(key));
        GODWIT_CHECK(!selection.explanation(key).empty(), "{}", printable(key));
        auto begins = [key](const std::string& prefix) { return key.starts_with(prefix); };
        GODWIT_CHECK(!taken || std::ranges::any_of(prefixes, begins), "{}", printable(key));
    }
}

}  // namespace

void run(Input input) {
    std::string_view pattern = input.line().substr(0, kPatternBytesMax);
    if (auto glob = model::KeyPattern::selecting_glob(pattern)) {
        Selection included, excluded;
        included.include(*glob, "include");
        excluded.exclude(*glob, "exclude");
        check(included, input);
        check(excluded, input);
    }
    for (FilterKind kind : {FilterKind::Include, FilterKind::Exclude}) {
        Selection filtered;
        if (model::add_simple_filter(filtered, kind, pattern, "--filter")) check(filtered, input);
    }
}

}  // namespace godwit::fuzz
