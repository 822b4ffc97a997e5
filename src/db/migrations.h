// Numbered migrations of a schema: each runs once, in order. All that are missing run in one transaction,
// so that a database is never found between two of them. There is no way back: a newer schema is refused.
#pragma once

#include <span>
#include <string_view>

#include "db/database.h"

namespace godwit::db {

// One step, as a script in each dialect. A step that was released is never changed.
struct Migration {
    int number;  // 1, 2, 3, ...
    std::string_view sqlite;
    std::string_view postgres;
    // It makes what only writers use: a database without it is read as it is.
    bool for_writers = false;
};

// What a database file (or schema) holds, and the steps that make it.
struct Schema {
    // "control", "index", ...: keeps one from being opened as another.
    std::string_view name;
    std::span<const Migration> migrations;

    int newest() const { return static_cast<int>(migrations.size()); }
};

// Brings the database to the schema's newest number. Needs a Write connection without a
// transaction. Fails with Unsupported where a newer Godwit has been, with Corrupt where the
// database holds another schema; nothing is changed then.
Result<void> migrate(Connection& connection, const Schema& schema);

// For Read connections: success when the database is at a number that can be read. Unsupported when it is
// newer, or older and must be migrated first.
Result<void> require_migrated(Connection& connection, const Schema& schema);

}  // namespace godwit::db
