// Something that goes on for as long as something else does: reports, looks at the clock.
#pragma once

#include "runtime/context.h"
#include "runtime/group.h"
#include "runtime/task.h"

namespace godwit::app {

// Awaits `work`. Meanwhile beside.run(context) goes on, a Task<void> that ends when its context does.
template <class Beside, class T>
runtime::Task<T> during(runtime::Loop& loop, Beside& beside, runtime::Task<T> work) {
    runtime::Context context(loop);
    runtime::TaskGroup group(loop);
    group.spawn(beside.run(context));
    T result = co_await std::move(work);
    context.cancel(runtime::stop_requested());
    co_await group.wait();
    co_return std::move(result);
}

}  // namespace godwit::app
