#include "db/sqlite_errors.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>

namespace godwit::db {
namespace {

struct Row {
    int code;
    ErrorKind kind;
    std::string_view name;
};

// Extended codes that differ from their primary code in kind, or that say what is wrong, stand
// before it.
constexpr auto kRows = std::to_array<Row>({
    {SQLITE_CONSTRAINT_UNIQUE, ErrorKind::Exists, "SQLITE_CONSTRAINT_UNIQUE"},
    {SQLITE_CONSTRAINT_PRIMARYKEY, ErrorKind::Exists, "SQLITE_CONSTRAINT_PRIMARYKEY"},
    {SQLITE_CONSTRAINT_ROWID, ErrorKind::Exists, "SQLITE_CONSTRAINT_ROWID"},
    {SQLITE_CONSTRAINT_NOTNULL, ErrorKind::Invalid, "SQLITE_CONSTRAINT_NOTNULL"},
    {SQLITE_CONSTRAINT_CHECK, ErrorKind::Invalid, "SQLITE_CONSTRAINT_CHECK"},
    {SQLITE_CONSTRAINT_DATATYPE, ErrorKind::Invalid, "SQLITE_CONSTRAINT_DATATYPE"},
    {SQLITE_IOERR_NOMEM, ErrorKind::Busy, "SQLITE_IOERR_NOMEM"},
    {SQLITE_IOERR_READ, ErrorKind::Corrupt, "SQLITE_IOERR_READ"},
    {SQLITE_IOERR_SHORT_READ, ErrorKind::Corrupt, "SQLITE_IOERR_SHORT_READ"},
    {SQLITE_IOERR_WRITE, ErrorKind::Corrupt, "SQLITE_IOERR_WRITE"},
    {SQLITE_IOERR_FSYNC, ErrorKind::Corrupt, "SQLITE_IOERR_FSYNC"},
    {SQLITE_IOERR_DIR_FSYNC, ErrorKind::Corrupt, "SQLITE_IOERR_DIR_FSYNC"},
    // The file of shared memory beside the database could not grow: a full disk's first sign.
    {SQLITE_IOERR_SHMSIZE, ErrorKind::Full, "SQLITE_FULL"},
    {SQLITE_ERROR, ErrorKind::Invalid, "SQLITE_ERROR"},
    {SQLITE_INTERNAL, ErrorKind::Invalid, "SQLITE_INTERNAL"},
    {SQLITE_PERM, ErrorKind::Denied, "SQLITE_PERM"},
    {SQLITE_ABORT, ErrorKind::Cancelled, "SQLITE_ABORT"},
    {SQLITE_BUSY, ErrorKind::Busy, "SQLITE_BUSY"},
    {SQLITE_LOCKED, ErrorKind::Busy, "SQLITE_LOCKED"},
    {SQLITE_NOMEM, ErrorKind::Busy, "SQLITE_NOMEM"},
    {SQLITE_READONLY, ErrorKind::Denied, "SQLITE_READONLY"},
    {SQLITE_INTERRUPT, ErrorKind::Cancelled, "SQLITE_INTERRUPT"},
    {SQLITE_IOERR, ErrorKind::Corrupt, "SQLITE_IOERR"},
    {SQLITE_CORRUPT, ErrorKind::Corrupt, "SQLITE_CORRUPT"},
    {SQLITE_NOTFOUND, ErrorKind::Unsupported, "SQLITE_NOTFOUND"},
    {SQLITE_FULL, ErrorKind::Full, "SQLITE_FULL"},
    {SQLITE_CANTOPEN, ErrorKind::Denied, "SQLITE_CANTOPEN"},
    {SQLITE_PROTOCOL, ErrorKind::Busy, "SQLITE_PROTOCOL"},
    {SQLITE_SCHEMA, ErrorKind::Busy, "SQLITE_SCHEMA"},
    {SQLITE_TOOBIG, ErrorKind::Unsupported, "SQLITE_TOOBIG"},
    {SQLITE_CONSTRAINT, ErrorKind::Exists, "SQLITE_CONSTRAINT"},
    {SQLITE_MISMATCH, ErrorKind::Invalid, "SQLITE_MISMATCH"},
    {SQLITE_MISUSE, ErrorKind::Invalid, "SQLITE_MISUSE"},
    {SQLITE_NOLFS, ErrorKind::Unsupported, "SQLITE_NOLFS"},
    {SQLITE_AUTH, ErrorKind::Denied, "SQLITE_AUTH"},
    {SQLITE_RANGE, ErrorKind::Invalid, "SQLITE_RANGE"},
    {SQLITE_NOTADB, ErrorKind::Corrupt, "SQLITE_NOTADB"},
});

constexpr int kPrimaryCodeMask = 0xff;

const Row* find_row(int code) {
    for (const Row& row : kRows) {
        if (row.code == code) return &row;
    }
    return nullptr;
}

const Row* row_of(int extended_code) {
    const Row* exact = find_row(extended_code);
    return exact ? exact : find_row(extended_code & kPrimaryCodeMask);
}

// What a user can do about it, for the codes that SQLite's own words leave him alone with.
std::string_view advice(int primary_code) {
    switch (primary_code) {
        case SQLITE_NOTADB:
            return "; it was not made by Godwit, or is damaged: move it away, or restore a backup";
        case SQLITE_CORRUPT:
            return "; the file is damaged: restore a backup";
        default:
            return "";
    }
}

}  // namespace

ErrorKind sqlite_kind(int extended_code) {
    const Row* row = row_of(extended_code);
    return row ? row->kind : ErrorKind::Invalid;
}

std::string sqlite_code_name(int extended_code) {
    const Row* row = row_of(extended_code);
    return row ? std::string(row->name) : fmt::format("SQLITE code {}", extended_code);
}

Error sqlite_error(int extended_code, std::string operation, const std::string& path,
                   std::string_view message) {
    std::string cause = fmt::format("{}{}", message, advice(extended_code & kPrimaryCodeMask));
    return Error(sqlite_kind(extended_code), std::move(operation), path, std::move(cause))
        .with_code(sqlite_code_name(extended_code));
}

}  // namespace godwit::db
