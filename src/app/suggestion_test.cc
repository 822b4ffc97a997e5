#include "app/suggestion.h"

#include <gtest/gtest.h>

#include <vector>

namespace godwit::app {
namespace {

TEST(Suggestion, distance_counts_edits) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("copy", "copy"), 0u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("cpoy", "copy"), 1u);  // swapped
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggestion, only_close_words_are_suggested) {
    std::vector<std::string> words{"copy", "verify", "executions"};
    EXPECT_EQ(nearest("coppy", words), "copy");
    EXPECT_EQ(nearest("exec", words), "executions");
    EXPECT_EQ(nearest("verfy", words), "verify");
    EXPECT_EQ(nearest("banana", words), std::nullopt);
    EXPECT_EQ(nearest(std::string(1000, 'x'), words), std::nullopt);
}

}  // namespace
}  // namespace godwit::app
