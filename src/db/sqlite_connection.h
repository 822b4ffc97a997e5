// One SQLite connection, its statements, and the notices that it shares with its database's others.
// Only the adapter's own files include this.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "db/sqlite.h"

struct sqlite3;
struct sqlite3_stmt;

namespace godwit::db {

// How often each channel was notified. Shared by the threads of one process.
struct SqliteDatabase::Notices {
    std::mutex mutex;  // guards `sent`
    std::condition_variable changed;
    std::map<std::string, std::uint64_t, std::less<>> sent;

    void publish(const std::vector<std::string>& channels);
};

struct CloseSqlite {
    void operator()(sqlite3* handle) const;
};
using SqliteHandle = std::unique_ptr<sqlite3, CloseSqlite>;

struct FinalizeSqlite {
    void operator()(sqlite3_stmt* handle) const;
};
using SqliteStatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeSqlite>;

class SqliteStatement final : public Statement {
  public:
    SqliteStatement(SqliteStatementHandle handle, const std::string& path)
        : handle_(std::move(handle)), path_(path) {}

    void bind(int number, const Value& value) override;
    Result<bool> step() override;
    void reset() override;
    std::int64_t changes() const override { return changes_; }
    bool is_null(int column) const override;
    std::int64_t integer(int column) const override;
    std::string_view bytes(int column) const override;
    std::string_view text(int column) const override;
    int column_count() const override;

  private:
    SqliteStatementHandle handle_;
    const std::string& path_;  // the connection's
    std::int64_t changes_ = 0;
};

class SqliteBulkAppend final : public BulkAppend {
  public:
    explicit SqliteBulkAppend(std::unique_ptr<Statement> insert) : insert_(std::move(insert)) {}
    Result<void> append(std::span<const Value> row) override;
    Result<void> finish() override { return {}; }

  private:
    std::unique_ptr<Statement> insert_;
};

class SqliteConnection final : public Connection {
  public:
    // Opens and sets up the file of `options`, as SqliteDatabase::connect says.
    static Result<std::unique_ptr<SqliteConnection>> open(const SqliteOptions& options, Access access,
                                                          std::shared_ptr<SqliteDatabase::Notices> notices);

    Dialect dialect() const override { return Dialect::Sqlite; }
    const std::string& name() const override { return path_; }
    Result<std::unique_ptr<Statement>> prepare(std::string_view sql) override;
    Result<void> execute(std::string_view script) override;
    Result<void> begin(Access access) override;
    Result<void> commit() override;
    void rollback() override;
    bool in_transaction() const override;
    Result<std::vector<Leased>> lease(const LeaseRequest& request) override;
    Result<std::unique_ptr<BulkAppend>> bulk_append(std::string_view table,
                                                    std::span<const std::string_view> columns) override;
    Result<std::int64_t> now() override { return clock_.unix_time_ns(); }
    Result<void> notify(std::string_view channel) override;

    sqlite3* handle() const { return handle_.get(); }
    // The first column of the first row of a statement that has one.
    Result<std::int64_t> read_integer(std::string_view sql);
    Result<std::string> read_text(std::string_view sql);

  private:
    SqliteConnection(SqliteHandle handle, const SqliteOptions& options,
                     std::shared_ptr<SqliteDatabase::Notices> notices)
        : path_(options.path),
          clock_(*options.clock),
          notices_(std::move(notices)),
          handle_(std::move(handle)) {}
    Result<void> set_up(const SqliteOptions& options, Access access);
    Result<void> identify(Access access);
    Result<void> use_wal(const SqliteOptions& options);
    Error last_error(std::string operation) const;

    std::string path_;
    const Clock& clock_;
    std::shared_ptr<SqliteDatabase::Notices> notices_;
    std::vector<std::string> notices_at_commit_;
    SqliteHandle handle_;
    // After handle_, so that they end before it.
    std::map<std::string, std::unique_ptr<Statement>> lease_statements_;  // by their text
};

}  // namespace godwit::db
