// What a command may use of the process. Made in main() and handed down: nothing in Godwit reaches
// for the process by itself.
#pragma once

#include "app/terminal.h"
#include "base/clock.h"
#include "base/random.h"

namespace godwit::app {

// All of it outlives every command.
struct Session {
    Terminal& terminal;
    const Environment& environment;
    const Clock& clock;
    Random& random;
};

}  // namespace godwit::app
