// A Session whose words are caught, for tests.
#pragma once

#include <map>
#include <string>

#include "app/session.h"

namespace godwit::app {

struct Heard {
    std::string out;
    std::string err;
    std::map<std::string, std::string> variables;
    bool out_is_terminal = false;
    bool err_is_terminal = false;

    Environment environment = [this](const std::string& name) -> std::optional<std::string> {
        auto found = variables.find(name);
        if (found == variables.end()) return {};
        return found->second;
    };
    Terminal terminal{stream(out, out_is_terminal), stream(err, err_is_terminal)};
    Session session{terminal, environment, system_clock(), system_random()};

    Heard() = default;
    // True: a person sits at a terminal.
    explicit Heard(bool terminals) : out_is_terminal(terminals), err_is_terminal(terminals) {}
    Heard(const Heard&) = delete;

  private:
    static Stream stream(std::string& text, bool is_terminal) {
        Stream stream;
        stream.write = [&text](std::string_view more) {
            text += more;
            return 0;
        };
        stream.is_terminal = is_terminal;
        return stream;
    }
};

}  // namespace godwit::app
