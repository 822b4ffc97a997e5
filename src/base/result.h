// Result<T>: a T or an Error, for all that the world can do to us. Dropping one is a warning, and
// warnings are errors.
#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace godwit {

template <class T>
struct [[nodiscard]] Result : std::expected<T, Error> {
    using std::expected<T, Error>::expected;
    Result(Error error) : std::expected<T, Error>(std::unexpected(std::move(error))) {}
};

template <>
struct [[nodiscard]] Result<void> : std::expected<void, Error> {
    using std::expected<void, Error>::expected;
    Result(Error error) : std::expected<void, Error>(std::unexpected(std::move(error))) {}
};

}  // namespace godwit

#define GODWIT_CONCAT_(a, b) a##b
#define GODWIT_CONCAT(a, b) GODWIT_CONCAT_(a, b)
#define GODWIT_TRY_(temporary, declaration, expression, leave)           \
    auto temporary = (expression);                                       \
    if (!temporary) leave ::godwit::Error(std::move(temporary.error())); \
    declaration = *std::move(temporary)

// GODWIT_TRY(auto x, f()): declares x from f()'s value or returns its error. `f()` returns Result.
#define GODWIT_TRY(declaration, expression) \
    GODWIT_TRY_(GODWIT_CONCAT(try_, __COUNTER__), declaration, expression, return)
// The same in a coroutine: GODWIT_CO_TRY(auto x, co_await f()).
#define GODWIT_CO_TRY(declaration, expression) \
    GODWIT_TRY_(GODWIT_CONCAT(try_, __COUNTER__), declaration, expression, co_return)

// For a Result<void>, or one whose value is not wanted.
#define GODWIT_TRY_VOID(expression)                                                              \
    do {                                                                                         \
        if (auto tried = (expression); !tried) return ::godwit::Error(std::move(tried.error())); \
    } while (false)
#define GODWIT_CO_TRY_VOID(expression)                                                              \
    do {                                                                                            \
        if (auto tried = (expression); !tried) co_return ::godwit::Error(std::move(tried.error())); \
    } while (false)
