// The JSON in which endpoints and processes hand out keys. No message shows one.
#include "s3/credentials_json.h"

#include <boost/json/parse.hpp>

#include "base/check.h"
#include "fuzz/target.h"

namespace godwit::fuzz {
namespace {

std::string text_in(std::string_view document, std::string_view name) {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(document, error);
    const boost::json::value* member = value.is_object() ? value.get_object().if_contains(name) : nullptr;
    return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

// All of them, so that a key which is one of these words is none.
constexpr std::string_view kOwnWords =
    "get credentials from a process: the answer has no AccessKeyId SecretAccessKey is no JSON object it "
    "answered "
    "answer's Version is not 1 Expiration is '', not an RFC 3339 time";

void check_message(std::string_view text, const Error& error) {
    std::string message = error.message();
    GODWIT_CHECK(message == printable(message), "{}", printable(message));
    // What an endpoint says of itself is shown; who says there what he hides is beyond help.
    std::string said = text_in(text, "Code") + text_in(text, "Message") + text_in(text, "Expiration");
    for (std::string_view name : {"AccessKeyId", "SecretAccessKey", "Token", "SessionToken"}) {
        std::string secret = text_in(text, name);
        constexpr std::size_t kSecretBytesMin = 4;
        bool is_secret =
            secret.size() >= kSecretBytesMin && !said.contains(secret) && !kOwnWords.contains(secret);
        GODWIT_CHECK(!is_secret || !message.contains(secret), "{}", message);
    }
}

void check(std::string_view text, s3::JsonDialect dialect) {
    Result<s3::Credentials> credentials = s3::parse_credentials_json(text, dialect, "a process");
    if (!credentials) return check_message(text, credentials.error());
    GODWIT_CHECK(!credentials->access_key_id.empty() && !credentials->secret_access_key.empty());
}

}  // namespace

void run(Input input) {
    std::string_view text = input.rest();
    check(text, s3::JsonDialect::Endpoint);
    check(text, s3::JsonDialect::Process);
}

}  // namespace godwit::fuzz
