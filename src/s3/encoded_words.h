// RFC 2047 encoded words: text that is not printable ASCII, in a header's value.
//
// S3 decodes them in what it is sent and returns what is not ASCII so; other servers keep and return
// the value as it was sent. Either way what was encoded here is decoded here.
#pragma once

#include <string>
#include <string_view>

namespace godwit::s3 {

// `value` as it is when it is printable ASCII that no signer folds and no decoder takes for an encoded
// word. Otherwise words of at most 75 characters, in UTF-8, or in ISO-8859-1 when it is no UTF-8.
std::string encode_words(std::string_view value);

// Decodes words in UTF-8, US-ASCII and ISO-8859-1, B and Q, and gives UTF-8. All else stays as it is.
std::string decode_words(std::string_view value);

}  // namespace godwit::s3
