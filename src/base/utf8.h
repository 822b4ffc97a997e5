// Is it UTF-8, and where may it be cut (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace godwit {

// Well-formed as a whole; quick over ASCII.
bool is_utf8(std::string_view text);

// The largest length of at most `bytes_max` (and of the text) that cuts no sequence in two. `text` is
// UTF-8, `bytes_max` at least 4.
std::size_t utf8_cut(std::string_view text, std::size_t bytes_max);

}  // namespace godwit
