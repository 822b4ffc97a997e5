#include "db/postgres_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "db/lease.h"
#include "db/postgres_errors.h"

namespace godwit::db {
namespace {

void ignore_notice(void*, const char*) {}

// libpq's own messages end in a line break, and may be of several lines.
std::string one_line(std::string_view message) {
    while (message.ends_with('\n')) message.remove_suffix(1);
    std::string line(message);
    std::ranges::replace(line, '\n', ' ');
    return line;
}

std::string_view or_empty(const char* text) {
    return text ? text : "";
}

}  // namespace

PostgresSession::PostgresSession(PGconn* handle, std::string schema)
    : handle_(handle),
      name_(fmt::format("postgresql://{}:{}/{}", or_empty(::PQhost(handle)), or_empty(::PQport(handle)),
                        or_empty(::PQdb(handle)))),
      schema_(std::move(schema)) {}

Result<std::unique_ptr<PostgresSession>> PostgresSession::open(const PostgresOptions& options) {
    // The connection string comes last and so has the last word.
    const char* const names[] = {"connect_timeout", "client_encoding", "application_name", "dbname", nullptr};
    const char* const values[] = {"10", "UTF8", "godwit", options.connection.c_str(), nullptr};
    PGconn* handle = ::PQconnectdbParams(names, values, 1);
    GODWIT_CHECK(handle, "out of memory");
    std::unique_ptr<PostgresSession> session(new PostgresSession(handle, options.schema));
    if (::PQstatus(handle) != CONNECTION_OK) return session->error(nullptr, "connect to");
    ::PQsetNoticeProcessor(handle, ignore_notice, nullptr);
    GODWIT_TRY_VOID(session->execute(fmt::format("SET search_path TO {}", plain_name(options.schema))));
    return session;
}

Error PostgresSession::error(const PGresult* result, std::string operation) const {
    const char* state = result ? ::PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
    const char* primary = result ? ::PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
    std::string cause = one_line(primary ? primary : ::PQerrorMessage(handle()));
    // Without a code the server said nothing: the connection failed.
    ErrorKind kind = state ? postgres_kind(state) : ErrorKind::Lost;
    return Error(kind, std::move(operation), name_, std::move(cause)).with_code(state ? state : "");
}

Result<PostgresResult> PostgresSession::check(PGresult* result, std::string operation) const {
    PostgresResult owned(result);
    switch (::PQresultStatus(result)) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_COPY_IN:
            return owned;
        default:
            return error(result, std::move(operation));
    }
}

Result<void> PostgresSession::execute(const std::string& script) {
    GODWIT_TRY_VOID(check(::PQexec(handle(), script.c_str()), fmt::format("run '{}' on", script)));
    return {};
}

std::string postgres_channel(std::string_view schema, std::string_view channel) {
    return fmt::format("{}_{}", plain_name(schema), plain_name(channel));
}

}  // namespace godwit::db
