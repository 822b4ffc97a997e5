#include "app/limit_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "app/exit_code.h"
#include "app/json_text.h"

namespace godwit::app {
namespace {

constexpr std::uint64_t kConcurrencyMax = 16'384;
// Below this not even one part of a large object fits.
constexpr std::uint64_t kMemoryBytesMin = 16ull << 20;

// An object under way holds its source, a staged file or connection, and their directories.
std::uint32_t fit_to_descriptors(std::uint64_t descriptors, std::uint32_t concurrency) {
    constexpr std::uint64_t kOfTheProcess = 128, kOfAnObject = 4, kConcurrencyMin = 4;
    std::uint64_t free = descriptors > kOfTheProcess ? descriptors - kOfTheProcess : 0;
    std::uint64_t most = std::max(kConcurrencyMin, free / kOfAnObject);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(concurrency, most));
}

Error not_ours(const std::string& text) {
    return {ErrorKind::Corrupt, "read", "the limits of an execution",
            "not what Godwit writes: " + printable(text)};
}

}  // namespace

engine::Limits LimitSettings::at(std::int64_t unix_ns) const {
    engine::Limits limits = fixed;
    limits.bytes_per_second = bytes_per_second.at(unix_ns);
    return limits;
}

Result<LimitSettings> limit_settings(const Values& values, std::uint64_t descriptors) {
    LimitSettings settings;
    if (auto concurrency = values.number("concurrency")) {
        if (*concurrency < 1 || *concurrency > kConcurrencyMax) {
            return usage_error(fmt::format("--concurrency={}", *concurrency),
                               fmt::format("is out of range; allowed are 1 to {}", kConcurrencyMax));
        }
        settings.fixed.concurrency_max = static_cast<std::uint32_t>(*concurrency);
    }
    settings.fixed.concurrency_max = fit_to_descriptors(descriptors, settings.fixed.concurrency_max);
    settings.fixed.memory_bytes_max = values.number("memory").value_or(settings.fixed.memory_bytes_max);
    if (settings.fixed.memory_bytes_max < kMemoryBytesMin) {
        return usage_error("--memory=" + values.text("memory").value_or(""),
                           "is too little; 16MiB is the least");
    }
    if (auto rate = values.text("limit-bytes-per-second")) {
        auto timetable = RateTimetable::parse(*rate);
        if (!timetable) return usage_error("--limit-bytes-per-second", timetable.error().message());
        settings.bytes_per_second = std::move(*timetable);
    }
    settings.requests_per_second = values.number("limit-requests-per-second").value_or(0);
    return settings;
}

Result<std::string> limits_text(const std::string& text, const Values& values) {
    GODWIT_TRY(Values before, limit_values(text));
    boost::json::object limits;
    for (std::string_view name : kLimitOptions) {
        auto value = values.text(name);
        if (!value) value = before.text(name);
        if (value) limits[name] = *value;
    }
    return limits.empty() ? std::string() : json_text(limits);
}

Result<Values> limit_values(const std::string& text) {
    Values values;
    if (text.empty()) return values;
    boost::system::error_code error;
    boost::json::value parsed = boost::json::parse(text, error);
    if (error || !parsed.is_object()) return not_ours(text);
    for (const auto& [name, value] : parsed.get_object()) {
        if (std::ranges::find(kLimitOptions, std::string_view(name)) == kLimitOptions.end() ||
            !value.is_string())
            return not_ours(text);
        values.set(std::string(name), std::string(value.get_string()));
    }
    return values;
}

}  // namespace godwit::app
