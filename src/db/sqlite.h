// SQLite: one file, one writer. The default home of Godwit's state.
//
// Exactly one connection with Access::Write may be open on a file at any time, over all processes;
// whoever opens it holds a lock of his own for that (the task's lock, say). It does all writing and
// all checkpoints: versions before 3.51.3 can lose a transaction when one connection checkpoints
// while another commits (sqlite.org, "the WAL-reset bug"). Connections with Access::Read never
// checkpoint, not even when they are closed, and need no lock.
//
// What is not a Godwit file, or is damaged, is refused with an error and never changed or deleted.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "db/database.h"

namespace godwit::db {

// How long a committed transaction may be lost by a power cut. It is never torn in either case.
enum class Durability : std::uint8_t {
    Full,    // commit() returns when the disk has it
    Normal,  // the last transactions may vanish: for what can be made anew from a Full file
};

struct SqliteOptions {
    std::string path;
    Durability durability = Durability::Full;
    // How long a connection waits for a lock before it gives up with Busy.
    std::chrono::milliseconds busy_wait_max{10'000};
    std::size_t page_bytes = 4096;
    std::size_t cache_bytes_max = std::size_t{8} << 20;
    // The log is moved into the file when it has grown this large.
    std::size_t checkpoint_bytes = std::size_t{16} << 20;
    // The log keeps at most this much disk once it has been moved.
    std::size_t wal_bytes_max = std::size_t{64} << 20;
    // Gives Connection::now(). Outlives the database.
    const Clock* clock = &system_clock();
};

class SqliteDatabase final : public Database {
  public:
    // Nothing is opened yet. The file's directory must exist.
    explicit SqliteDatabase(SqliteOptions options);
    ~SqliteDatabase() override;

    Dialect dialect() const override { return Dialect::Sqlite; }
    // Write: makes the file when it is missing (mode 0600). Read: fails with NotFound then.
    // Fails with Corrupt for a file that is damaged or belongs to another program.
    Result<std::unique_ptr<Connection>> connect(Access access) override;
    // Hears the connections of this object only: a file has one writing process.
    Result<std::unique_ptr<Listener>> listen(std::string_view channel) override;

    struct Notices;

  private:
    SqliteOptions options_;
    std::shared_ptr<Notices> notices_;
};

// Copies the database file `source_path` to `target_path`, which must not exist, as of one moment,
// while others read and write it (SQLite's online backup). The copy is on disk when this returns; a
// failed one is removed.
Result<void> back_up_sqlite(const std::string& source_path, const std::string& target_path);

// Looks through every page of the file. Fails with Corrupt and what was found first.
Result<void> check_sqlite_integrity(const std::string& path);

}  // namespace godwit::db
