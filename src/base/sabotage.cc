#include "base/sabotage.h"

#ifdef GODWIT_SABOTAGE_BUILD

#include <array>
#include <cstdlib>
#include <string_view>

namespace godwit::sabotage {
namespace {

#define GODWIT_SABOTAGE_TEXT(name, effect) #name,
constexpr auto kNames = std::to_array<std::string_view>({GODWIT_SABOTAGE_BUGS(GODWIT_SABOTAGE_TEXT)});
#undef GODWIT_SABOTAGE_TEXT

}  // namespace

bool is_planted(Bug bug) {
    static const char* const planted = std::getenv("GODWIT_SABOTAGE");
    return planted && planted == kNames[static_cast<std::size_t>(bug)];
}

}  // namespace godwit::sabotage

#endif
