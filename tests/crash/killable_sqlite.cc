#include "crash/killable_sqlite.h"

#include <algorithm>

#include "base/check.h"

namespace godwit::crash {
namespace {

// SQLite allocates it, with room for the real file behind it.
struct File {
    sqlite3_file base;
    KillableSqlite* owner;
    bool is_log;
};

File& own(sqlite3_file* file) {
    return *reinterpret_cast<File*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(&own(file) + 1);
}
const sqlite3_io_methods& calls(sqlite3_file* file) {
    return *real(file)->pMethods;
}
KillSwitch& kill_of(sqlite3_file* file) {
    return own(file).owner->kill();
}

// The head of a frame of the log holds, at byte 4, the size of the database after the transaction that
// it is the last of, else 0 (sqlite.org/fileformat2.html, "WAL Frame Header").
bool commits(const void* data, int size_bytes) {
    constexpr int kFrameHeadBytes = 24;
    const auto* bytes = static_cast<const unsigned char*>(data);
    return size_bytes == kFrameHeadBytes && std::any_of(bytes + 4, bytes + 8, [](int byte) { return byte; });
}

int write(sqlite3_file* file, const void* data, int size_bytes, sqlite3_int64 offset_bytes) {
    KillSwitch& kill = kill_of(file);
    bool counts = !own(file).is_log || commits(data, size_bytes);
    bool happens = counts ? kill.happens(own(file).is_log ? "commit" : "database write") : !kill.killed();
    return happens ? calls(file).xWrite(real(file), data, size_bytes, offset_bytes) : SQLITE_IOERR_WRITE;
}

int truncate(sqlite3_file* file, sqlite3_int64 size_bytes) {
    if (!kill_of(file).happens("database truncate")) return SQLITE_IOERR_TRUNCATE;
    return calls(file).xTruncate(real(file), size_bytes);
}

int unmap_shared(sqlite3_file* file, int remove) {
    return calls(file).xShmUnmap(real(file), kill_of(file).killed() ? 0 : remove);
}

constexpr sqlite3_io_methods kMethods{
    .iVersion = 2,
    .xClose = [](sqlite3_file* file) { return calls(file).xClose(real(file)); },
    .xRead = [](sqlite3_file* file, void* out, int size_bytes,
                sqlite3_int64 at) { return calls(file).xRead(real(file), out, size_bytes, at); },
    .xWrite = write,
    .xTruncate = truncate,
    // A killed process loses nothing that it has written.
    .xSync = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xFileSize = [](sqlite3_file* file,
                    sqlite3_int64* out) { return calls(file).xFileSize(real(file), out); },
    .xLock = [](sqlite3_file* file, int level) { return calls(file).xLock(real(file), level); },
    .xUnlock = [](sqlite3_file* file, int level) { return calls(file).xUnlock(real(file), level); },
    .xCheckReservedLock = [](sqlite3_file* file,
                             int* out) { return calls(file).xCheckReservedLock(real(file), out); },
    .xFileControl = [](sqlite3_file* file, int code,
                       void* data) { return calls(file).xFileControl(real(file), code, data); },
    .xSectorSize = [](sqlite3_file* file) { return calls(file).xSectorSize(real(file)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* file) { return calls(file).xDeviceCharacteristics(real(file)); },
    .xShmMap =
        [](sqlite3_file* file, int region, int size_bytes, int extend, void volatile** out) {
            return calls(file).xShmMap(real(file), region, size_bytes, extend, out);
        },
    .xShmLock = [](sqlite3_file* file, int offset, int count,
                   int flags) { return calls(file).xShmLock(real(file), offset, count, flags); },
    .xShmBarrier = [](sqlite3_file* file) { calls(file).xShmBarrier(real(file)); },
    .xShmUnmap = unmap_shared,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

KillableSqlite& owner_of(sqlite3_vfs* vfs) {
    return *static_cast<KillableSqlite*>(vfs->pAppData);
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    KillableSqlite& owner = owner_of(vfs);
    file->pMethods = nullptr;
    if (owner.kill().killed()) return SQLITE_CANTOPEN;
    own(file).owner = &owner;
    own(file).is_log = (flags & SQLITE_OPEN_WAL) != 0;
    int opened = owner.real().xOpen(&owner.real(), name, real(file), flags, flags_out);
    if (opened == SQLITE_OK) file->pMethods = &kMethods;
    return opened;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync) {
    KillableSqlite& owner = owner_of(vfs);
    if (!owner.kill().happens("database file removal")) return SQLITE_IOERR_DELETE;
    return owner.real().xDelete(&owner.real(), name, sync);
}

}  // namespace

KillableSqlite::KillableSqlite(KillSwitch& kill)
    : kill_(kill), real_(::sqlite3_vfs_find(nullptr)), own_(*real_) {
    own_.zName = "killable";
    own_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    own_.pAppData = this;
    own_.xOpen = open;
    own_.xDelete = remove;
    constexpr int kAsDefault = 1;
    GODWIT_CHECK(::sqlite3_vfs_register(&own_, kAsDefault) == SQLITE_OK);
}

KillableSqlite::~KillableSqlite() {
    ::sqlite3_vfs_unregister(&own_);
    constexpr int kAsDefault = 1;
    ::sqlite3_vfs_register(real_, kAsDefault);
}

}  // namespace godwit::crash
