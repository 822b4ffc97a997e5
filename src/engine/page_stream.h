// PageStream<T>: rows that arrive in pages, looked at one by one. The merge sees only current() and
// pop(); a coroutine is entered once a page, not once a row.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"

namespace godwit::engine {

template <class T>
class PageStream {
  public:
    struct Page {
        std::vector<T> rows;
        bool last = false;
    };
    using Fetch = std::function<runtime::Task<Result<Page>>()>;

    // `fetch` gives the next page; it is not called again after the last one or an error.
    explicit PageStream(Fetch fetch) : fetch_(std::move(fetch)) {}

    // True when current() can tell; else await fill() first.
    bool ready() const { return next_ < page_.rows.size() || page_.last; }

    runtime::Task<Result<void>> fill() {
        while (!ready()) {
            GODWIT_CO_TRY(page_, co_await fetch_());
            next_ = 0;
        }
        co_return {};
    }

    // Null at the end of the stream. Valid until the next pop() or fill().
    T* current() { return next_ < page_.rows.size() ? &page_.rows[next_] : nullptr; }
    void pop() { ++next_; }

  private:
    Fetch fetch_;
    Page page_;
    std::size_t next_ = 0;
};

}  // namespace godwit::engine
