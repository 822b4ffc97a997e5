// godwit: the program. What happens, in order; each step is a file of its own.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "app/dispatch.h"
#include "app/process.h"
#include "app/session.h"
#include "app/terminal.h"

using namespace godwit;

int main(int argument_count, char** argument_values) {
    // The process: nothing that goes away at the other end may end it, descriptors are plenty, memory is
    // bounded.
    app::let_writes_fail();
    app::say_what_ran_out();
    app::raise_descriptor_limit();

    // The world, named once: everything below gets it by argument.
    app::Environment environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (!value) return {};
        return value;
    };
    app::Terminal terminal(app::stream_on(STDOUT_FILENO, environment),
                           app::stream_on(STDERR_FILENO, environment));
    app::Session session{terminal, environment, system_clock(), system_random()};

    // The command: parsed by the table of commands, run, and its end told by the exit code.
    std::vector<std::string> arguments(argument_values + 1, argument_values + argument_count);
    return static_cast<int>(app::run_program(arguments, session));
}
