// The version that this program was built as.
#pragma once

#include <string_view>

namespace godwit::app {

#ifdef GODWIT_VERSION
inline constexpr std::string_view kVersion = GODWIT_VERSION;
#else
inline constexpr std::string_view kVersion = "0.0.0-dev";
#endif

}  // namespace godwit::app
