// The statement behind Connection::lease: one text, in which only the way to pass over rows that
// others are leasing differs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"

namespace godwit::db {

// Parameters: owner, expiry, now, count, lane. `passing_over` ends the inner SELECT ("FOR UPDATE SKIP
// LOCKED", or nothing where there is a single writer). `table` is a plain lower-case name.
std::string lease_statement(std::string_view table, std::string_view order, std::string_view passing_over);

// Runs such a statement; in order of id.
Result<std::vector<Leased>> run_lease(Statement& statement, const LeaseRequest& request);

// `name`, CHECKed to be of lower-case letters, digits and '_' with no digit first, so that it can
// stand in a statement.
std::string_view plain_name(std::string_view name);

}  // namespace godwit::db
