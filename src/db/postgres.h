// PostgreSQL, over libpq: the shared home of state when one machine is not enough.
//
// What SQLite keeps in a file of its own lives in a schema of its own here, so that the same
// statements serve both, and retention is dropping a schema. Values travel in binary both ways.
#pragma once

#include <memory>
#include <string>

#include "db/database.h"

namespace godwit::db {

struct PostgresOptions {
    // A connection string or URI as libpq reads it; several hosts are allowed. It may hold a
    // password and is never shown.
    std::string connection;
    // The schema that all names are looked up in; made when missing by a Write connection.
    // Lower-case letters, digits and '_'.
    std::string schema = "godwit";
};

class PostgresDatabase final : public Database {
  public:
    explicit PostgresDatabase(PostgresOptions options) : options_(std::move(options)) {}
    Dialect dialect() const override { return Dialect::Postgres; }
    // Fails with Lost when no server answers within 10 s (or the connection string's own bound).
    Result<std::unique_ptr<Connection>> connect(Access access) override;
    // Holds a connection of its own.
    Result<std::unique_ptr<Listener>> listen(std::string_view channel) override;

  private:
    PostgresOptions options_;
};

}  // namespace godwit::db
