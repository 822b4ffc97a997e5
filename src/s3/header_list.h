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

    // `name` in lower case; each name at most once. Those of S3 in alphabetical order are the quickest
    // to sign.
    void add(std::string_view name, std::string_view value) { append(name, value, true); }
    // The same, but left out of the signature: for what a proxy may change (user-agent).
    void add_unsigned(std::string_view name, std::string_view value) { append(name, value, false); }

    void add_all(const HeaderList& others) {
        auto offset = static_cast<std::uint32_t>(bytes_.size());
        bytes_ += others.bytes_;
        for (const Span& span : others.spans_) {
            spans_.push_back({span.begin + offset, span.middle + offset, span.end + offset, span.is_signed});
        }
    }

    // CR, LF and NUL in a name or value are a bug of who added it, who refuses or encodes foreign values
    // first: they would let a value forge a header. Asked before a head is written: one pass over all of
    // them, which the compiler makes a wide one.
    void check_lines() const {
        unsigned bad = 0;
        for (char c : bytes_) {
            bad |= static_cast<unsigned>(c == '\r') | static_cast<unsigned>(c == '\n') |
                   static_cast<unsigned>(c == '\0');
        }
        GODWIT_CHECK(bad == 0, "control character in one of {} headers", size());
    }

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
        spans_.push_back({begin, static_cast<std::uint32_t>(begin + name.size()),
                          static_cast<std::uint32_t>(bytes_.size()), is_signed});
    }
    std::string_view view(std::uint32_t begin, std::uint32_t end) const {
        return std::string_view(bytes_).substr(begin, end - begin);
    }

    std::string bytes_;
    std::vector<Span> spans_;
};

}  // namespace godwit::s3
