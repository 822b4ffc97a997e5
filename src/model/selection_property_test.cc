#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "model/selection.h"

namespace godwit::model {
namespace {

// Few letters, so that patterns match now and then, and keys nest.
rc::Gen<std::string> text_of(std::string letters, std::size_t bytes_max) {
    return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, bytes_max + 1), [letters](std::size_t bytes) {
        return rc::gen::container<std::string>(bytes, rc::gen::elementOf(letters));
    });
}
rc::Gen<std::string> any_key() {
    return text_of("aab/.\xff", 8);
}
rc::Gen<std::string> any_glob() {
    return text_of("aab/.*?\xff", 6);
}
rc::Gen<std::vector<std::string>> several(rc::Gen<std::string> one) {
    return rc::gen::resize(8, rc::gen::container<std::vector<std::string>>(std::move(one)));
}

// Selecting globs that are any.
std::vector<KeyPattern> patterns_of(const std::vector<std::string>& globs) {
    std::vector<KeyPattern> patterns;
    for (const std::string& glob : globs) {
        if (auto pattern = KeyPattern::selecting_glob(glob)) patterns.push_back(std::move(*pattern));
    }
    return patterns;
}

bool any_matches(const std::vector<KeyPattern>& patterns, const std::string& key) {
    return std::ranges::any_of(patterns, [&](const KeyPattern& pattern) { return pattern.matches(key); });
}

Selection selection_of(const std::vector<KeyPattern>& includes, const std::vector<KeyPattern>& excludes) {
    Selection selection;
    for (const KeyPattern& pattern : includes) selection.include(pattern, "include");
    for (const KeyPattern& pattern : excludes) selection.exclude(pattern, "exclude");
    return selection;
}

RC_GTEST_PROP(SelectionProperties, takes_what_a_look_at_every_pattern_takes, ()) {
    const auto includes = patterns_of(*several(any_glob())), excludes = patterns_of(*several(any_glob()));
    const auto keys = *several(any_key());
    Selection selection = selection_of(includes, excludes);
    for (const std::string& key : keys) {
        bool taken = (includes.empty() || any_matches(includes, key)) && !any_matches(excludes, key);
        RC_ASSERT(selection.selects_key(key) == taken);
    }
}

RC_GTEST_PROP(SelectionProperties, every_key_that_is_taken_begins_with_one_of_its_prefixes, ()) {
    const auto includes = patterns_of(*several(any_glob()));
    const auto key = *any_key();
    Selection selection = selection_of(includes, {});
    if (!selection.selects_key(key)) return;
    const std::vector<std::string> prefixes = selection.prefixes();
    auto begins = [&](const std::string& prefix) { return key.starts_with(prefix); };
    RC_ASSERT(std::ranges::count_if(prefixes, begins) == 1);
}

RC_GTEST_PROP(SelectionProperties, prefixes_are_sorted_and_none_begins_with_another, ()) {
    const std::vector<std::string> prefixes = selection_of(patterns_of(*several(any_glob())), {}).prefixes();
    for (std::size_t i = 1; i < prefixes.size(); ++i) {
        RC_ASSERT(prefixes[i - 1] < prefixes[i]);
        RC_ASSERT(!prefixes[i].starts_with(prefixes[i - 1]));
    }
}

// What is not entered would not have been taken.
RC_GTEST_PROP(SelectionProperties, nothing_is_taken_beneath_a_directory_that_is_left_out, ()) {
    Selection selection = selection_of({}, patterns_of(*several(any_glob())));
    const std::string directory = *any_key() + "/", beneath = directory + *any_key();
    if (selection.leaves_out(directory)) RC_ASSERT(!selection.selects_key(beneath));
}

RC_GTEST_PROP(SelectionProperties, the_order_of_patterns_does_not_matter, ()) {
    auto includes = patterns_of(*several(any_glob())), excludes = patterns_of(*several(any_glob()));
    const auto key = *any_key();
    bool taken = selection_of(includes, excludes).selects_key(key);
    std::ranges::reverse(includes);
    std::ranges::reverse(excludes);
    RC_ASSERT(selection_of(includes, excludes).selects_key(key) == taken);
}

// AWS DataSync's grammar: any text is read without harm, and what is read says why it takes a key or not.
RC_GTEST_PROP(SelectionProperties, simple_filters_of_any_text_do_no_harm, ()) {
    const auto value = *text_of("ab/|*\\\xff", 20);
    const auto key = *any_key();
    Selection selection;
    if (!add_simple_filter(selection, FilterKind::Exclude, value, "--datasync-exclude")) return;
    RC_ASSERT(!selection.explanation(key).empty());
}

}  // namespace
}  // namespace godwit::model
