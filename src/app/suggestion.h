// "Did you mean ...?"
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace godwit::app {

// How many letters must be inserted, removed, replaced or swapped with their neighbour to make `b`
// of `a`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that comes closest to `word`, if one is close enough to have been meant.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace godwit::app
