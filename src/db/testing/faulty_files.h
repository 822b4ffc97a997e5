// The file layer and the allocator of SQLite, with one call that fails: for sweeps in which the Nth call
// fails, for every N until a run does not get so far any more. SQLite itself is tested in this way ("I/O
// error testing", sqlite.org).
//
// It takes the place of the whole process's file layer when it is first used. Nothing is synced and nobody
// sleeps: these tests are about errors and not about power cuts.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <string_view>

#include "base/check.h"
#include "base/error.h"

namespace godwit::db::testing {

enum class FileCall : std::uint8_t {
    Open,
    Delete,
    Access,
    Read,
    Write,
    Truncate,
    Sync,
    FileSize,
    Lock,
    Unlock,
    ShmMap,
    ShmLock,
    Allocate
};

struct FileFault {
    std::string_view name;
    FileCall call;
    int code;
};

// The codes that the file layer gives for each call.
inline constexpr auto kFileFaults = std::to_array<FileFault>({
    {"xOpen CANTOPEN", FileCall::Open, SQLITE_CANTOPEN},
    {"xDelete IOERR", FileCall::Delete, SQLITE_IOERR_DELETE},
    {"xAccess IOERR", FileCall::Access, SQLITE_IOERR_ACCESS},
    {"xRead IOERR", FileCall::Read, SQLITE_IOERR_READ},
    {"xWrite IOERR", FileCall::Write, SQLITE_IOERR_WRITE},
    {"xWrite FULL", FileCall::Write, SQLITE_FULL},
    {"xTruncate IOERR", FileCall::Truncate, SQLITE_IOERR_TRUNCATE},
    {"xSync IOERR", FileCall::Sync, SQLITE_IOERR_FSYNC},
    {"xFileSize IOERR", FileCall::FileSize, SQLITE_IOERR_FSTAT},
    {"xLock BUSY", FileCall::Lock, SQLITE_BUSY},
    {"xLock IOERR", FileCall::Lock, SQLITE_IOERR_LOCK},
    {"xUnlock IOERR", FileCall::Unlock, SQLITE_IOERR_UNLOCK},
    {"xShmMap IOERR", FileCall::ShmMap, SQLITE_IOERR_SHMMAP},
    {"xShmMap full disk", FileCall::ShmMap, SQLITE_IOERR_SHMSIZE},
    {"xShmLock BUSY", FileCall::ShmLock, SQLITE_BUSY},
    {"xShmLock IOERR", FileCall::ShmLock, SQLITE_IOERR_SHMLOCK},
    {"malloc", FileCall::Allocate, SQLITE_NOMEM},
});

// The one that is asked. Any thread may be in SQLite; arm() and heal() are called when none is.
class FaultyFiles {
  public:
    // Takes the places of the real ones, at the first call. No connection is open then.
    static void install();

    // The `nth` call of the fault's kind fails, from 1; all later ones as well if it is `sticky`.
    void arm(const FileFault& fault, int nth, bool sticky) {
        fault_ = fault;
        sticky_ = sticky;
        fired_ = false;
        left_ = nth;
    }
    void heal() { left_ = 0; }
    bool fired() const { return fired_; }

    // Which code this call ends with: SQLITE_OK for most.
    int next(FileCall call) {
        if (left_ <= 0 || call != fault_.call) return SQLITE_OK;
        if (left_ > 1) {
            --left_;
            return SQLITE_OK;
        }
        if (!sticky_) left_ = 0;
        fired_ = true;
        return fault_.code;
    }

  private:
    FileFault fault_{};
    bool sticky_ = false;
    std::atomic<bool> fired_ = false;
    std::atomic<int> left_ = 0;  // 0: nothing fails
};

inline constinit FaultyFiles faulty;

namespace faulty_files {

inline sqlite3_vfs* real_vfs = nullptr;
inline sqlite3_mem_methods real_memory{};

// Ours, with the real one behind it in the same block of memory.
struct File {
    sqlite3_file base;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

inline sqlite3_file* real_of(sqlite3_file* file) {
    return reinterpret_cast<File*>(file)->real();
}

// A method of a file that first asks whether it fails; kMethod is that of the real file.
template <FileCall kCall, auto kMethod>
struct Failing;
template <FileCall kCall, class... Arguments,
          int (*sqlite3_io_methods::*kMethod)(sqlite3_file*, Arguments...)>
struct Failing<kCall, kMethod> {
    static int call(sqlite3_file* file, Arguments... arguments) {
        if (int code = faulty.next(kCall)) return code;
        return (real_of(file)->pMethods->*kMethod)(real_of(file), arguments...);
    }
};

// A method that does not fail.
template <auto kMethod>
struct Passing;
template <class Answer, class... Arguments,
          Answer (*sqlite3_io_methods::*kMethod)(sqlite3_file*, Arguments...)>
struct Passing<kMethod> {
    static Answer call(sqlite3_file* file, Arguments... arguments) {
        return (real_of(file)->pMethods->*kMethod)(real_of(file), arguments...);
    }
};

// One that fails has written a part.
inline int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    int code = faulty.next(FileCall::Write);
    int written = real_of(file)->pMethods->xWrite(real_of(file), bytes, code ? size / 2 : size, offset);
    return code ? code : written;
}

inline int sync(sqlite3_file*, int) {
    return faulty.next(FileCall::Sync);
}

using Io = sqlite3_io_methods;
inline constexpr sqlite3_io_methods kMethods{
    .iVersion = 2,  // no mappings of the file itself
    .xClose = Passing<&Io::xClose>::call,
    .xRead = Failing<FileCall::Read, &Io::xRead>::call,
    .xWrite = write,
    .xTruncate = Failing<FileCall::Truncate, &Io::xTruncate>::call,
    .xSync = sync,
    .xFileSize = Failing<FileCall::FileSize, &Io::xFileSize>::call,
    .xLock = Failing<FileCall::Lock, &Io::xLock>::call,
    .xUnlock = Failing<FileCall::Unlock, &Io::xUnlock>::call,
    .xCheckReservedLock = Failing<FileCall::Lock, &Io::xCheckReservedLock>::call,
    .xFileControl = Passing<&Io::xFileControl>::call,
    .xSectorSize = Passing<&Io::xSectorSize>::call,
    .xDeviceCharacteristics = Passing<&Io::xDeviceCharacteristics>::call,
    .xShmMap = Failing<FileCall::ShmMap, &Io::xShmMap>::call,
    .xShmLock = Failing<FileCall::ShmLock, &Io::xShmLock>::call,
    .xShmBarrier = Passing<&Io::xShmBarrier>::call,
    .xShmUnmap = Passing<&Io::xShmUnmap>::call,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

inline int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
    file->pMethods = nullptr;
    if (int code = faulty.next(FileCall::Open)) return code;
    int code = real_vfs->xOpen(real_vfs, name, real_of(file), flags, flags_out);
    if (code == SQLITE_OK) file->pMethods = &kMethods;
    return code;
}

inline int remove(sqlite3_vfs*, const char* name, int sync_directory) {
    int code = faulty.next(FileCall::Delete);
    return code ? code : real_vfs->xDelete(real_vfs, name, sync_directory);
}

inline int access(sqlite3_vfs*, const char* name, int flags, int* answer) {
    int code = faulty.next(FileCall::Access);
    return code ? code : real_vfs->xAccess(real_vfs, name, flags, answer);
}

inline int sleep(sqlite3_vfs*, int microseconds) {
    return microseconds;
}

inline void* allocate(int size) {
    return faulty.next(FileCall::Allocate) ? nullptr : real_memory.xMalloc(size);
}

inline void* reallocate(void* block, int size) {
    return faulty.next(FileCall::Allocate) ? nullptr : real_memory.xRealloc(block, size);
}

}  // namespace faulty_files

inline void FaultyFiles::install() {
    namespace ours = faulty_files;
    if (ours::real_vfs) return;
    ::sqlite3_shutdown();
    GODWIT_CHECK(::sqlite3_config(SQLITE_CONFIG_GETMALLOC, &ours::real_memory) == SQLITE_OK);
    sqlite3_mem_methods memory = ours::real_memory;
    memory.xMalloc = ours::allocate;
    memory.xRealloc = ours::reallocate;
    GODWIT_CHECK(::sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) == SQLITE_OK);
    ours::real_vfs = ::sqlite3_vfs_find(nullptr);
    static sqlite3_vfs vfs = *ours::real_vfs;
    vfs.zName = "faulty";
    vfs.szOsFile += static_cast<int>(sizeof(ours::File));
    vfs.xOpen = ours::open;
    vfs.xDelete = ours::remove;
    vfs.xAccess = ours::access;
    vfs.xSleep = ours::sleep;
    GODWIT_CHECK(::sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

// Where a lock could not be given or given back, SQLite may say that somebody has it; where a ROLLBACK found
// no memory, that there is a transaction already (in the program an allocation that fails ends the process).
inline bool may_look_otherwise(const FileFault& fault, const Error& error) {
    if (fault.call == FileCall::Allocate) return error.code() == "SQLITE_ERROR";
    return (fault.call == FileCall::Unlock || fault.call == FileCall::ShmLock) &&
           error.kind() == ErrorKind::Busy;
}

// Lives `life` again and again, each time with a later call that fails, until one is not reached; with every
// fault, as one that passes and as one that stays. Not `all`: the first calls one by one, and then ever
// fewer.
template <class Life>
void sweep_file_faults(bool all, Life life) {
    constexpr int kCallsMax = 1'000'000;
    FaultyFiles::install();
    for (const FileFault& fault : kFileFaults) {
        for (bool sticky : {false, true}) {
            bool fired = true;
            for (int nth = 1; fired; nth += all ? 1 : 1 + nth / 2) {
                SCOPED_TRACE(::testing::Message()
                             << fault.name << ", call " << nth << (sticky ? " and all later" : ""));
                faulty.arm(fault, nth, sticky);
                life(fault);
                fired = faulty.fired();
                faulty.heal();
                ASSERT_LT(nth, kCallsMax);
                if (::testing::Test::HasFatalFailure()) return;
            }
        }
    }
}

}  // namespace godwit::db::testing
