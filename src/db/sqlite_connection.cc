#include "db/sqlite_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/sabotage.h"
#include "db/lease.h"
#include "db/sqlite_errors.h"

namespace godwit::db {
namespace {

// "GODW" in the file's header: tells our files from other programs'.
constexpr std::int64_t kApplicationId = 0x474F4457;

// Makes the file with mode 0600; SQLite would use the umask. Leaves an existing one untouched: even
// opening and closing it would drop the locks that this process holds on it.
Result<void> make_file(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) return {};
    int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) return errno_error(errno, "create", path);
    if (fd >= 0) ::close(fd);
    return {};
}

// Before the first connection of the process: SQLite would count what it allocates, under a lock, and
// nobody asks. Refused, and of no harm, where somebody opened a database before us.
void count_no_memory() {
    static const int once = ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)once;
}

Error unfinished(const std::string& path) {
    return Error(ErrorKind::NotFound, "open", path, "it is empty: the program that made it ended too early");
}

Result<void> require_file(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return errno_error(errno, "open", path);
    return {};
}

}  // namespace

void CloseSqlite::operator()(sqlite3* handle) const {
    ::sqlite3_close_v2(handle);
}
void FinalizeSqlite::operator()(sqlite3_stmt* handle) const {
    ::sqlite3_finalize(handle);
}

void SqliteDatabase::Notices::publish(const std::vector<std::string>& channels) {
    {
        std::lock_guard lock(mutex);
        for (const std::string& channel : channels) ++sent[channel];
    }
    changed.notify_all();
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(
    const SqliteOptions& options, Access access, std::shared_ptr<SqliteDatabase::Notices> notices) {
    GODWIT_TRY_VOID(access == Access::Write ? make_file(options.path) : require_file(options.path));
    count_no_memory();
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= access == Access::Write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    sqlite3* raw = nullptr;
    int code = ::sqlite3_open_v2(options.path.c_str(), &raw, flags, nullptr);
    SqliteHandle handle(raw);
    if (code != SQLITE_OK)
        return sqlite_error(code, "open", options.path, raw ? ::sqlite3_errmsg(raw) : ::sqlite3_errstr(code));
    std::unique_ptr<SqliteConnection> connection(
        new SqliteConnection(std::move(handle), options, std::move(notices)));
    Result<void> made = connection->set_up(options, access);
    // Only the transaction that makes a file writes a rollback journal, which a reader may not roll back:
    // from then on there is the write-ahead log. One that is left belongs to a maker that was killed.
    if (!made && ::sqlite3_extended_errcode(connection->handle()) == SQLITE_READONLY_ROLLBACK)
        return unfinished(options.path);
    if (!made) return std::move(made.error());
    return connection;
}

Result<void> SqliteConnection::set_up(const SqliteOptions& options, Access access) {
    ::sqlite3_busy_timeout(handle(), static_cast<int>(options.busy_wait_max.count()));
    ::sqlite3_db_config(handle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    ::sqlite3_db_config(handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    if (access == Access::Read) ::sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    std::string settings = fmt::format(
        "PRAGMA page_size = {}; PRAGMA cache_size = -{}; PRAGMA mmap_size = 0; PRAGMA foreign_keys = OFF; "
        "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON; PRAGMA secure_delete = OFF",
        options.page_bytes, options.cache_bytes_max / 1024);
    // The first look into the file: what is wrong with it shows here.
    if (::sqlite3_exec(handle(), settings.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return last_error("open");
    GODWIT_TRY_VOID(identify(access));
    if (access == Access::Read) return execute("PRAGMA wal_autocheckpoint = 0");
    return use_wal(options);
}

// Before anything is written: the file is ours, or new.
Result<void> SqliteConnection::identify(Access access) {
    GODWIT_TRY(std::int64_t application, read_integer("PRAGMA application_id"));
    if (application == kApplicationId) return {};
    GODWIT_TRY(std::int64_t things, read_integer("SELECT count(*) FROM sqlite_schema"));
    if (application != 0 || things != 0) {
        return Error(ErrorKind::Corrupt, "open", path_,
                     "it is another program's SQLite database; it was left as it is: use another --data-dir");
    }
    if (access == Access::Read) return unfinished(path_);
    return execute(fmt::format("PRAGMA application_id = {}", kApplicationId));
}

Result<void> SqliteConnection::use_wal(const SqliteOptions& options) {
    GODWIT_TRY(std::string mode, read_text("PRAGMA journal_mode = WAL"));
    if (mode != "wal") {
        return Error(
            ErrorKind::Unsupported, "open", path_,
            fmt::format("the file system can't do write-ahead logging (journal mode is '{}'); put state "
                        "on a local disk with --data-dir",
                        mode));
    }
    return execute(fmt::format(
        "PRAGMA synchronous = {}; PRAGMA journal_size_limit = {}; PRAGMA wal_autocheckpoint = {}",
        options.durability == Durability::Full && !GODWIT_SABOTAGE(lazy_ledger) ? "FULL" : "NORMAL",
        options.wal_bytes_max, options.checkpoint_bytes / options.page_bytes));
}

Error SqliteConnection::last_error(std::string operation) const {
    return sqlite_error(::sqlite3_extended_errcode(handle()), std::move(operation), path_,
                        ::sqlite3_errmsg(handle()));
}

Result<std::unique_ptr<Statement>> SqliteConnection::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    int code = ::sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    SqliteStatementHandle statement(raw);
    if (code != SQLITE_OK) return last_error(fmt::format("prepare '{}' for", sql));
    return std::make_unique<SqliteStatement>(std::move(statement), path_);
}

Result<void> SqliteConnection::execute(std::string_view script) {
    std::string text(script);
    if (::sqlite3_exec(handle(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return last_error(fmt::format("run '{}' on", script));
    return {};
}

Result<void> SqliteConnection::begin(Access access) {
    return execute(access == Access::Write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Result<void> SqliteConnection::commit() {
    GODWIT_TRY_VOID(execute("COMMIT"));
    if (!notices_at_commit_.empty()) notices_->publish(std::exchange(notices_at_commit_, {}));
    return {};
}

void SqliteConnection::rollback() {
    notices_at_commit_.clear();
    // Fails only where nothing is left to roll back.
    if (in_transaction()) (void)execute("ROLLBACK");
}

bool SqliteConnection::in_transaction() const {
    return ::sqlite3_get_autocommit(handle()) == 0;
}

Result<std::vector<Leased>> SqliteConnection::lease(const LeaseRequest& request) {
    std::string sql = lease_statement(request.table, request.order, "");
    auto found = lease_statements_.find(sql);
    if (found == lease_statements_.end()) {
        GODWIT_TRY(auto statement, prepare(sql));
        found = lease_statements_.emplace(std::move(sql), std::move(statement)).first;
    }
    return run_lease(*found->second, request);
}

Result<std::unique_ptr<BulkAppend>> SqliteConnection::bulk_append(std::string_view table,
                                                                  std::span<const std::string_view> columns) {
    std::string names, values;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        names += fmt::format("{}{}", i ? ", " : "", plain_name(columns[i]));
        values += fmt::format("{}?{}", i ? ", " : "", i + 1);
    }
    GODWIT_TRY(auto insert,
               prepare(fmt::format("INSERT INTO {} ({}) VALUES ({})", plain_name(table), names, values)));
    return std::make_unique<SqliteBulkAppend>(std::move(insert));
}

Result<void> SqliteConnection::notify(std::string_view channel) {
    if (in_transaction())
        notices_at_commit_.emplace_back(plain_name(channel));
    else
        notices_->publish({std::string(plain_name(channel))});
    return {};
}

Result<std::int64_t> SqliteConnection::read_integer(std::string_view sql) {
    GODWIT_TRY(auto statement, prepare(sql));
    GODWIT_TRY(bool row, statement->first({}));
    return row ? statement->integer(0) : 0;
}

Result<std::string> SqliteConnection::read_text(std::string_view sql) {
    GODWIT_TRY(auto statement, prepare(sql));
    GODWIT_TRY(bool row, statement->first({}));
    return row ? std::string(statement->text(0)) : std::string();
}

}  // namespace godwit::db
