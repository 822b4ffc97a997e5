#include "s3/credentials_json.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/time_format.h"

namespace godwit::s3 {

namespace {

namespace json = boost::json;

Error unusable(std::string_view source, std::string cause) {
    return Error(ErrorKind::Corrupt, "get credentials from", std::string(source), std::move(cause));
}

// "" when it is missing, null or no string.
std::string text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains({name.data(), name.size()});
    const json::string* text = value ? value->if_string() : nullptr;
    return text ? std::string(text->data(), text->size()) : std::string();
}

Result<void> check_dialect(const json::object& object, JsonDialect dialect, std::string_view source) {
    if (dialect == JsonDialect::Endpoint) {
        std::string code = text_of(object, "Code");
        if (code.empty() || code == "Success") return {};
        return unusable(source, fmt::format("it answered {}: {}", code, text_of(object, "Message")));
    }
    const json::value* version = object.if_contains("Version");
    if (version && version->is_int64() && version->get_int64() == 1) return {};
    return unusable(source, "the answer's Version is not 1");
}

}  // namespace

Result<Credentials> parse_credentials_json(std::string_view text, JsonDialect dialect,
                                           std::string_view source) {
    json::error_code error;
    json::value document = json::parse({text.data(), text.size()}, error);
    const json::object* object = error ? nullptr : document.if_object();
    // What the text holds instead may be a secret, so it is not shown.
    if (!object) return unusable(source, "the answer is no JSON object");
    GODWIT_TRY_VOID(check_dialect(*object, dialect, source));

    Credentials credentials;
    credentials.access_key_id = text_of(*object, "AccessKeyId");
    credentials.secret_access_key = text_of(*object, "SecretAccessKey");
    credentials.session_token = text_of(*object, dialect == JsonDialect::Endpoint ? "Token" : "SessionToken");
    if (credentials.access_key_id.empty()) return unusable(source, "the answer has no AccessKeyId");
    if (credentials.secret_access_key.empty()) return unusable(source, "the answer has no SecretAccessKey");
    std::string expiration = text_of(*object, "Expiration");
    if (expiration.empty()) return credentials;
    credentials.expires_unix_ns = parse_rfc3339(expiration);
    if (!credentials.expires_unix_ns) {
        return unusable(source, fmt::format("Expiration is '{}', not an RFC 3339 time", expiration));
    }
    return credentials;
}

}  // namespace godwit::s3
