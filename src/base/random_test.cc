#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace godwit {
namespace {

TEST(SystemRandom, does_not_repeat_itself) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(random_hex(system_random(), 16));
    EXPECT_EQ(seen.size(), 1000u);
    EXPECT_EQ(seen.begin()->size(), 32u);
    EXPECT_EQ(random_hex(system_random(), 0), "");
}

}  // namespace
}  // namespace godwit
