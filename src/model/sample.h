// Sample: a part of all keys, chosen so that sample after sample comes to each of them.
//
// Keys fall into as many slots as there are samples until all have been seen, by a digest of the key alone; a
// sample is one slot. With slots numbered by time, "1% a day" has seen every key after a hundred days,
// wherever it runs and whatever came and went.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace godwit::model {

struct Sample {
    std::uint64_t slots = 1;  // at least 1
    std::uint64_t slot = 0;   // this one, less than `slots`

    bool holds(std::string_view key) const;

    friend bool operator==(const Sample&, const Sample&) = default;
};

// "5%" (of all keys, another part each time: slot `any` modulo the slots), "1%/day", "0.1%/hour", "10%/week":
// slots follow one another as the time does. More than 0 and at most 100 %; a part that is no whole fraction
// is rounded up to one. Absent for anything else.
std::optional<Sample> sample_from(std::string_view text, std::int64_t unix_ns, std::uint64_t any);

}  // namespace godwit::model
