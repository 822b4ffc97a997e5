#include "model/sample.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/digest.h"
#include "base/encoding.h"

namespace godwit::model {
namespace {

struct Period {
    std::string_view name;
    std::int64_t seconds;
};
constexpr std::array kPeriods{Period{"/hour", 3'600}, Period{"/day", 86'400}, Period{"/week", 7 * 86'400}};
constexpr double kSlotsMax = 1e9;

// "12.5%": 12.5.
std::optional<double> percent_from(std::string_view text) {
    if (!text.ends_with('%')) return {};
    text.remove_suffix(1);
    double percent = 0;
    auto [end, failed] =
        std::from_chars(text.data(), text.data() + text.size(), percent, std::chars_format::fixed);
    bool whole = failed == std::errc() && end == text.data() + text.size();
    if (!whole || !(percent > 0) || percent > 100 || 100 / percent > kSlotsMax) return {};
    return percent;
}

}  // namespace

bool Sample::holds(std::string_view key) const {
    std::uint64_t number = 0;
    for (std::byte byte : digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(key)).bytes())
        number = number << 8 | static_cast<std::uint64_t>(byte);
    return number % slots == slot;
}

std::optional<Sample> sample_from(std::string_view text, std::int64_t unix_ns, std::uint64_t any) {
    constexpr std::int64_t kSecondNs = 1'000'000'000;
    std::uint64_t number = any;
    for (const Period& period : kPeriods) {
        if (!text.ends_with(period.name)) continue;
        text.remove_suffix(period.name.size());
        number = static_cast<std::uint64_t>(unix_ns / kSecondNs / period.seconds);
    }
    std::optional<double> percent = percent_from(text);
    if (!percent) return {};
    auto slots = static_cast<std::uint64_t>(std::floor(100 / *percent));
    return Sample{slots, number % slots};
}

}  // namespace godwit::model
