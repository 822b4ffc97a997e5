// What operators read when they ask why: one line an event, on stderr, with named fields.
//
//   2026-11-21T21:30:17.042Z warning posix: owner not kept  key="a b"  code=EPERM
//
// A Log is made in main() and handed down; there is no global one. What a program must act on is in
// Results and the ledger, never only here. Values are escaped, so that a key can't forge a line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace godwit {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error, Off };

// "debug", "info", "warn", "error", "off".
std::optional<LogLevel> log_level_from(std::string_view name);

struct LogField {
    std::string_view name;
    std::string value;
};

// May be used from any thread.
class Log {
  public:
    // Events below `level` cost one comparison.
    explicit Log(LogLevel level);
    ~Log();
    Log(Log&&) noexcept;
    Log& operator=(Log&&) noexcept;

    bool enabled(LogLevel level) const { return level >= level_; }
    // `event` is a fixed phrase, "module: what happened". No value may be a secret.
    void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {}) const;

  private:
    struct Sink;
    LogLevel level_;
    std::unique_ptr<Sink> sink_;
};

// The line that write() prints, without time and level.
std::string log_line(std::string_view event, std::initializer_list<LogField> fields);

}  // namespace godwit
