#include "s3/shell_words.h"

#include <gtest/gtest.h>

namespace godwit::s3 {
namespace {

using Words = std::vector<std::string>;

// Expected: what Python's shlex.split makes of the same text.
TEST(ShellWords, cuts_as_a_shell_would) {
    EXPECT_EQ(shell_words("a b"), (Words{"a", "b"}));
    EXPECT_EQ(shell_words("a 'b c' \"d e\""), (Words{"a", "b c", "d e"}));
    EXPECT_EQ(shell_words("a\\ b"), (Words{"a b"}));
    EXPECT_EQ(shell_words("\"a\\\"b\\\\c\\d\""), (Words{"a\"b\\c\\d"}));
    EXPECT_EQ(shell_words("'a\\b'"), (Words{"a\\b"}));
    EXPECT_EQ(shell_words("a'b'c''"), (Words{"abc"}));
    EXPECT_EQ(shell_words("''"), (Words{""}));
    EXPECT_EQ(shell_words(" a\tb\nc "), (Words{"a", "b", "c"}));
    EXPECT_EQ(shell_words("  "), Words{});
    EXPECT_EQ(shell_words("$HOME `x` *"), (Words{"$HOME", "`x`", "*"}));
}

TEST(ShellWords, unfinished_text_is_absent) {
    EXPECT_EQ(shell_words("a \"unclosed"), std::nullopt);
    EXPECT_EQ(shell_words("'"), std::nullopt);
    EXPECT_EQ(shell_words("end\\"), std::nullopt);
}

}  // namespace
}  // namespace godwit::s3
