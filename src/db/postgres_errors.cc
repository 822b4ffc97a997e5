#include "db/postgres_errors.h"

#include <array>

namespace godwit::db {
namespace {

struct Row {
    std::string_view prefix;
    ErrorKind kind;
};

// Whole codes stand before the classes that they belong to.
constexpr auto kRows = std::to_array<Row>({
    {"23505", ErrorKind::Exists},     // unique_violation
    {"25006", ErrorKind::Denied},     // read_only_sql_transaction
    {"3D000", ErrorKind::NotFound},   // invalid_catalog_name: no such database
    {"3F000", ErrorKind::NotFound},   // invalid_schema_name
    {"42501", ErrorKind::Denied},     // insufficient_privilege
    {"42P01", ErrorKind::NotFound},   // undefined_table
    {"42P06", ErrorKind::Exists},     // duplicate_schema
    {"42P07", ErrorKind::Exists},     // duplicate_table
    {"53100", ErrorKind::Full},       // disk_full
    {"57014", ErrorKind::Cancelled},  // query_canceled
    {"57P01", ErrorKind::Lost},       // admin_shutdown
    {"57P02", ErrorKind::Lost},       // crash_shutdown
    {"57P03", ErrorKind::Busy},       // cannot_connect_now
    {"57P05", ErrorKind::Lost},       // idle_session_timeout
    {"58030", ErrorKind::Corrupt},    // io_error
    {"08", ErrorKind::Lost},          // connection exception
    {"0A", ErrorKind::Unsupported},   // feature not supported
    {"22", ErrorKind::Invalid},       // data exception
    {"23", ErrorKind::Invalid},       // other integrity constraints
    {"28", ErrorKind::Denied},        // invalid authorization
    {"40", ErrorKind::Busy},          // transaction rollback: serialization, deadlock
    {"53", ErrorKind::Busy},          // insufficient resources
    {"54", ErrorKind::Unsupported},   // program limit exceeded
    {"55", ErrorKind::Busy},          // object not in prerequisite state: lock_not_available
    {"XX", ErrorKind::Corrupt},       // internal error, data corrupted
});

}  // namespace

ErrorKind postgres_kind(std::string_view sqlstate) {
    for (const Row& row : kRows) {
        if (sqlstate.starts_with(row.prefix)) return row.kind;
    }
    return ErrorKind::Invalid;
}

}  // namespace godwit::db
