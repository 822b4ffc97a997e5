// Enumerators and their words, one table each: the only place that knows how a value is spelled.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace godwit::model {

template <class E, std::size_t N>
using EnumNames = std::array<std::pair<E, std::string_view>, N>;

// A value without a row is a bug.
template <class E, std::size_t N>
std::string_view name_of(const EnumNames<E, N>& names, E value) {
    auto found = std::ranges::find(names, value, &std::pair<E, std::string_view>::first);
    GODWIT_CHECK(found != names.end(), "no name for value {}", static_cast<int>(value));
    return found->second;
}

template <class E, std::size_t N>
std::optional<E> value_of(const EnumNames<E, N>& names, std::string_view name) {
    auto found = std::ranges::find(names, name, &std::pair<E, std::string_view>::second);
    if (found == names.end()) return {};
    return found->first;
}

}  // namespace godwit::model
