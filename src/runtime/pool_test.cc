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
    Pool pool(1, "test-pool");
    auto task = [&]() -> Task<bool> {
        std::thread::id mine = std::this_thread::get_id();
        auto job = [] {
            char name[16] = "";
            pthread_getname_np(pthread_self(), name, sizeof name);
            return std::pair(std::this_thread::get_id(), std::string(name));
        };
        auto [thread, name] = co_await pool.run(loop, job);
        EXPECT_EQ(name, "test-pool");
        co_return thread != mine&& std::this_thread::get_id() == mine;
    };
    EXPECT_TRUE(loop.block_on(task()));
}

TEST(Pool, moves_results_that_cannot_be_copied) {
    IoLoop loop;
    Pool pool(2, "test-pool");
    auto task = [&]() -> Task<int> {
        auto job = [] { return std::make_unique<int>(5); };
        std::unique_ptr<int> value = co_await pool.run(loop, job);
        co_return *value;
    };
    EXPECT_EQ(loop.block_on(task()), 5);
}

Task<void> count_one(Pool& pool, IoLoop& loop, std::atomic<int>& ran, int& resumed) {
    auto job = [&] { return ++ran; };
    int number = co_await pool.run(loop, job);
    if (number > 0) ++resumed;
}

TEST(Pool, runs_every_job_of_a_burst) {
    IoLoop loop;
    Pool pool(4, "test-pool");
    std::atomic<int> ran = 0;
    int resumed = 0;
    auto task = [&]() -> Task<int> {
        TaskGroup group(loop);
        for (int i = 0; i < 10'000; ++i) group.spawn(count_one(pool, loop, ran, resumed));
        co_await group.wait();
        co_return resumed;
    };
    EXPECT_EQ(loop.block_on(task()), 10'000);
    EXPECT_EQ(ran, 10'000);
}

Task<void> meet(Pool& pool, IoLoop& loop, std::latch& all) {
    auto job = [&] {
        all.arrive_and_wait();
        return true;
    };
    co_await pool.run(loop, job);
}

TEST(Pool, runs_as_many_jobs_at_once_as_it_has_threads) {
    IoLoop loop;
    Pool pool(4, "test-pool");
    std::latch all(4);
    auto task = [&]() -> Task<int> {
        TaskGroup group(loop);
        for (int i = 0; i < 4; ++i) group.spawn(meet(pool, loop, all));
        co_await group.wait();
        co_return 1;
    };
    EXPECT_EQ(loop.block_on(task()), 1);
}

TEST(Pool, has_one_thread_at_least) {
    EXPECT_EQ(Pool(0, "test-pool").threads(), 1u);
}

// A job without a coroutine.
struct Plain : Pool::Job {
    explicit Plain(std::atomic<int>& counter) : ended(counter) {}
    void work() override {}
    void finish() override { ++ended; }
    std::atomic<int>& ended;
};

TEST(Pool, finishes_what_was_handed_in_before_it_ends) {
    std::atomic<int> ended = 0;
    std::vector<std::unique_ptr<Plain>> jobs;
    {
        Pool pool(2, "test-pool");
        for (int i = 0; i < 1000; ++i) {
            jobs.push_back(std::make_unique<Plain>(ended));
            pool.submit(*jobs.back());
        }
    }
    EXPECT_EQ(ended, 1000);
}

}  // namespace
}  // namespace godwit::runtime
