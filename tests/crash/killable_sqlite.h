// SQLite's file system, for a ledger that can be killed: as long as one of these lives, it stands between
// SQLite and its files in this process.
#pragma once

#include <sqlite3.h>

#include "crash/kill_switch.h"

namespace godwit::crash {

// An effect is what a reader of the database could see: the frame that commits a transaction to the
// write-ahead log, and every change of any other file (a checkpoint's pages, say). The log's other frames
// count for nothing until then, so they are written or not without being counted.
class KillableSqlite {
  public:
    explicit KillableSqlite(KillSwitch& kill);
    ~KillableSqlite();
    KillableSqlite(const KillableSqlite&) = delete;

    KillSwitch& kill() { return kill_; }
    sqlite3_vfs& real() { return *real_; }

  private:
    KillSwitch& kill_;
    sqlite3_vfs* real_;
    sqlite3_vfs own_;
};

}  // namespace godwit::crash
