#include "db/database.h"

namespace godwit::db {

void Statement::bind_all(std::span<const Value> values) {
    int number = 0;
    for (const Value& value : values) bind(++number, value);
}

Result<void> Statement::run(std::span<const Value> values) {
    ResetAtEnd reset_at_end(*this);
    bind_all(values);
    while (true) {
        GODWIT_TRY(bool row, step());
        if (!row) return {};
    }
}

Result<bool> Statement::first(std::initializer_list<Value> values) {
    bind_all(values);
    Result<bool> row = step();
    if (!row || !*row) reset();
    return row;
}

Result<Transaction> Transaction::begin(Connection& connection, Access access) {
    GODWIT_TRY_VOID(connection.begin(access));
    return Transaction(connection);
}

Transaction::~Transaction() {
    if (connection_) connection_->rollback();
}

Result<void> Transaction::commit() {
    Result<void> committed = connection_->commit();
    if (!committed) connection_->rollback();
    connection_ = nullptr;
    return committed;
}

}  // namespace godwit::db
