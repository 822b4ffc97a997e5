// The four kinds of value that pass through the Database port. No booleans, no dates, no floating
// point: SQLite and PostgreSQL disagree about those, and agree about these.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/check.h"

namespace godwit::db {

// A value on its way into a statement. Bytes and text are views: they live with the caller until
// the statement has been reset.
class Value {
  public:
    enum class Kind : std::uint8_t { Null, Integer, Bytes, Text };

    static Value null() { return Value(Kind::Null, 0, {}); }
    static Value integer(std::int64_t value) { return Value(Kind::Integer, value, {}); }
    // Any bytes, NUL included. The empty value is not null.
    static Value bytes(std::string_view bytes) { return Value(Kind::Bytes, 0, bytes); }
    static Value bytes(std::span<const std::byte> bytes) {
        return Value(Kind::Bytes, 0, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    // Valid UTF-8 without NUL: PostgreSQL refuses anything else.
    static Value text(std::string_view text) { return Value(Kind::Text, 0, text); }
    // Null for an absent number.
    static Value integer(std::optional<std::int64_t> value) { return value ? integer(*value) : null(); }

    Kind kind() const { return kind_; }
    std::int64_t as_integer() const {
        GODWIT_CHECK(kind_ == Kind::Integer, "kind {}", static_cast<int>(kind_));
        return integer_;
    }
    // The bytes or the text.
    std::string_view view() const {
        GODWIT_CHECK(kind_ == Kind::Bytes || kind_ == Kind::Text, "kind {}", static_cast<int>(kind_));
        return view_;
    }

  private:
    Value(Kind kind, std::int64_t integer, std::string_view view)
        : kind_(kind), integer_(integer), view_(view) {}
    Kind kind_;
    std::int64_t integer_;
    std::string_view view_;
};

}  // namespace godwit::db
