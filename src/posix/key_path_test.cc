#include "posix/key_path.h"

#include <gtest/gtest.h>

namespace godwit::posix {
namespace {

using model::Key;

TEST(KeyPath, splits_off_the_last_component) {
    auto path = key_path(Key("a/b/c"));
    ASSERT_TRUE(path);
    EXPECT_EQ(path->path, "a/b/c");
    EXPECT_STREQ(path->name(), "c");
    EXPECT_EQ(path->parent(), "a/b");
    EXPECT_FALSE(path->is_directory);
}

TEST(KeyPath, of_a_top_level_key_has_the_root_as_parent) {
    auto path = key_path(Key("c"));
    ASSERT_TRUE(path);
    EXPECT_STREQ(path->name(), "c");
    EXPECT_EQ(path->parent(), "");
}

TEST(KeyPath, of_a_directory_drops_its_slash) {
    auto path = key_path(Key("a/b/"));
    ASSERT_TRUE(path);
    EXPECT_EQ(path->path, "a/b");
    EXPECT_STREQ(path->name(), "b");
    EXPECT_TRUE(path->is_directory);
}

TEST(KeyPath, F61_refuses_every_key_that_leaves_the_root_or_has_no_path) {
    using namespace std::string_literals;
    for (const std::string& key : {""s, "/"s, "//"s, "/etc/passwd"s, ".."s, "../x"s, "a/../../x"s, "a/.."s,
                                   "a/../"s, "."s, "./a"s, "a/./b"s, "a//b"s, "a//"s, "a/b//"s, "a\0b"s,
                                   "\0"s, std::string(256, 'x'), "a/" + std::string(256, 'x') + "/b"}) {
        auto path = key_path(Key(key));
        ASSERT_FALSE(path) << key;
        EXPECT_EQ(path.error().kind(), ErrorKind::Unsupported) << key;
        EXPECT_EQ(path.error().code(), "UnrepresentableKey") << key;
    }
}

TEST(KeyPath, takes_every_name_that_a_file_system_can_hold) {
    for (const std::string& key :
         {std::string("..."), std::string("..a"), std::string("a.."), std::string(" "), std::string("-rf"),
          std::string("a\nb"), std::string("\xff\xfe"), std::string("a\\..\\b"), std::string("~"),
          std::string(255, 'x')}) {
        EXPECT_TRUE(key_path(Key(key))) << key;
    }
}

}  // namespace
}  // namespace godwit::posix
