#include "app/process.h"

#include <gtest/gtest.h>

#include <latch>
#include <new>
#include <thread>
#include <vector>

namespace godwit::app {
namespace {

void run_out_of_memory(int threads) {
    say_what_ran_out();
    std::latch together(threads);
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i) {
        running.emplace_back([&] {
            together.arrive_and_wait();
            std::get_new_handler()();
        });
    }
}

TEST(ProcessDeathTest, H80ThreadsThatRunOutOfMemoryAtOnceSaySoOnce) {
    for (int i = 0; i < 20; ++i) {
        EXPECT_EXIT(run_out_of_memory(8), testing::ExitedWithCode(1),
                    "^error: LOCAL: out of memory\n"
                    "  fix: allow more of it, or lower --memory; the same command carries on\n$");
    }
}

}  // namespace
}  // namespace godwit::app
