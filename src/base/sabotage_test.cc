#include "base/sabotage.h"

#ifndef GODWIT_SABOTAGE_BUILD

// Every use of a bug is this constant in all builds but one, so that nothing of it is left in their code.
#define GODWIT_SABOTAGE_IS_FALSE(name, effect) static_assert(!GODWIT_SABOTAGE(name));
GODWIT_SABOTAGE_BUGS(GODWIT_SABOTAGE_IS_FALSE)
#undef GODWIT_SABOTAGE_IS_FALSE

#endif
