// Writes many short texts one after the other into a string whose size is known beforehand: std::string
// asks for room at every append, which costs a head as much as its signature.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/check.h"

namespace godwit::s3 {

class TextWriter {
  public:
    // `out` is replaced by what is written, at most `bytes_max`. It lives until finish().
    TextWriter(std::string& out, std::size_t bytes_max) : out_(out) {
        // The contents need not be cleared; writing over them is the point.
        if (out_.size() < bytes_max) out_.resize(bytes_max);
        begin_ = at_ = out_.data();
        end_ = begin_ + bytes_max;
    }

    TextWriter& put(std::string_view text) {
        GODWIT_CHECK(text.size() <= static_cast<std::size_t>(end_ - at_), "a text writer is full");
        // memcpy, but it takes an empty view of nothing.
        std::char_traits<char>::copy(at_, text.data(), text.size());
        at_ += text.size();
        return *this;
    }
    TextWriter& put(char c) {
        GODWIT_CHECK(at_ < end_, "a text writer is full");
        *at_++ = c;
        return *this;
    }
    std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }
    // Cuts the string to what was written.
    void finish() { out_.resize(size()); }
    // What was written, without finishing.
    std::string_view view() const { return {begin_, size()}; }

  private:
    std::string& out_;
    char* begin_;
    char* at_;
    char* end_;
};

}  // namespace godwit::s3
