#include "db/migrations.h"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::db {
namespace {

constexpr std::string_view kMakeTable =
    "CREATE TABLE IF NOT EXISTS godwit_schema (name TEXT NOT NULL, number BIGINT NOT NULL)";
// Two processes that migrate at once take turns. SQLite's Write transaction does that by itself.
constexpr std::string_view kTakeTurns = "SELECT pg_advisory_xact_lock(5147838275329218392)";

constexpr std::string_view kFindTableSqlite =
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'godwit_schema'";
constexpr std::string_view kFindTablePostgres = "SELECT 1 WHERE to_regclass('godwit_schema') IS NOT NULL";

struct Found {
    std::string name;
    std::int64_t number = 0;
};

Result<bool> has_version(Connection& connection) {
    bool is_sqlite = connection.dialect() == Dialect::Sqlite;
    GODWIT_TRY(auto statement, connection.prepare(is_sqlite ? kFindTableSqlite : kFindTablePostgres));
    return statement->first({});
}

// Number 0 where nothing has been made yet.
Result<Found> read_version(Connection& connection) {
    GODWIT_TRY(auto statement, connection.prepare("SELECT name, number FROM godwit_schema"));
    GODWIT_TRY(bool row, statement->first({}));
    if (!row) return Found{};
    return Found{.name = std::string(statement->text(0)), .number = statement->integer(1)};
}

Result<void> check_version(const Connection& connection, const Schema& schema, const Found& found) {
    if (found.number != 0 && found.name != schema.name) {
        return Error(ErrorKind::Corrupt, "open", connection.name(),
                     fmt::format("it holds '{}', not '{}': files were exchanged", found.name, schema.name));
    }
    if (found.number > schema.newest()) {
        return Error(ErrorKind::Unsupported, "open", connection.name(),
                     fmt::format("its schema has number {}, this program knows up to {}: a newer version of "
                                 "Godwit has used it; use that one",
                                 found.number, schema.newest()));
    }
    return {};
}

Result<void> write_version(Connection& connection, const Schema& schema) {
    GODWIT_TRY(auto remove, connection.prepare("DELETE FROM godwit_schema"));
    GODWIT_TRY_VOID(remove->run({}));
    GODWIT_TRY(auto insert, connection.prepare("INSERT INTO godwit_schema (name, number) VALUES (?1, ?2)"));
    return insert->run({Value::text(schema.name), Value::integer(schema.newest())});
}

std::string_view script(const Connection& connection, const Migration& migration) {
    return connection.dialect() == Dialect::Sqlite ? migration.sqlite : migration.postgres;
}

}  // namespace

Result<void> migrate(Connection& connection, const Schema& schema) {
    GODWIT_TRY(Transaction transaction, Transaction::begin(connection, Access::Write));
    if (connection.dialect() == Dialect::Postgres) GODWIT_TRY_VOID(connection.execute(kTakeTurns));
    GODWIT_TRY_VOID(connection.execute(kMakeTable));
    GODWIT_TRY(Found found, read_version(connection));
    GODWIT_TRY_VOID(check_version(connection, schema, found));
    if (found.number == schema.newest()) return {};
    for (const Migration& next : schema.migrations.subspan(static_cast<std::size_t>(found.number))) {
        ++found.number;
        GODWIT_CHECK(next.number == found.number, "step {} stands at {}", next.number, found.number);
        GODWIT_TRY_VOID(connection.execute(script(connection, next)));
    }
    GODWIT_TRY_VOID(write_version(connection, schema));
    return transaction.commit();
}

Result<void> require_migrated(Connection& connection, const Schema& schema) {
    GODWIT_TRY(bool begun, has_version(connection));
    Found found;
    if (begun) {
        GODWIT_TRY(found, read_version(connection));
    }
    // Its disk was full, or its process killed, between making the file and its first transaction.
    if (found.number == 0) {
        return Error(ErrorKind::NotFound, "open", connection.name(),
                     "it is empty: the program that made it ended too early");
    }
    GODWIT_TRY_VOID(check_version(connection, schema, found));
    auto missing = schema.migrations.subspan(static_cast<std::size_t>(found.number));
    if (std::ranges::all_of(missing, &Migration::for_writers)) return {};
    return Error(
        ErrorKind::Unsupported, "open", connection.name(),
        fmt::format("its schema has number {}, this program reads {}: a command that writes to it, such as "
                    "`godwit copy`, brings it up to date",
                    found.number, schema.newest()));
}

}  // namespace godwit::db
