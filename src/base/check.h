// CHECK: assertions that stay on in production. A failed one is a bug in Godwit, never bad input:
// the process prints the condition with its values and aborts, because the ledger makes a restart
// safe and going on would not be.
#pragma once

#include <fmt/format.h>

#include <string>

namespace godwit {

// Prints `file:line: check failed: condition` and `detail` to stderr, then aborts. Async-signal
// safety is not promised.
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& detail);

}  // namespace godwit

// GODWIT_CHECK(condition, "format {}", values...): the message is optional.
#define GODWIT_CHECK(condition, ...)                                                               \
    do {                                                                                           \
        if (!(condition)) [[unlikely]]                                                             \
            ::godwit::check_failed(__FILE__, __LINE__, #condition, ::fmt::format("" __VA_ARGS__)); \
    } while (false)
