#include "runtime/pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <latch>

#include "runtime/group.h"
#include "runtime/io_loop.h"

namespace godwit::runtime {
namespace {

TEST(Pool, runs_a_job_on_a_thread_of_its_own_and_resumes_on_the_loop) {
    IoLoop loop;
    Pool pool(loop, 1, "test-pool");
    auto task = [&]() -> Task<bool> {
        std::thread::id mine = std::this_thread::get_id();
        auto job = [] {
            char name[16] = "";
            pthread_getname_np(pthread_self(), name, sizeof name);
            return std::pair(std::this_thread::get_id(), std::string(name));
        };
        auto [thread, name] = co_await pool.run(job);
        EXPECT_EQ(name, "test-pool");
        co_return thread != mine&& std::this_thread::get_id() == mine;
    };
    EXPECT_TRUE(loop.block_on(task()));
}

TEST(Pool, moves_results_that_cannot_be_copied) {
    IoLoop loop;
    Pool pool(loop, 2, "test-pool");
    auto task = [&]() -> Task<int> {
        auto job = [] { return std::make_unique<int>(5); };
        std::unique_ptr<int> value = co_await pool.run(job);
        co_return *value;
    };
    EXPECT_EQ(loop.block_on(task()), 5);
}

Task<void> count_one(Pool& pool, std::atomic<int>& ran, int& resumed) {
    auto job = [&] { return ++ran; };
    int number = co_await pool.run(job);
    if (number > 0) ++resumed;
}

TEST(Pool, runs_every_job_of_a_burst) {
    IoLoop loop;
    Pool pool(loop, 4, "test-pool");
    std::atomic<int> ran = 0;
    int resumed = 0;
    auto task = [&]() -> Task<int> {
        TaskGroup group(loop);
        for (int i = 0; i < 10'000; ++i) group.spawn(count_one(pool, ran, resumed));
        co_await group.wait();
        co_return resumed;
    };
    EXPECT_EQ(loop.block_on(task()), 10'000);
    EXPECT_EQ(ran, 10'000);
}

Task<void> meet(Pool& pool, std::latch& all) {
    auto job = [&] {
        all.arrive_and_wait();
        return true;
    };
    co_await pool.run(job);
}

TEST(Pool, runs_as_many_jobs_at_once_as_it_has_threads) {
    IoLoop loop;
    Pool pool(loop, 4, "test-pool");
    std::latch all(4);
    auto task = [&]() -> Task<int> {
        TaskGroup group(loop);
        for (int i = 0; i < 4; ++i) group.spawn(meet(pool, all));
        co_await group.wait();
        co_return 1;
    };
    EXPECT_EQ(loop.block_on(task()), 1);
}

TEST(Pool, has_one_thread_at_least) {
    IoLoop loop;
    EXPECT_EQ(Pool(loop, 0, "test-pool").threads(), 1u);
}

Task<void> hang_until(Pool& pool, std::latch& done) {
    auto job = [&] {
        done.wait();
        return true;
    };
    co_await pool.run(job);
}

// One turn hands in all: a thread that hangs must not keep those behind it.
TEST(Pool, gives_other_threads_what_waits_behind_a_job_that_hangs) {
    IoLoop loop;
    Pool pool(loop, 3, "test-pool");
    std::atomic<int> ran = 0;
    int resumed = 0;
    std::latch others_ran(1);
    auto task = [&]() -> Task<int> {
        TaskGroup group(loop), hanging(loop);
        for (int i = 0; i < 2; ++i) hanging.spawn(hang_until(pool, others_ran));
        for (int i = 0; i < 100; ++i) group.spawn(count_one(pool, ran, resumed));
        co_await group.wait();
        others_ran.count_down();
        co_await hanging.wait();
        co_return resumed;
    };
    EXPECT_EQ(loop.block_on(task()), 100);
}

// Jobs are given back while others still run.
TEST(Pool, gives_back_what_is_done_while_the_next_job_takes_long) {
    IoLoop loop;
    Pool pool(loop, 1, "test-pool");
    std::atomic<int> ran = 0;
    int resumed = 0;
    std::latch first_resumed(1);
    auto slow = [&](std::chrono::milliseconds time) -> Task<void> {
        auto job = [&] {
            for (Instant end = system_clock().now() + time; system_clock().now() < end;) continue;
            return true;
        };
        co_await pool.run(job);
    };
    auto first = [&]() -> Task<void> {
        co_await count_one(pool, ran, resumed);
        co_await slow(std::chrono::milliseconds(1));
        first_resumed.count_down();
    };
    auto last = [&]() -> Task<void> {
        co_await slow(std::chrono::milliseconds(1));
        co_await hang_until(pool, first_resumed);
    };
    auto task = [&]() -> Task<int> {
        TaskGroup group(loop);
        group.spawn(first());
        group.spawn(last());
        co_await group.wait();
        co_return resumed;
    };
    EXPECT_EQ(loop.block_on(task()), 1);
}

TEST(Pool, finishes_what_was_handed_in_before_it_ends) {
    IoLoop loop;
    std::optional<Pool> pool(std::in_place, loop, 2, "test-pool");
    std::atomic<int> ran = 0;
    int resumed = 0;
    auto task = [&]() -> Task<int> {
        TaskGroup group(loop);
        for (int i = 0; i < 1000; ++i) group.spawn(count_one(*pool, ran, resumed));
        // The end of the first turn hands the jobs in; this runs in the second.
        loop.post([&] { loop.post([&] { pool.reset(); }); });
        co_await group.wait();
        co_return resumed;
    };
    EXPECT_EQ(loop.block_on(task()), 1000);
}

}  // namespace
}  // namespace godwit::runtime
