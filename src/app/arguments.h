// What was asked on the command line, checked against the table of commands.
//
// Order: option, then its environment variable GODWIT_<OPTION>, then the table's default.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_table.h"
#include "app/terminal.h"
#include "base/clock.h"
#include "base/result.h"

namespace godwit::app {

// Values of options by name, each valid for its kind. Asking for an option that the command does not
// have gives "not given".
class Values {
  public:
    bool flag(std::string_view name) const;
    // How often a flag was given: -vv is 2.
    int times(std::string_view name) const;
    // Of an option that was given several times: the last one,
    std::optional<std::string> text(std::string_view name) const;
    // or all of them, in order.
    std::vector<std::string> all(std::string_view name) const;
    std::optional<std::uint64_t> number(std::string_view name) const;  // of a Number or Size
    std::optional<Duration> duration(std::string_view name) const;

    void set(const std::string& name, std::string value) { values_[name].push_back(std::move(value)); }
    bool has(std::string_view name) const { return values_.contains(name); }
    // Of all options that have a value, in order.
    std::vector<std::string> names() const;

  private:
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

struct Invocation {
    // Null: none was named; then help is wanted.
    const Command* command = nullptr;
    bool help_wanted = false;
    // With help_wanted: "executions", when only the noun of several commands was named.
    std::string noun;
    Values values;
    std::vector<std::string> words;  // positional arguments, as many as the command takes
};

// Fails with a usage error that names what was written, why it cannot be, and what comes closest.
Result<Invocation> parse_arguments(std::span<const std::string> arguments, const Environment& environment);

// Is `value` one that `option` takes? `origin` is what the user wrote it at ("--memory").
Result<void> check_value(const Option& option, const std::string& origin, const std::string& value);

}  // namespace godwit::app
