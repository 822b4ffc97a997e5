#include "engine/rate_limit.h"

#include <algorithm>

namespace godwit::engine {

runtime::Task<Result<void>> RateLimit::take(runtime::Context& context, std::uint64_t bytes) {
    if (bytes_per_second_ == 0) co_return {};
    // A bucket of 100 ms: idle time beyond it is not saved up.
    Instant earliest = loop_.now() - std::chrono::milliseconds(100);
    paid_until_ = std::max(paid_until_, earliest);
    double seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second_);
    paid_until_ += Duration(static_cast<std::int64_t>(seconds * 1e9));
    Duration debt = paid_until_ - loop_.now();
    if (debt > Duration::zero()) GODWIT_CO_TRY_VOID(co_await runtime::sleep(context, debt));
    co_return {};
}

}  // namespace godwit::engine
