// What is SQLite's own: its files, its write-ahead log, its errors.
#include "db/sqlite.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "db/file_system.h"
#include "db/migrations.h"
#include "db/sqlite_connection.h"
#include "db/sqlite_errors.h"
#include "db/testing/databases.h"

namespace godwit::db {
namespace {

using testing::failed_with;
using testing::succeeded;

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

class Sqlite : public ::testing::Test {
  protected:
    Result<std::unique_ptr<Connection>> connect(Access access, std::string name = "state.db") {
        return SqliteDatabase({.path = directory_ / name}).connect(access);
    }
    std::unique_ptr<Connection> writer() {
        auto connection = connect(Access::Write);
        EXPECT_TRUE(succeeded(connection));
        EXPECT_TRUE(succeeded(
            (*connection)->execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, b BLOB)")));
        return *std::move(connection);
    }
    static std::int64_t count(Connection& connection) {
        auto statement = connection.prepare("SELECT count(*) FROM t");
        return *(*statement)->first({}) ? (*statement)->integer(0) : -1;
    }
    static Result<void> insert(Connection& connection, std::string_view bytes = "x") {
        GODWIT_TRY(auto statement, connection.prepare("INSERT INTO t (b) VALUES (?1)"));
        return statement->run({Value::bytes(bytes)});
    }
    static std::string pragma(Connection& connection, std::string_view name) {
        auto statement = connection.prepare("PRAGMA " + std::string(name));
        return *(*statement)->first({}) ? std::string((*statement)->text(0)) : "";
    }
    std::string path(const std::string& name = "state.db") const { return directory_ / name; }
    bool exists(const std::string& name) const { return std::filesystem::exists(directory_ / name); }

    testing::TemporaryDirectory directory_;
};

TEST_F(Sqlite, is_set_up_for_durability_and_bounded_memory) {
    auto connection = writer();
    EXPECT_EQ(pragma(*connection, "journal_mode"), "wal");
    EXPECT_EQ(pragma(*connection, "synchronous"), "2") << "FULL";
    EXPECT_EQ(pragma(*connection, "foreign_keys"), "0");
    EXPECT_EQ(pragma(*connection, "mmap_size"), "0");
    EXPECT_EQ(pragma(*connection, "cache_size"), "-8192");
    EXPECT_EQ(pragma(*connection, "journal_size_limit"), std::to_string(64 << 20));
    EXPECT_EQ(pragma(*connection, "wal_autocheckpoint"), "4096");
    auto reader = connect(Access::Read);
    ASSERT_TRUE(succeeded(reader));
    EXPECT_EQ(pragma(**reader, "wal_autocheckpoint"), "0");
}

TEST_F(Sqlite, file_belongs_to_its_user_alone) {
    auto connection = writer();
    struct stat status{};
    ASSERT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(Sqlite, reader_works_beside_the_writer_and_after_it) {
    auto connection = writer();
    ASSERT_TRUE(succeeded(insert(*connection)));
    auto reader = connect(Access::Read);
    ASSERT_TRUE(succeeded(reader));
    EXPECT_EQ(count(**reader), 1);
    ASSERT_TRUE(succeeded(insert(*connection)));
    EXPECT_EQ(count(**reader), 2);
    reader->reset();
    connection.reset();
    EXPECT_EQ(count(**connect(Access::Read)), 2);
}

// A reader that checkpoints, even when it is the last to close, could race with a writer.
TEST_F(Sqlite, H78_reader_leaves_the_log_as_it_is) {
    auto connection = writer();
    ASSERT_TRUE(succeeded(insert(*connection)));
    ::pid_t child = ::fork();
    if (child == 0) {
        // Dies without closing: the log stays behind.
        (void)insert(*connection);
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    std::string before = read_file(path("state.db-wal"));
    ASSERT_FALSE(before.empty());
    {
        EXPECT_GE(count(**connect(Access::Read)), 1);
    }
    EXPECT_EQ(read_file(path("state.db-wal")), before);
}

TEST_F(Sqlite, missing_file_is_not_found_and_not_made_by_a_reader) {
    EXPECT_TRUE(failed_with(connect(Access::Read), ErrorKind::NotFound));
    EXPECT_FALSE(exists("state.db"));
}

TEST_F(Sqlite, H77_file_that_is_no_database_is_refused_and_kept) {
    std::string text(5000, 'x');
    write_file(path(), text);
    for (Access access : {Access::Read, Access::Write}) {
        auto connection = connect(access);
        ASSERT_TRUE(failed_with(connection, ErrorKind::Corrupt));
        EXPECT_EQ(connection.error().code(), "SQLITE_NOTADB");
        EXPECT_NE(connection.error().message().find(path()), std::string::npos);
    }
    EXPECT_EQ(read_file(path()), text);
}

TEST_F(Sqlite, database_of_another_program_is_refused_and_kept) {
    sqlite3* raw = nullptr;
    ASSERT_EQ(::sqlite3_open(path().c_str(), &raw), SQLITE_OK);
    ASSERT_EQ(::sqlite3_exec(raw, "CREATE TABLE theirs (x)", nullptr, nullptr, nullptr), SQLITE_OK);
    ::sqlite3_close(raw);
    std::string before = read_file(path());
    for (Access access : {Access::Read, Access::Write}) {
        auto connection = connect(access);
        ASSERT_TRUE(failed_with(connection, ErrorKind::Corrupt));
        EXPECT_NE(connection.error().cause().find("another program"), std::string::npos);
    }
    EXPECT_EQ(read_file(path()), before);
}

TEST_F(Sqlite, H77_torn_page_is_corrupt_and_kept) {
    {
        auto connection = writer();
        for (int i = 0; i < 200; ++i) ASSERT_TRUE(succeeded(insert(*connection, std::string(1000, 'b'))));
    }
    EXPECT_TRUE(succeeded(check_sqlite_integrity(path())));
    std::string bytes = read_file(path());
    std::fill(bytes.begin() + 8192, bytes.begin() + 3 * 8192, '\x5a');
    write_file(path(), bytes);
    EXPECT_TRUE(failed_with(check_sqlite_integrity(path()), ErrorKind::Corrupt));
    auto connection = connect(Access::Read);
    if (connection) {
        auto statement = (*connection)->prepare("SELECT sum(length(b)) FROM t");
        EXPECT_TRUE(failed_with((*statement)->first({}), ErrorKind::Corrupt));
    }
    EXPECT_EQ(read_file(path()), bytes);
}

TEST_F(Sqlite, directory_that_cannot_be_written_is_an_error_with_its_name) {
    auto connection = connect(Access::Write, "missing/state.db");
    ASSERT_TRUE(failed_with(connection, ErrorKind::NotFound));
    EXPECT_NE(connection.error().message().find("missing/state.db"), std::string::npos);
}

TEST_F(Sqlite, H77_second_writer_is_told_busy) {
    auto first = writer();
    SqliteDatabase database({.path = path(), .busy_wait_max = std::chrono::milliseconds(1)});
    auto second = database.connect(Access::Write);
    ASSERT_TRUE(succeeded(second));
    auto transaction = Transaction::begin(*first, Access::Write);
    EXPECT_TRUE(failed_with((*second)->begin(Access::Write), ErrorKind::Busy));
}

TEST_F(Sqlite, H77_L112_full_disk_rolls_back_and_says_full) {
    auto connection = writer();
    ASSERT_TRUE(succeeded(connection->execute("PRAGMA max_page_count = 20")));
    auto transaction = Transaction::begin(*connection, Access::Write);
    Result<void> outcome;
    for (int i = 0; outcome && i < 100; ++i) outcome = insert(*connection, std::string(4000, 'b'));
    EXPECT_TRUE(failed_with(outcome, ErrorKind::Full));
    connection->rollback();
    EXPECT_FALSE(connection->in_transaction());
    EXPECT_EQ(count(*connection), 0);
}

TEST_F(Sqlite, backup_holds_one_moment_and_is_a_database_of_its_own) {
    auto connection = writer();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(succeeded(insert(*connection, std::string(1000, 'b'))));
    ASSERT_TRUE(succeeded(back_up_sqlite(path(), path("copy.db"))));
    ASSERT_TRUE(succeeded(insert(*connection)));
    EXPECT_EQ(count(**connect(Access::Read, "copy.db")), 100);
    EXPECT_TRUE(succeeded(check_sqlite_integrity(path("copy.db"))));
    EXPECT_EQ(count(**connect(Access::Write, "copy.db")), 100);
    EXPECT_FALSE(exists("copy.db.part"));
}

TEST_F(Sqlite, backup_never_replaces_a_file) {
    auto connection = writer();
    write_file(path("copy.db"), "precious");
    EXPECT_TRUE(failed_with(back_up_sqlite(path(), path("copy.db")), ErrorKind::Exists));
    EXPECT_EQ(read_file(path("copy.db")), "precious");
    EXPECT_TRUE(failed_with(back_up_sqlite(path("none.db"), path("new.db")), ErrorKind::NotFound));
    EXPECT_FALSE(exists("new.db"));
}

// Called by SQLite for each thing that a statement is about to do.
int die_at_zero(void* left, int, const char*, const char*, const char*, const char*) {
    if (--*static_cast<int*>(left) <= 0) ::_exit(1);
    return SQLITE_OK;
}

// A process that dies between any two steps of a migration is followed by one that finishes.
TEST_F(Sqlite, H81_migration_killed_anywhere_is_finished_by_the_next) {
    static constexpr std::array<Migration, 3> kMigrations{{
        {1, "CREATE TABLE a (x); CREATE TABLE b (x)", ""},
        {2, "ALTER TABLE a ADD COLUMN y; CREATE TABLE c (x)", ""},
        {3, "DROP TABLE b", ""},
    }};
    constexpr Schema kSchema{"made", kMigrations};
    constexpr int kStepsMax = 500;
    bool finished = false;
    for (int kill_at = 1; !finished && kill_at < kStepsMax; ++kill_at) {
        std::string name = "m" + std::to_string(kill_at) + ".db";
        ::pid_t child = ::fork();
        if (child == 0) {
            auto connection = SqliteDatabase({.path = path(name)}).connect(Access::Write);
            auto& sqlite = dynamic_cast<SqliteConnection&>(**connection);
            int left = kill_at;
            ::sqlite3_set_authorizer(sqlite.handle(), die_at_zero, &left);
            ::_exit(connection && migrate(**connection, kSchema) ? 0 : 2);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        finished = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        auto connection = connect(Access::Write, name);
        ASSERT_TRUE(succeeded(connection));
        Result<void> left = require_migrated(**connection, kSchema);
        EXPECT_TRUE(left || left.error().kind() == ErrorKind::NotFound)
            << "between two steps: " << left.error().message();
        ASSERT_TRUE(succeeded(migrate(**connection, kSchema)));
        auto statement = (*connection)->prepare("SELECT y FROM a, c");
        ASSERT_TRUE(succeeded(statement));
    }
    EXPECT_TRUE(finished);
}

TEST(SqliteErrors, have_the_kind_that_says_what_to_do) {
    struct Row {
        int code;
        ErrorKind kind;
        const char* name;
    };
    for (const Row& row : {
             Row{SQLITE_FULL, ErrorKind::Full, "SQLITE_FULL"},
             Row{SQLITE_IOERR_SHMSIZE, ErrorKind::Full, "SQLITE_FULL"},
             Row{SQLITE_BUSY, ErrorKind::Busy, "SQLITE_BUSY"},
             Row{SQLITE_BUSY_SNAPSHOT, ErrorKind::Busy, "SQLITE_BUSY"},
             Row{SQLITE_LOCKED, ErrorKind::Busy, "SQLITE_LOCKED"},
             Row{SQLITE_NOMEM, ErrorKind::Busy, "SQLITE_NOMEM"},
             Row{SQLITE_IOERR_NOMEM, ErrorKind::Busy, "SQLITE_IOERR_NOMEM"},
             Row{SQLITE_CORRUPT, ErrorKind::Corrupt, "SQLITE_CORRUPT"},
             Row{SQLITE_CORRUPT_VTAB, ErrorKind::Corrupt, "SQLITE_CORRUPT"},
             Row{SQLITE_NOTADB, ErrorKind::Corrupt, "SQLITE_NOTADB"},
             Row{SQLITE_IOERR, ErrorKind::Corrupt, "SQLITE_IOERR"},
             Row{SQLITE_IOERR_FSYNC, ErrorKind::Corrupt, "SQLITE_IOERR_FSYNC"},
             Row{SQLITE_CONSTRAINT_UNIQUE, ErrorKind::Exists, "SQLITE_CONSTRAINT_UNIQUE"},
             Row{SQLITE_CONSTRAINT_PRIMARYKEY, ErrorKind::Exists, "SQLITE_CONSTRAINT_PRIMARYKEY"},
             Row{SQLITE_CONSTRAINT_NOTNULL, ErrorKind::Invalid, "SQLITE_CONSTRAINT_NOTNULL"},
             Row{SQLITE_READONLY, ErrorKind::Denied, "SQLITE_READONLY"},
             Row{SQLITE_READONLY_DBMOVED, ErrorKind::Denied, "SQLITE_READONLY"},
             Row{SQLITE_PERM, ErrorKind::Denied, "SQLITE_PERM"},
             Row{SQLITE_CANTOPEN, ErrorKind::Denied, "SQLITE_CANTOPEN"},
             Row{SQLITE_INTERRUPT, ErrorKind::Cancelled, "SQLITE_INTERRUPT"},
             Row{SQLITE_TOOBIG, ErrorKind::Unsupported, "SQLITE_TOOBIG"},
             Row{SQLITE_ERROR, ErrorKind::Invalid, "SQLITE_ERROR"},
             Row{250, ErrorKind::Invalid, "SQLITE code 250"},
         }) {
        Error error = sqlite_error(row.code, "write", "/p", "text");
        EXPECT_EQ(error.kind(), row.kind) << row.name;
        EXPECT_EQ(error.code(), row.name);
    }
}

TEST(FileSystem, network_kinds_are_refused_and_local_ones_not) {
    EXPECT_EQ(classify_file_system(0x6969).name, "nfs");
    EXPECT_EQ(classify_file_system(0x6969).verdict, FileSystemVerdict::Network);
    EXPECT_EQ(classify_file_system(0xFF534D42).verdict, FileSystemVerdict::Network);
    EXPECT_EQ(classify_file_system(0xFE534D42).verdict, FileSystemVerdict::Network);
    EXPECT_EQ(classify_file_system(0x65735546).verdict, FileSystemVerdict::Unknown);
    for (std::uint64_t local : {0xEF53u, 0x58465342u, 0x9123683Eu, 0x01021994u, 0x794C7630u, 0x2FC12FC1u})
        EXPECT_EQ(classify_file_system(local).verdict, FileSystemVerdict::Local) << local;
}

TEST(FileSystem, directory_here_may_hold_state) {
    testing::TemporaryDirectory directory;
    EXPECT_TRUE(succeeded(check_state_file_system(directory.path())));
    EXPECT_TRUE(failed_with(check_state_file_system(directory / "none"), ErrorKind::NotFound));
}

}  // namespace
}  // namespace godwit::db
