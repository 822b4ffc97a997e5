// What a fuzz target is: one function of bytes that nobody vouches for. It calls the product and checks
// what the product promises with GODWIT_CHECK, so that a broken promise ends the process as a broken
// memory access does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace godwit::fuzz {

// The input, cut from its head. What is not there is empty or 0.
class Input {
  public:
    explicit Input(std::string_view bytes) : rest_(bytes) {}

    bool empty() const { return rest_.empty(); }
    std::uint8_t byte() {
        std::string_view taken = take(1);
        return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken.front());
    }
    // Eight bytes, the lowest first.
    std::uint64_t number() {
        std::uint64_t value = 0;
        unsigned shift = 0;
        for (char c : take(8)) {
            value |= std::uint64_t{static_cast<std::uint8_t>(c)} << shift;
            shift += 8;
        }
        return value;
    }
    std::int64_t signed_number() { return static_cast<std::int64_t>(number()); }
    // A byte that tells how many follow, and those.
    std::string_view block() { return take(byte()); }
    // Up to the next line feed, which is dropped.
    std::string_view line() {
        std::string_view text = take(std::min(rest_.find('\n'), rest_.size()));
        take(1);
        return text;
    }
    std::string_view rest() { return take(rest_.size()); }

  private:
    std::string_view take(std::size_t bytes) {
        std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view rest_;
};

// Defined by each target.
void run(Input input);

}  // namespace godwit::fuzz
