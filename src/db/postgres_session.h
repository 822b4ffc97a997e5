// One libpq session and what is built on it. Only the adapter's own files include this.
#pragma once

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "db/postgres.h"

namespace godwit::db {

struct FinishPostgres {
    void operator()(PGconn* handle) const { ::PQfinish(handle); }
};
struct ClearPostgres {
    void operator()(PGresult* result) const { ::PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, ClearPostgres>;

// A connected session. Statements, bulk appends and the connection share it.
class PostgresSession {
  public:
    static Result<std::unique_ptr<PostgresSession>> open(const PostgresOptions& options);

    PGconn* handle() const { return handle_.get(); }
    const std::string& name() const { return name_; }
    const std::string& schema() const { return schema_; }
    std::string new_statement_name() { return "s" + std::to_string(++statements_); }

    // Runs a script in the simple protocol.
    Result<void> execute(const std::string& script);
    // The result, if it is a success; else the server's error. The operation is for the message.
    Result<PostgresResult> check(PGresult* result, std::string operation) const;
    Error error(const PGresult* result, std::string operation) const;

  private:
    PostgresSession(PGconn* handle, std::string schema);
    std::unique_ptr<PGconn, FinishPostgres> handle_;
    std::string name_;
    std::string schema_;
    std::uint64_t statements_ = 0;
};

// Prepared on the server at the first run, when the kinds of its values are known; again if they
// turn out otherwise later.
class PostgresStatement final : public Statement {
  public:
    PostgresStatement(PostgresSession& session, std::string sql) : session_(session), sql_(std::move(sql)) {}
    ~PostgresStatement() override;

    void bind(int number, const Value& value) override;
    Result<bool> step() override;
    void reset() override;
    std::int64_t changes() const override { return changes_; }
    bool is_null(int column) const override;
    std::int64_t integer(int column) const override;
    std::string_view bytes(int column) const override;
    std::string_view text(int column) const override { return bytes(column); }
    int column_count() const override;

  private:
    Result<void> prepare_for_values();
    Result<void> run();
    void deallocate();

    PostgresSession& session_;
    std::string sql_;
    std::string name_;  // empty: not prepared
    std::vector<Oid> types_;
    std::vector<Value> values_;
    PostgresResult result_;
    int row_ = -1;
    std::int64_t changes_ = 0;
};

// COPY in binary format (PostgreSQL documentation, "COPY", file formats).
class PostgresBulkAppend final : public BulkAppend {
  public:
    PostgresBulkAppend(PostgresSession& session, std::string copy_statement)
        : session_(session), copy_statement_(std::move(copy_statement)) {}
    Result<void> append(std::span<const Value> row) override;
    Result<void> finish() override;

  private:
    Result<void> start();
    Result<void> send();

    PostgresSession& session_;
    std::string copy_statement_;
    std::string buffer_;
    bool copying_ = false;
};

class PostgresConnection final : public Connection {
  public:
    explicit PostgresConnection(std::unique_ptr<PostgresSession> session) : session_(std::move(session)) {}

    Dialect dialect() const override { return Dialect::Postgres; }
    const std::string& name() const override { return session_->name(); }
    Result<std::unique_ptr<Statement>> prepare(std::string_view sql) override;
    Result<void> execute(std::string_view script) override { return session_->execute(std::string(script)); }
    Result<void> begin(Access access) override;
    Result<void> commit() override;
    void rollback() override;
    bool in_transaction() const override;
    Result<std::vector<Leased>> lease(const LeaseRequest& request) override;
    Result<std::unique_ptr<BulkAppend>> bulk_append(std::string_view table,
                                                    std::span<const std::string_view> columns) override;
    Result<std::int64_t> now() override;
    Result<void> notify(std::string_view channel) override;

  private:
    std::unique_ptr<PostgresSession> session_;
    // After session_, so that they end before it.
    std::map<std::string, std::unique_ptr<Statement>> lease_statements_;  // by their text
};

// Channels are the whole database's: the schema's name keeps them apart.
std::string postgres_channel(std::string_view schema, std::string_view channel);

// Big-endian integers, as the binary format has them.
template <class T>
void append_big_endian(std::string& out, T value) {
    for (int shift = static_cast<int>(sizeof(T) - 1) * 8; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(static_cast<std::make_unsigned_t<T>>(value) >> shift));
}

}  // namespace godwit::db
