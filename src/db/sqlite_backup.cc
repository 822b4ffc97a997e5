// Copies of a SQLite file taken while it is in use, and the look through a whole file.
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "db/sqlite_connection.h"
#include "db/sqlite_errors.h"

namespace godwit::db {
namespace {

Result<std::unique_ptr<SqliteConnection>> open_to_read(const std::string& path) {
    SqliteOptions options{.path = path};
    return SqliteConnection::open(options, Access::Read, std::make_shared<SqliteDatabase::Notices>());
}

// All pages in one step, and so as of one moment: a backup made in several would begin anew each
// time that somebody writes between two of them.
Result<void> copy_pages(sqlite3* source, const std::string& target_path) {
    sqlite3* raw = nullptr;
    int code = ::sqlite3_open_v2(target_path.c_str(), &raw,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    SqliteHandle target(raw);
    if (code != SQLITE_OK) return sqlite_error(code, "create", target_path, ::sqlite3_errstr(code));
    sqlite3_backup* backup = ::sqlite3_backup_init(raw, "main", source, "main");
    if (backup) {
        ::sqlite3_backup_step(backup, -1);
        code = ::sqlite3_backup_finish(backup);
    } else {
        code = ::sqlite3_extended_errcode(raw);
    }
    if (code != SQLITE_OK)
        return sqlite_error(code, "copy a database to", target_path, ::sqlite3_errmsg(raw));
    return {};
}

Result<void> sync_path(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno_error(errno, "open", path);
    int failed = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    if (failed) return errno_error(failed, "sync", path);
    return {};
}

// Gives the finished copy its name, durably, unless the name is taken.
Result<void> publish(const std::string& part_path, const std::string& target_path) {
    GODWIT_TRY_VOID(sync_path(part_path));
    if (::renameat2(AT_FDCWD, part_path.c_str(), AT_FDCWD, target_path.c_str(), RENAME_NOREPLACE) != 0)
        return errno_error(errno, "create", target_path);
    std::size_t slash = target_path.rfind('/');
    return sync_path(slash == std::string::npos ? "." : target_path.substr(0, slash + 1));
}

}  // namespace

Result<void> back_up_sqlite(const std::string& source_path, const std::string& target_path) {
    GODWIT_TRY(auto source, open_to_read(source_path));
    std::string part_path = target_path + ".part";
    ::unlink(part_path.c_str());
    Result<void> copied = copy_pages(source->handle(), part_path);
    if (copied) copied = publish(part_path, target_path);
    if (!copied) ::unlink(part_path.c_str());
    return copied;
}

Result<void> check_sqlite_integrity(const std::string& path) {
    GODWIT_TRY(auto connection, open_to_read(path));
    GODWIT_TRY(std::string verdict, connection->read_text("PRAGMA integrity_check(1)"));
    if (verdict == "ok") return {};
    return Error(ErrorKind::Corrupt, "check", path, fmt::format("{}; restore a backup", verdict));
}

}  // namespace godwit::db
