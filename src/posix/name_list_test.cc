#include "posix/name_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "posix/testing.h"

namespace godwit::posix {
namespace {

std::vector<std::string> drain(NameList& list, std::size_t count_max = ~std::size_t{0}) {
    std::vector<std::string> names;
    while (names.size() < count_max) {
        auto name = list.next();
        EXPECT_TRUE(name);
        if (!name || !*name) return names;
        names.emplace_back(**name);
    }
    return names;
}

std::vector<std::string> shuffled_names(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i)
        names.push_back(fmt::format("{:x}-{}", i * 2654435761u % 1'000'003, i));
    std::shuffle(names.begin(), names.end(), std::mt19937(7));
    return names;
}

TEST(NameList, sorts_subdirectories_as_their_keys_compare) {
    NameList list(system_os(), {});
    for (const char* name : {"a0", "a.txt", "b", "\xff", "a\n"}) ASSERT_TRUE(list.add(name, false));
    ASSERT_TRUE(list.add("a", true));
    ASSERT_TRUE(list.finish());
    EXPECT_EQ(drain(list), (std::vector<std::string>{"a\n", "a.txt", "a/", "a0", "b", "\xff"}));
}

TEST(NameList, decides_by_later_bytes_when_the_first_eight_are_equal) {
    NameList list(system_os(), {});
    for (const char* name : {"12345678b", "12345678", "12345678\x01", "12345678a"})
        ASSERT_TRUE(list.add(name, false));
    ASSERT_TRUE(list.finish());
    EXPECT_EQ(drain(list), (std::vector<std::string>{"12345678", "12345678\x01", "12345678a", "12345678b"}));
}

TEST(NameList, gives_the_same_order_through_any_number_of_runs) {
    testing::TempDirectory spill;
    std::vector<std::string> names = shuffled_names(20'000), sorted = names;
    std::ranges::sort(sorted);
    for (std::size_t held : {std::size_t{1} << 24, std::size_t{1} << 16, std::size_t{3} << 10}) {
        NameList list(system_os(), {.held_bytes_max = held, .spill_directory = spill.path()});
        for (const std::string& name : names) ASSERT_TRUE(list.add(name, false));
        EXPECT_LE(list.held_bytes(), held);
        ASSERT_TRUE(list.finish());
        EXPECT_EQ(drain(list), sorted) << held;
        EXPECT_TRUE(spill.names().empty()) << "the spill file has no name";
    }
}

TEST(NameList, goes_on_where_it_was_after_a_spill) {
    testing::TempDirectory spill;
    std::vector<std::string> names = shuffled_names(1000);
    NameList list(system_os(), {.spill_directory = spill.path()});
    for (const std::string& name : names) ASSERT_TRUE(list.add(name, false));
    ASSERT_TRUE(list.finish());
    std::vector<std::string> got = drain(list, 300);
    ASSERT_TRUE(list.spill());
    EXPECT_EQ(list.held_bytes(), 0u);
    for (std::string& name : drain(list, 100)) got.push_back(name);
    ASSERT_TRUE(list.spill());
    for (std::string& name : drain(list)) got.push_back(name);
    std::ranges::sort(names);
    EXPECT_EQ(got, names);
}

TEST(NameList, says_that_the_spill_directory_is_full) {
    testing::TempDirectory spill;
    testing::FaultyOs os;
    os.fail("pwrite", ENOSPC);
    NameList list(os, {.held_bytes_max = 1024, .spill_directory = spill.path()});
    Result<void> added;
    for (int i = 0; i < 100 && added; ++i) added = list.add(fmt::format("name-{}", i), false);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().kind(), ErrorKind::Full);
    EXPECT_EQ(added.error().subject(), spill.path());
}

TEST(NameList, of_nothing_is_empty) {
    NameList list(system_os(), {});
    ASSERT_TRUE(list.finish());
    EXPECT_TRUE(drain(list).empty());
    ASSERT_TRUE(list.spill());
    EXPECT_TRUE(drain(list).empty());
}

}  // namespace
}  // namespace godwit::posix
