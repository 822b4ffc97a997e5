// The JSON document in which container and instance endpoints and credential processes hand out keys.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "s3/sigv4.h"

namespace godwit::s3 {

inline constexpr std::size_t kCredentialsJsonBytesMax = 64 << 10;

enum class JsonDialect : std::uint8_t {
    Endpoint,  // AccessKeyId, SecretAccessKey, Token, Expiration; a Code other than "Success" is an error
    Process,   // Version 1, AccessKeyId, SecretAccessKey, SessionToken?, Expiration?
};

// Fails with Corrupt naming the field that is missing or wrong, never a key or token. Of the rest Code,
// Message and Expiration are shown. `source` says where the text came from.
Result<Credentials> parse_credentials_json(std::string_view text, JsonDialect dialect,
                                           std::string_view source);

}  // namespace godwit::s3
