#include "model/prefix_guard.h"

#include <gtest/gtest.h>

namespace godwit::model {
namespace {

TEST(PrefixGuard, F65_finds_a_key_beneath_a_file_with_others_between) {
    PrefixGuard guard;
    EXPECT_EQ(guard.beneath_file("a"), "");
    guard.is_file("a");
    EXPECT_EQ(guard.beneath_file("a!x"), "");
    guard.is_file("a!x");
    EXPECT_EQ(guard.beneath_file("a/b"), "a");
    EXPECT_EQ(guard.beneath_file("a/c/d"), "a");
    EXPECT_EQ(guard.beneath_file("a0"), "");
}

TEST(PrefixGuard, F65_the_marker_of_a_file_is_beneath_it_too) {
    PrefixGuard guard;
    EXPECT_EQ(guard.beneath_file("a"), "");
    guard.is_file("a");
    EXPECT_EQ(guard.beneath_file("a/"), "a");
}

TEST(PrefixGuard, a_directory_marker_holds_what_is_in_it) {
    PrefixGuard guard;
    EXPECT_EQ(guard.beneath_file("d/"), "");
    EXPECT_EQ(guard.beneath_file("d/x"), "");
    guard.is_file("d/x");
    EXPECT_EQ(guard.beneath_file("d/x.y"), "");
    guard.is_file("d/x.y");
    EXPECT_EQ(guard.beneath_file("d/x.y/z"), "d/x.y");
    EXPECT_EQ(guard.beneath_file("d/x/q"), "d/x");
}

}  // namespace
}  // namespace godwit::model
