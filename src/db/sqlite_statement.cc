// The hot path of the state writer: binding and stepping.
#include <sqlite3.h>

#include "db/sqlite_connection.h"
#include "db/sqlite_errors.h"

namespace godwit::db {
namespace {

// SQLite takes a null pointer for NULL, also where the size is 0.
const char* not_null(std::string_view view) {
    return view.data() ? view.data() : "";
}

int bind_value(sqlite3_stmt* statement, int number, const Value& value) {
    switch (value.kind()) {
        case Value::Kind::Null:
            return ::sqlite3_bind_null(statement, number);
        case Value::Kind::Integer:
            return ::sqlite3_bind_int64(statement, number, value.as_integer());
        case Value::Kind::Bytes:
            return ::sqlite3_bind_blob64(statement, number, not_null(value.view()), value.view().size(),
                                         SQLITE_STATIC);
        case Value::Kind::Text:
            return ::sqlite3_bind_text64(statement, number, not_null(value.view()), value.view().size(),
                                         SQLITE_STATIC, SQLITE_UTF8);
    }
    return SQLITE_MISUSE;
}

}  // namespace

void SqliteStatement::bind(int number, const Value& value) {
    int code = bind_value(handle_.get(), number, value);
    GODWIT_CHECK(code == SQLITE_OK, "parameter {} of '{}': {}", number, ::sqlite3_sql(handle_.get()),
                 ::sqlite3_errstr(code));
}

Result<bool> SqliteStatement::step() {
    int code = ::sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    sqlite3* connection = ::sqlite3_db_handle(handle_.get());
    if (code == SQLITE_DONE) {
        changes_ = ::sqlite3_changes64(connection);
        return false;
    }
    const char* operation = ::sqlite3_stmt_readonly(handle_.get()) ? "read" : "write";
    return sqlite_error(code, operation, path_, ::sqlite3_errmsg(connection));
}

// The code that reset() returns is that of the last step(), which was reported then.
void SqliteStatement::reset() {
    ::sqlite3_reset(handle_.get());
}

bool SqliteStatement::is_null(int column) const {
    return ::sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

std::int64_t SqliteStatement::integer(int column) const {
    return ::sqlite3_column_int64(handle_.get(), column);
}

std::string_view SqliteStatement::bytes(int column) const {
    const void* data = ::sqlite3_column_blob(handle_.get(), column);
    int size = ::sqlite3_column_bytes(handle_.get(), column);
    return {data ? static_cast<const char*>(data) : "", static_cast<std::size_t>(size)};
}

std::string_view SqliteStatement::text(int column) const {
    return bytes(column);
}

int SqliteStatement::column_count() const {
    return ::sqlite3_column_count(handle_.get());
}

Result<void> SqliteBulkAppend::append(std::span<const Value> row) {
    int number = 0;
    for (const Value& value : row) insert_->bind(++number, value);
    Result<bool> stepped = insert_->step();
    insert_->reset();
    if (!stepped) return Error(std::move(stepped.error()));
    return {};
}

}  // namespace godwit::db
