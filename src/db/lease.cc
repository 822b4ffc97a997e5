#include "db/lease.h"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::db {

std::string_view plain_name(std::string_view name) {
    auto is_letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); };
    bool plain = !name.empty() && is_letter(name.front()) &&
                 std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
    GODWIT_CHECK(plain, "'{}' can't stand in a statement", name);
    return name;
}

std::string lease_statement(std::string_view table, std::string_view order, std::string_view passing_over) {
    // The rows are chosen once, in a common table expression: a subquery in the WHERE clause could be
    // run again for each row by PostgreSQL's planner, and lease more than was asked for.
    return fmt::format(
        "WITH due AS MATERIALIZED (SELECT id AS due_id FROM {0} "
        "WHERE lane = ?5 AND state < 3 AND (state = 1 OR (state = 2 AND lease_expires_ns <= ?3)) "
        "ORDER BY {1} LIMIT ?4 {2}) "
        "UPDATE {0} SET state = 2, lease_owner = ?1, lease_epoch = lease_epoch + 1, lease_expires_ns = ?2 "
        "FROM due WHERE id = due_id RETURNING id, lease_epoch",
        plain_name(table), order, passing_over);
}

Result<std::vector<Leased>> run_lease(Statement& statement, const LeaseRequest& request) {
    ResetAtEnd reset_at_end(statement);
    statement.bind_all({Value::text(request.owner), Value::integer(request.expires_ns),
                        Value::integer(request.now_ns), Value::integer(request.count_max),
                        Value::integer(request.lane)});
    std::vector<Leased> leased;
    while (true) {
        GODWIT_TRY(bool row, statement.step());
        if (!row) break;
        leased.push_back({.id = statement.integer(0), .epoch = statement.integer(1)});
    }
    // RETURNING promises no order.
    std::ranges::sort(leased, {}, &Leased::id);
    return leased;
}

}  // namespace godwit::db
