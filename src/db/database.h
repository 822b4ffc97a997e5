// The Database port: what Godwit needs of a database, and nothing that only one of them can do.
//
// Statements are shared by all databases: parameters are written ?1, ?2, ... and values are those of
// value.h. What differs from one to the next is the DDL (given per dialect to migrate()) and four
// operations that each does in its own best way: Connection::lease, BulkAppend, Connection::now, and
// Connection::notify with Listener. This module knows no domain.
//
// A Connection and all that it hands out are used by one thread at a time. Every call blocks.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/value.h"

namespace godwit::db {

enum class Dialect : std::uint8_t { Sqlite, Postgres };
enum class Access : std::uint8_t { Read, Write };

// A prepared statement. It is dear to make and cheap to run: make it once and keep it. It must be
// destroyed before its connection.
class Statement {
  public:
    virtual ~Statement() = default;

    // Sets parameter ?number, from 1. Every parameter is set anew for each run; its views live until
    // reset().
    virtual void bind(int number, const Value& value) = 0;
    // Goes to the next row. False: there is none, and what the statement changes is changed.
    virtual Result<bool> step() = 0;
    // Ends the run, also one that was not read to its end.
    virtual void reset() = 0;
    // Rows that the last finished run inserted, updated or deleted.
    virtual std::int64_t changes() const = 0;

    // Columns of the row that step() stands on, from 0. Views live until the next step() or reset().
    virtual bool is_null(int column) const = 0;
    virtual std::int64_t integer(int column) const = 0;
    virtual std::string_view bytes(int column) const = 0;
    virtual std::string_view text(int column) const = 0;
    virtual int column_count() const = 0;

    // Binds the values to ?1, ?2, ...
    void bind_all(std::span<const Value> values);
    void bind_all(std::initializer_list<Value> values) { bind_all(std::span(values)); }
    // Binds, runs to the end and resets. Rows are passed over.
    Result<void> run(std::span<const Value> values);
    Result<void> run(std::initializer_list<Value> values) { return run(std::span(values)); }
    // The same, for exactly one row expected at most: true if there was one, which stays readable
    // until reset().
    Result<bool> first(std::initializer_list<Value> values);
};

// Resets a statement when a function that reads its rows is left, by whatever way.
class ResetAtEnd {
  public:
    explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
    ~ResetAtEnd() { statement_.reset(); }
    ResetAtEnd(const ResetAtEnd&) = delete;
    ResetAtEnd& operator=(const ResetAtEnd&) = delete;

  private:
    Statement& statement_;
};

// Inserts many rows into one table: COPY where the database has it, else a prepared insert. Belongs
// to the transaction that runs; between the first append() and finish() the connection does nothing
// else. Kept and used again in later transactions. Destroyed before its connection.
class BulkAppend {
  public:
    virtual ~BulkAppend() = default;
    // One row, a value for each of the columns. Where the row is refused, the error may come at
    // finish() only.
    virtual Result<void> append(std::span<const Value> row) = 0;
    virtual Result<void> finish() = 0;
};

// A table of things that workers lease has at least these columns: `id`, `lane`, `state`,
// `lease_epoch`, `lease_expires_ns` (BIGINT) and `lease_owner` (TEXT). An index on (lane, id) WHERE
// state < 3 makes it fast.
enum class LeaseState : std::int64_t { Held = 0, Ready = 1, Leased = 2, Done = 3 };

struct LeaseRequest {
    std::string_view table;
    // Only rows of this lane.
    std::int64_t lane = 0;
    // Which come first: a constant of the program that can follow ORDER BY.
    std::string_view order = "id";
    std::int64_t count_max = 1;
    std::string_view owner;
    // By the database's clock (Connection::now).
    std::int64_t now_ns = 0;
    std::int64_t expires_ns = 0;
};

struct Leased {
    std::int64_t id = 0;
    // Grows by one each time that the row is leased: a commit made under an older one is refused.
    std::int64_t epoch = 0;
};

class Connection {
  public:
    virtual ~Connection() = default;
    virtual Dialect dialect() const = 0;
    // For messages: the file, or host and database. Never a secret.
    virtual const std::string& name() const = 0;

    virtual Result<std::unique_ptr<Statement>> prepare(std::string_view sql) = 0;
    // One or several statements without parameters, in this database's own dialect.
    virtual Result<void> execute(std::string_view script) = 0;

    // A Read transaction sees one moment. A Write transaction takes the writer's lock at once where
    // there is only one, so that it can't fail half-way for another writer. Use Transaction instead
    // of these where a scope will do.
    virtual Result<void> begin(Access access) = 0;
    // After success the transaction survives a power cut (see the adapter's options). After a
    // failure of kind Lost or Corrupt it is unknown whether it was committed; after any other it was not.
    virtual Result<void> commit() = 0;
    virtual void rollback() = 0;
    // False also when the database itself rolled back, as SQLite does when the disk is full.
    virtual bool in_transaction() const = 0;

    // Leases up to `count_max` rows that are Ready, or Leased and expired, in a Write transaction of
    // the caller's; the result is in order of id. Rows that another connection is just leasing are
    // passed over.
    virtual Result<std::vector<Leased>> lease(const LeaseRequest& request) = 0;
    virtual Result<std::unique_ptr<BulkAppend>> bulk_append(std::string_view table,
                                                            std::span<const std::string_view> columns) = 0;
    // Nanoseconds since 1970 by the clock that all users of this database share.
    virtual Result<std::int64_t> now() = 0;
    // Wakes the listeners of `channel` once this transaction is committed; at once without one.
    // `channel` consists of lower-case letters and '_'.
    virtual Result<void> notify(std::string_view channel) = 0;
};

// Rolls back on destruction unless commit() was called.
class Transaction {
  public:
    static Result<Transaction> begin(Connection& connection, Access access);
    Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Result<void> commit();

  private:
    explicit Transaction(Connection& connection) : connection_(&connection) {}
    Connection* connection_;
};

// Waits for the notices of one channel. Notices sent between two waits count as one; none that was
// sent after the Listener was made is missed. A listener may outlive connections, not its database.
class Listener {
  public:
    virtual ~Listener() = default;
    // True if there was a notice since the last wait, false when `timeout` passed without one.
    virtual Result<bool> wait(Duration timeout) = 0;
};

// One database: makes connections. Any thread may call; lives longer than what it hands out.
class Database {
  public:
    virtual ~Database() = default;
    virtual Dialect dialect() const = 0;
    virtual Result<std::unique_ptr<Connection>> connect(Access access) = 0;
    virtual Result<std::unique_ptr<Listener>> listen(std::string_view channel) = 0;
};

}  // namespace godwit::db
