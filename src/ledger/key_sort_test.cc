#include "ledger/key_sort.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "db/testing/databases.h"
#include "ledger/testing/generators.h"

namespace godwit::ledger {
namespace {

using Lines = std::vector<std::pair<std::string, std::uint64_t>>;

// Absent when sorting fails.
std::optional<Lines> sorted(const Lines& lines, KeySortLimits limits) {
    db::testing::TemporaryDirectory directory;
    KeySorter sorter(directory.path(), limits);
    for (const auto& [key, line] : lines) {
        if (!sorter.add(key, line)) return {};
    }
    Lines result;
    auto sink = [&](std::string_view key, std::uint64_t line) -> Result<void> {
        result.emplace_back(key, line);
        return {};
    };
    if (!sorter.finish(sink)) return {};
    if (!std::filesystem::is_empty(directory.path())) return {};
    return result;
}

// Whatever the bounds: within memory, in some runs, in more runs than are merged at once.
RC_GTEST_PROP(KeySorter, sorts_as_memory_would, ()) {
    auto keys = *rc::gen::container<std::vector<std::string>>(testing::arbitrary_bytes());
    Lines lines;
    for (const std::string& key : keys) lines.emplace_back(key, lines.size() + 1);
    KeySortLimits limits{.bytes_max = *rc::gen::inRange<std::size_t>(1, 400),
                         .keys_max = *rc::gen::inRange<std::size_t>(1, 40),
                         .runs_max = *rc::gen::inRange<std::size_t>(2, 5)};
    std::optional<Lines> found = sorted(lines, limits);
    std::ranges::sort(lines);
    RC_ASSERT(found.has_value());
    RC_ASSERT(*found == lines);
}

// Runs that are read through more than one buffer, and keys that lie across two of them.
TEST(KeySorter, sorts_what_does_not_fit_into_a_buffer) {
    Lines lines;
    for (std::uint64_t i = 0; i < 3000; ++i)
        lines.emplace_back(std::to_string(i * 7919 % 3001) + std::string(i % 997, 'k'), i + 1);
    std::optional<Lines> found = sorted(lines, {.bytes_max = 300'000, .keys_max = 5000, .runs_max = 2});
    std::ranges::sort(lines);
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(*found == lines);
}

TEST(KeySorter, tells_when_there_is_no_room_for_runs) {
    KeySorter sorter("/nonexistent", {.bytes_max = 10, .keys_max = 1});
    ASSERT_TRUE(sorter.add("a", 1));
    Result<void> second = sorter.add("b", 2);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), "ENOENT");
}

TEST(KeySorter, ends_with_what_the_sink_failed_with) {
    db::testing::TemporaryDirectory directory;
    KeySorter sorter(directory.path());
    ASSERT_TRUE(sorter.add("a", 1));
    Result<void> ended = sorter.finish([](std::string_view, std::uint64_t) -> Result<void> {
        return Error(ErrorKind::Full, "write", "list", "no space");
    });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().kind(), ErrorKind::Full);
}

}  // namespace
}  // namespace godwit::ledger
