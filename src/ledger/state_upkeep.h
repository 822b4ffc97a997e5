// Upkeep of the state directory: sizes, backups, retention. All calls block.
#pragma once

#include <string>
#include <vector>

#include "ledger/state_directory.h"

namespace godwit::ledger {

struct LedgerSize {
    ExecutionInfo execution;
    std::uint64_t bytes = 0;  // 0 when it has none
};

struct TaskSize {
    TaskInfo task;
    bool locked = false;
    std::uint64_t index_bytes = 0;
    std::uint64_t index_rows = 0;
    std::vector<LedgerSize> ledgers;  // oldest first
};

struct StateSizes {
    std::uint64_t control_bytes = 0;
    std::vector<TaskSize> tasks;  // oldest first
    std::uint64_t total_bytes = 0;
};

// What is there and how large it is, write-ahead logs included.
Result<StateSizes> measure_state(const StateDirectory& state);

// Copies everything into `target`, which must not exist or be empty, while executions go on. Each file
// is as of one moment. An index is copied before the ledgers that it follows, so that it is never
// ahead of them: what it lacks is replayed.
Result<void> back_up_state(const StateDirectory& state, const std::string& target);

// Makes the state directory `target`, which must not hold any state, from a backup, after looking
// through every page of it. Fails with Corrupt, and leaves nothing, when a file is damaged.
Result<void> restore_state(const std::string& backup, const std::string& target);

struct PrunePolicy {
    // Ledgers of executions that ended before this go.
    std::optional<std::int64_t> ended_before_unix_ns = {};
    // Then the oldest go until no more than this is left (all files counted).
    std::optional<std::uint64_t> bytes_max = {};
};

struct Pruned {
    std::vector<ExecutionInfo> executions;
    std::uint64_t freed_bytes = 0;
    // Tasks that were left alone because somebody works on them.
    std::vector<std::string> busy_tasks;
};

// Removes ledgers of ended executions. A ledger goes only after every row of it that proves something
// is in the index, durably, so the last proof of each key is kept; counts stay in control.db.
Result<Pruned> prune_state(const StateDirectory& state, const PrunePolicy& policy);

}  // namespace godwit::ledger
