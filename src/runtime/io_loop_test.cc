#include "runtime/io_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "runtime/group.h"

namespace godwit::runtime {
namespace {

using namespace std::chrono_literals;
using Direction = FdWatch::Direction;

// Two connected, non-blocking sockets.
struct SocketPair {
    int ends[2] = {-1, -1};
    SocketPair() {
        GODWIT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    }
    ~SocketPair() {
        for (int fd : ends) close(fd);
    }
    void say(int end) { GODWIT_CHECK(write(ends[end], "x", 1) == 1); }
    // Until nothing more fits.
    void fill(int end) {
        char bytes[4096] = "";
        while (write(ends[end], bytes, sizeof bytes) > 0) {
        }
    }
    void drain(int end) {
        char bytes[65536];
        while (read(ends[end], bytes, sizeof bytes) > 0) {
        }
    }
};

struct IoLoopTest : testing::Test {
    IoLoop loop;
    Context root{loop};
    SocketPair pair;
};

TEST_F(IoLoopTest, block_on_returns_what_a_task_gave_even_if_it_never_waited) {
    auto at_once = []() -> Task<int> { co_return 1; };
    auto later = [&]() -> Task<int> {
        auto slept = co_await sleep(root, 1ms);
        co_return slept ? 2 : 0;
    };
    EXPECT_EQ(loop.block_on(at_once()), 1);
    EXPECT_EQ(loop.block_on(later()), 2);
    EXPECT_EQ(loop.block_on(at_once()), 1);
    EXPECT_EQ(loop.block_on(later()), 2);
}

TEST_F(IoLoopTest, stop_counts_when_it_comes_before_run) {
    loop.stop();
    loop.run();
    std::thread stopper([&] { loop.stop(); });
    loop.run();
    stopper.join();
}

TEST_F(IoLoopTest, runs_posted_work_in_order_on_its_thread) {
    std::vector<int> order;
    std::thread::id mine = std::this_thread::get_id();
    std::thread poster([&] {
        for (int i = 0; i < 1000; ++i) {
            loop.post([&, i] {
                if (std::this_thread::get_id() == mine) order.push_back(i);
            });
        }
        loop.post([&] { loop.stop(); });
    });
    loop.run();
    poster.join();
    ASSERT_EQ(order.size(), 1000u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(IoLoopTest, sleeps_no_shorter_than_asked_and_in_order) {
    std::vector<int> order;
    auto nap = [&](Duration duration, int number) -> Task<void> {
        Instant began = loop.now();
        auto slept = co_await sleep(root, duration);
        EXPECT_TRUE(slept);
        EXPECT_GE(loop.now() - began, duration);
        order.push_back(number);
    };
    auto all = [&]() -> Task<int> {
        TaskGroup group(loop);
        group.spawn(nap(15ms, 3));
        group.spawn(nap(1ms, 1));
        group.spawn(nap(8ms, 2));
        group.spawn(nap(0ms, 0));
        co_await group.wait();
        co_return 0;
    };
    loop.block_on(all());
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(IoLoopTest, wakes_a_reader_when_bytes_come) {
    FdWatch watch(loop, pair.ends[0]);
    auto reader = [&]() -> Task<int> {
        int rounds = 0;
        for (; rounds < 3; ++rounds) {
            loop.post([&] { pair.say(1); });
            auto ready = co_await watch.readable(root);
            char byte;
            if (!ready || read(pair.ends[0], &byte, 1) != 1) break;
        }
        co_return rounds;
    };
    EXPECT_EQ(loop.block_on(reader()), 3);
}

TEST_F(IoLoopTest, tells_of_bytes_that_were_there_before_the_wait) {
    pair.say(1);
    FdWatch watch(loop, pair.ends[0]);
    auto reader = [&]() -> Task<int> {
        for (int i = 0; i < 3; ++i) {
            // Nobody reads them, so they are there each time.
            auto ready = co_await watch.readable(root);
            if (!ready) co_return i;
        }
        co_return 3;
    };
    EXPECT_EQ(loop.block_on(reader()), 3);
}

TEST_F(IoLoopTest, wakes_reader_and_writer_of_one_descriptor_apart) {
    FdWatch watch(loop, pair.ends[0]);
    pair.fill(0);
    std::string order;
    auto read = [&]() -> Task<void> {
        auto ready = co_await watch.readable(root);
        order += ready ? 'r' : '-';
        pair.drain(1);
    };
    auto write = [&]() -> Task<void> {
        auto ready = co_await watch.writable(root);
        order += ready ? 'w' : '-';
    };
    auto both = [&]() -> Task<int> {
        TaskGroup group(loop);
        group.spawn(write());
        group.spawn(read());
        pair.say(1);
        co_await group.wait();
        co_return 0;
    };
    loop.block_on(both());
    EXPECT_EQ(order, "rw");
}

TEST_F(IoLoopTest, either_says_which_direction_came_first) {
    FdWatch watch(loop, pair.ends[0]);
    auto first = [&]() -> Task<Direction> {
        auto direction = co_await watch.either(root);
        co_return *direction;
    };
    EXPECT_EQ(loop.block_on(first()), Direction::Write);
    pair.fill(0);
    pair.say(1);
    EXPECT_EQ(loop.block_on(first()), Direction::Read);
    pair.drain(0);
    pair.drain(1);
    EXPECT_EQ(loop.block_on(first()), Direction::Write);
}

TEST_F(IoLoopTest, ends_waits_for_descriptors_with_their_context) {
    FdWatch watch(loop, pair.ends[0]);
    pair.fill(0);
    auto limited = [&](int way) -> Task<std::string> {
        Context context(root, 5ms, "test");
        Result<void> ended;
        if (way == 0) {
            ended = co_await watch.readable(context);
        } else if (way == 1) {
            ended = co_await watch.writable(context);
        } else {
            auto either = co_await watch.either(context);
            if (!either) ended = std::move(either.error());
        }
        co_return ended ? "ready" : ended.error().code();
    };
    for (int way = 0; way < 3; ++way) EXPECT_EQ(loop.block_on(limited(way)), "Timeout") << way;
    // And the watch still works.
    pair.say(1);
    for (int way : {0, 2}) EXPECT_EQ(loop.block_on(limited(way)), "ready") << way;
}

TEST_F(IoLoopTest, refuses_to_wait_under_an_ended_context) {
    FdWatch watch(loop, pair.ends[0]);
    root.cancel(stop_requested());
    auto wait = [&]() -> Task<int> {
        auto readable = co_await watch.readable(root);
        auto either = co_await watch.either(root);
        co_return readable || either ? 1 : 0;
    };
    EXPECT_EQ(loop.block_on(wait()), 0);
}

TEST_F(IoLoopTest, is_not_starved_by_coroutines_that_resume_one_another) {
    bool stop = false;
    struct Again {
        Loop& loop;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) { loop.resume_soon(handle); }
        void await_resume() const noexcept {}
    };
    auto spin = [&]() -> Task<void> {
        Again again{loop};
        while (!stop) co_await again;
    };
    FdWatch watch(loop, pair.ends[0]);
    auto all = [&]() -> Task<int> {
        TaskGroup group(loop);
        group.spawn(spin());
        auto slept = co_await sleep(root, 2ms);
        EXPECT_TRUE(slept);
        pair.say(1);
        auto ready = co_await watch.readable(root);
        stop = true;
        co_await group.wait();
        co_return ready ? 1 : 0;
    };
    EXPECT_EQ(loop.block_on(all()), 1);
}

}  // namespace
}  // namespace godwit::runtime
