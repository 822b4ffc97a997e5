#include "runtime/channel.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/group.h"
#include "runtime/manual_loop.h"

namespace godwit::runtime {
namespace {

using namespace std::chrono_literals;

struct ChannelTest : testing::Test {
    ManualLoop loop;
    Context root{loop};
    Channel<int> channel{3};
    std::vector<int> got;

    Task<void> push_all(int first, int last, int& pushed) {
        for (int i = first; i <= last; ++i) {
            auto result = co_await channel.push(root, i);
            if (!result) co_return;
            ++pushed;
        }
    }
    Task<void> pop_all(Context& context, std::string& end) {
        for (;;) {
            auto value = co_await channel.pop(context);
            if (!value) {
                end = value.error().code();
                co_return;
            }
            if (!*value) {
                end = "closed";
                co_return;
            }
            got.push_back(**value);
        }
    }
};

TEST_F(ChannelTest, holds_what_fits_and_makes_the_rest_wait) {
    int pushed = 0;
    loop.spawn(push_all(1, 5, pushed));
    EXPECT_EQ(pushed, 3);
    EXPECT_EQ(channel.size(), 3u);
    std::string end;
    loop.spawn(pop_all(root, end));
    loop.run_until_idle();
    EXPECT_EQ(pushed, 5);
    EXPECT_EQ(got, (std::vector<int>{1, 2, 3, 4, 5}));
    channel.close();
    loop.run_until_idle();
    EXPECT_EQ(end, "closed");
}

TEST_F(ChannelTest, gives_out_what_is_left_after_it_was_closed) {
    int pushed = 0;
    loop.spawn(push_all(1, 2, pushed));
    channel.close();
    std::string end;
    loop.spawn(pop_all(root, end));
    loop.run_until_idle();
    EXPECT_EQ(got, (std::vector<int>{1, 2}));
    EXPECT_EQ(end, "closed");
}

TEST_F(ChannelTest, ends_all_readers_when_closed) {
    std::string ends[3];
    for (std::string& end : ends) loop.spawn(pop_all(root, end));
    channel.close();
    loop.run_until_idle();
    for (const std::string& end : ends) EXPECT_EQ(end, "closed");
}

TEST_F(ChannelTest, loses_nothing_when_a_woken_reader_is_cancelled) {
    Context doomed(root);
    std::string first, second;
    loop.spawn(pop_all(doomed, first));
    loop.spawn(pop_all(root, second));
    int pushed = 0;
    loop.spawn(push_all(1, 1, pushed));
    doomed.cancel(stop_requested());
    loop.run_until_idle();
    EXPECT_EQ(got, std::vector<int>{1});
    EXPECT_EQ(first, "Cancelled");
    loop.spawn(push_all(2, 2, pushed));
    loop.run_until_idle();
    EXPECT_EQ(got, (std::vector<int>{1, 2}));
    channel.close();
    loop.run_until_idle();
}

TEST_F(ChannelTest, ends_waiting_writers_with_their_context) {
    int pushed = 0;
    loop.spawn(push_all(1, 5, pushed));
    root.cancel(stop_requested());
    loop.run_until_idle();
    EXPECT_EQ(pushed, 3);
}

TEST_F(ChannelTest, passes_everything_once_between_many_writers_and_readers) {
    int pushed = 0;
    std::string ends[4];
    auto owner = [&]() -> Task<void> {
        TaskGroup writers(loop);
        for (int i = 0; i < 10; ++i) writers.spawn(push_all(i * 100, i * 100 + 99, pushed));
        co_await writers.wait();
        channel.close();
    };
    for (std::string& end : ends) loop.spawn(pop_all(root, end));
    loop.spawn(owner());
    loop.run_until_idle();
    std::sort(got.begin(), got.end());
    ASSERT_EQ(got.size(), 1000u);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
    for (const std::string& end : ends) EXPECT_EQ(end, "closed");
}

}  // namespace
}  // namespace godwit::runtime
