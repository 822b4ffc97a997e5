// for_each_in_pool: one piece of blocking work for each item, on as many pool threads as there are.
#pragma once

#include <algorithm>
#include <atomic>
#include <vector>

#include "runtime/group.h"
#include "runtime/pool.h"

namespace godwit::posix {

// Resumes when `work(item)` has returned for all items. Each lane takes the next item when it is
// done with one, so a slow one holds up only itself. `items` and `work` live until then.
template <class Item, class Work>
runtime::Task<void> for_each_in_pool(runtime::Loop& loop, runtime::Pool& pool, std::vector<Item>& items,
                                     Work& work) {
    std::atomic<std::size_t> next = 0;
    auto lane_job = [&] {
        std::size_t done = 0;
        for (std::size_t i = next++; i < items.size(); i = next++, ++done) work(items[i]);
        return done;
    };
    auto lane = [](runtime::Pool& threads, auto& job) -> runtime::Task<void> { co_await threads.run(job); };
    runtime::TaskGroup lanes(loop);
    for (std::size_t i = 0; i < std::min(items.size(), pool.threads()); ++i)
        lanes.spawn(lane(pool, lane_job));
    co_await lanes.wait();
}

}  // namespace godwit::posix
