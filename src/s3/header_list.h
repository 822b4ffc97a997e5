// The headers of one request on their way from the operation to the wire.
//
// Names and values lie one after the other in one string, because a small PUT carries a dozen of
// them and an allocation each would cost more than signing does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace godwit::s3 {

class HeaderList {
  public:
    HeaderList() {
        bytes_.reserve(768);
        spans_.reserve(24);
    }

    // `name` in lower case; each name at most once. CR, LF and NUL in either are a bug of the caller,
    // who refuses or encodes foreign values first: they would let a value forge a header.
    void add(std::string_view name, std::string_view value) { append(name, value, true); }
    // The same, but left out of the signature: for what a proxy may change (user-agent).
    void add_unsigned(std::string_view name, std::string_view value) { append(name, value, false); }

    std::size_t size() const { return spans_.size(); }
    // Both are valid until the next add.
    std::string_view name(std::size_t i) const { return view(spans_[i].begin, spans_[i].middle); }
    std::string_view value(std::size_t i) const { return view(spans_[i].middle, spans_[i].end); }
    bool is_signed(std::size_t i) const { return spans_[i].is_signed; }
    std::size_t bytes() const { return bytes_.size(); }

  private:
    struct Span {
        std::uint32_t begin, middle, end;
        bool is_signed;
    };
    void append(std::string_view name, std::string_view value, bool is_signed) {
        auto begin = static_cast<std::uint32_t>(bytes_.size());
        bytes_.append(name).append(value);
        GODWIT_CHECK(is_one_line(begin), "control character in header {}", name);
        spans_.push_back({begin, static_cast<std::uint32_t>(begin + name.size()),
                          static_cast<std::uint32_t>(bytes_.size()), is_signed});
    }
    // One plain pass, which the compiler makes a wide one.
    bool is_one_line(std::size_t begin) const {
        unsigned bad = 0;
        for (std::size_t i = begin; i < bytes_.size(); ++i) {
            bad |= static_cast<unsigned>(bytes_[i] == '\r') | static_cast<unsigned>(bytes_[i] == '\n') |
                   static_cast<unsigned>(bytes_[i] == '\0');
        }
        return bad == 0;
    }
    std::string_view view(std::uint32_t begin, std::uint32_t end) const {
        return std::string_view(bytes_).substr(begin, end - begin);
    }

    std::string bytes_;
    std::vector<Span> spans_;
};

}  // namespace godwit::s3
