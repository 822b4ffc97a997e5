#include "db/parameters.h"

#include <optional>

namespace godwit::db {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

Error invalid(std::string_view sql, std::string cause) {
    return Error(ErrorKind::Invalid, "read", std::string(sql), std::move(cause));
}

// The length of the quoted text or comment that begins at `at`: 0 if none does, nothing if it has no
// end. A doubled quote is two quoted texts side by side, which comes to the same.
std::optional<std::size_t> opaque_length(std::string_view sql, std::size_t at) {
    auto until = [&](std::string_view mark, std::size_t from) -> std::optional<std::size_t> {
        std::size_t end = sql.find(mark, from);
        if (end == std::string_view::npos) return std::nullopt;
        return end + mark.size() - at;
    };
    if (sql[at] == '\'') return until("'", at + 1);
    if (sql[at] == '"') return until("\"", at + 1);
    if (sql.substr(at).starts_with("/*")) return until("*/", at + 2);
    if (sql.substr(at).starts_with("--")) {
        std::size_t end = sql.find('\n', at);
        return (end == std::string_view::npos ? sql.size() : end) - at;
    }
    return 0;
}

}  // namespace

Result<std::string> postgres_parameters(std::string_view sql) {
    std::string out;
    out.reserve(sql.size());
    for (std::size_t at = 0; at < sql.size();) {
        std::optional<std::size_t> opaque = opaque_length(sql, at);
        if (!opaque) return invalid(sql, "ends inside quotes or a comment");
        if (*opaque > 0) {
            out += sql.substr(at, *opaque);
            at += *opaque;
            continue;
        }
        if (sql[at] != '?') {
            out += sql[at++];
            continue;
        }
        std::size_t digits = 0;
        while (at + 1 + digits < sql.size() && is_digit(sql[at + 1 + digits])) ++digits;
        if (digits < 1 || digits > 2 || sql[at + 1] == '0')
            return invalid(sql, "a parameter is written ?1 to ?99");
        out += '$';
        ++at;
    }
    return out;
}

}  // namespace godwit::db
