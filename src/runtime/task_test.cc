#include "runtime/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/group.h"
#include "runtime/manual_loop.h"
#include "runtime/wait.h"

namespace godwit::runtime {
namespace {

using namespace std::chrono_literals;

Task<int> number(int value) {
    co_return value;
}

Task<int> sum_of(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += co_await number(1);
    co_return sum;
}

Task<void> store_sum(int count, int& out) {
    out = co_await sum_of(count);
}

TEST(Task, begins_when_it_is_awaited) {
    bool began = false;
    auto work = [](bool& flag) -> Task<void> {
        flag = true;
        co_return;
    };
    Task<void> task = work(began);
    EXPECT_FALSE(began);
    ManualLoop loop;
    loop.spawn(std::move(task));
    EXPECT_TRUE(began);
}

TEST(Task, hands_values_on_without_growing_the_stack) {
    ManualLoop loop;
    int sum = 0;
    loop.spawn(store_sum(1'000'000, sum));
    EXPECT_EQ(sum, 1'000'000);
}

TEST(Task, moves_values_that_cannot_be_copied) {
    ManualLoop loop;
    int got = 0;
    auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    auto take = [&]() -> Task<void> {
        std::unique_ptr<int> value = co_await make();
        got = *value;
    };
    loop.spawn(take());
    EXPECT_EQ(got, 7);
}

TEST(Task, frees_its_frame_when_it_is_dropped_before_it_began) {
    auto held = std::make_shared<int>(1);
    {
        auto keep = [](std::shared_ptr<int> value) -> Task<int> { co_return *value; };
        Task<int> never = keep(held);
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, carries_results_through_the_try_macros) {
    ManualLoop loop;
    auto fail = []() -> Task<Result<int>> { co_return Error(ErrorKind::Busy, "do", "it", "not now"); };
    auto pass_on = [&]() -> Task<Result<std::string>> {
        GODWIT_CO_TRY(int value, co_await fail());
        co_return std::to_string(value);
    };
    std::optional<ErrorKind> kind;
    auto look = [&]() -> Task<void> {
        auto result = co_await pass_on();
        kind = result.error().kind();
    };
    loop.spawn(look());
    EXPECT_EQ(kind, ErrorKind::Busy);
}

Task<void> append_after(Context& context, Duration wait, int value, std::vector<int>& out) {
    auto slept = co_await sleep(context, wait);
    EXPECT_TRUE(slept);
    out.push_back(value);
}

TEST(TaskGroup, runs_its_tasks_beside_one_another_and_waits_for_all) {
    ManualLoop loop;
    Context context(loop);
    std::vector<int> ended;
    auto owner = [&]() -> Task<void> {
        TaskGroup group(loop);
        group.spawn(append_after(context, 3s, 3, ended));
        group.spawn(append_after(context, 1s, 1, ended));
        group.spawn(append_after(context, 2s, 2, ended));
        EXPECT_EQ(group.running(), 3u);
        co_await group.wait();
        ended.push_back(0);
    };
    loop.spawn(owner());
    loop.advance(2s);
    EXPECT_EQ(ended, (std::vector<int>{1, 2}));
    loop.advance(1s);
    EXPECT_EQ(ended, (std::vector<int>{1, 2, 3, 0}));
}

TEST(TaskGroup, can_wait_for_room_only) {
    ManualLoop loop;
    Context context(loop);
    std::vector<int> ended;
    bool had_room = false;
    auto owner = [&]() -> Task<void> {
        TaskGroup group(loop);
        group.spawn(append_after(context, 1s, 1, ended));
        group.spawn(append_after(context, 5s, 2, ended));
        co_await group.wait(2);
        had_room = true;
        co_await group.wait();
    };
    loop.spawn(owner());
    EXPECT_FALSE(had_room);
    loop.advance(1s);
    EXPECT_TRUE(had_room);
    loop.advance(4s);
    EXPECT_EQ(ended.size(), 2u);
}

TEST(TaskGroup, does_not_wait_when_nothing_runs) {
    ManualLoop loop;
    bool passed = false;
    auto owner = [&]() -> Task<void> {
        TaskGroup group(loop);
        group.spawn([]() -> Task<void> { co_return; }());
        co_await group.wait();
        passed = true;
    };
    loop.spawn(owner());
    EXPECT_TRUE(passed);
}

}  // namespace
}  // namespace godwit::runtime
