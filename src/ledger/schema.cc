#include "ledger/schema.h"

#include <array>

namespace godwit::ledger {
namespace {

constexpr std::array<db::Migration, 3> kControl{{
    {1,
     R"sql(
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    source_canonical TEXT NOT NULL, source_identity TEXT NOT NULL, source_uri TEXT NOT NULL,
    destination_canonical TEXT NOT NULL, destination_identity TEXT NOT NULL, destination_uri TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    UNIQUE (source_canonical, source_identity, destination_canonical, destination_identity)
) STRICT, WITHOUT ROWID;
CREATE TABLE executions (
    id TEXT PRIMARY KEY,
    task TEXT NOT NULL,
    status INTEGER NOT NULL,
    created_ns INTEGER NOT NULL,
    ended_ns INTEGER,   -- NULL: not yet
    pruned_ns INTEGER,  -- NULL: its ledger is still there
    error TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX executions_of_task ON executions (task, created_ns);
CREATE TABLE execution_counts (
    execution TEXT NOT NULL, outcome INTEGER NOT NULL, objects INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (execution, outcome)
) STRICT, WITHOUT ROWID;
)sql",
     R"sql(
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    source_canonical TEXT NOT NULL, source_identity TEXT NOT NULL, source_uri TEXT NOT NULL,
    destination_canonical TEXT NOT NULL, destination_identity TEXT NOT NULL, destination_uri TEXT NOT NULL,
    created_ns BIGINT NOT NULL,
    UNIQUE (source_canonical, source_identity, destination_canonical, destination_identity)
);
CREATE TABLE executions (
    id TEXT PRIMARY KEY,
    task TEXT NOT NULL,
    status BIGINT NOT NULL,
    created_ns BIGINT NOT NULL,
    ended_ns BIGINT,
    pruned_ns BIGINT,
    error TEXT NOT NULL
);
CREATE INDEX executions_of_task ON executions (task, created_ns);
CREATE TABLE execution_counts (
    execution TEXT NOT NULL, outcome BIGINT NOT NULL, objects BIGINT NOT NULL, bytes BIGINT NOT NULL,
    PRIMARY KEY (execution, outcome)
);
)sql"},
    // The order in which executions began, whatever the clock said.
    {2,
     R"sql(
ALTER TABLE executions ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE executions SET number = (SELECT count(*) FROM executions AS other
    WHERE (other.created_ns, other.id) <= (executions.created_ns, executions.id));
)sql",
     R"sql(
ALTER TABLE executions ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
UPDATE executions SET number = (SELECT count(*) FROM executions AS other
    WHERE (other.created_ns, other.id) <= (executions.created_ns, executions.id));
)sql"},
    // What a running execution is to keep to; '' is what it began with.
    {3, R"sql(ALTER TABLE executions ADD COLUMN limits TEXT NOT NULL DEFAULT '';)sql",
     R"sql(ALTER TABLE executions ADD COLUMN limits TEXT NOT NULL DEFAULT '';)sql"},
}};

constexpr std::array<db::Migration, 1> kIndex{{
    {1,
     R"sql(
CREATE TABLE objects (
    key BLOB PRIMARY KEY,
    evidence BLOB NOT NULL,
    level INTEGER NOT NULL,
    execution INTEGER NOT NULL,  -- the number of the execution that proved it
    proved_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE executions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    applied_seq INTEGER NOT NULL,  -- ledger rows up to this one are in `objects`
    complete INTEGER NOT NULL      -- 1: no further row will come
) STRICT;
)sql",
     R"sql(
CREATE TABLE objects (
    key BYTEA PRIMARY KEY,
    evidence BYTEA NOT NULL,
    level BIGINT NOT NULL,
    execution BIGINT NOT NULL,
    proved_ns BIGINT NOT NULL
);
CREATE TABLE executions (
    number BIGINT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    applied_seq BIGINT NOT NULL,
    complete BIGINT NOT NULL
);
)sql"},
}};

constexpr std::array<db::Migration, 3> kExecution{{
    {1,
     R"sql(
CREATE TABLE execution (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, options TEXT NOT NULL, staging_token TEXT NOT NULL,
    status INTEGER NOT NULL, created_ns INTEGER NOT NULL, ended_ns INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE shards (
    id INTEGER PRIMARY KEY,
    range_after BLOB NOT NULL, range_before BLOB NOT NULL,
    cursor BLOB NOT NULL, complete INTEGER NOT NULL
) STRICT;
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    shard INTEGER,            -- NULL: a retry batch has none
    lane INTEGER NOT NULL,    -- its kind
    state INTEGER NOT NULL,
    lease_owner TEXT, lease_epoch INTEGER NOT NULL, lease_expires_ns INTEGER NOT NULL,
    first_key BLOB NOT NULL,
    item_count INTEGER NOT NULL,
    items BLOB NOT NULL       -- emptied when the batch is done
) STRICT;
CREATE INDEX batches_open ON batches (lane, id) WHERE state < 3;
CREATE TABLE batch_progress (
    batch INTEGER PRIMARY KEY,
    ended BLOB NOT NULL       -- a bit for each item, lowest first
) STRICT;
CREATE TABLE outcomes (
    seq INTEGER PRIMARY KEY,  -- grows with each commit
    batch INTEGER NOT NULL, item INTEGER NOT NULL,
    outcome INTEGER NOT NULL, type INTEGER NOT NULL,
    key BLOB NOT NULL,
    bytes INTEGER NOT NULL, level INTEGER NOT NULL, evidence BLOB NOT NULL,
    attempts INTEGER NOT NULL, started_ns INTEGER NOT NULL, duration_ns INTEGER NOT NULL,
    index_effect INTEGER NOT NULL,
    reason TEXT               -- of a skip
) STRICT;
CREATE TABLE errors (
    seq INTEGER PRIMARY KEY,  -- of the outcome that it belongs to
    scope INTEGER NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL
) STRICT;
CREATE INDEX errors_by_code ON errors (scope, code);
CREATE TABLE deferrals (
    batch INTEGER NOT NULL, item INTEGER NOT NULL,
    object BLOB NOT NULL,     -- a batch of one
    retry_batch INTEGER,      -- NULL: in none yet
    PRIMARY KEY (batch, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX deferrals_waiting ON deferrals (batch, item) WHERE retry_batch IS NULL;
CREATE TABLE counts (
    origin INTEGER NOT NULL, outcome INTEGER NOT NULL, reason TEXT NOT NULL,
    objects INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (origin, outcome, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE uploads (
    key BLOB PRIMARY KEY, intent_ns INTEGER NOT NULL, checkpoint BLOB NOT NULL, source BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    payload BLOB NOT NULL, created_ns INTEGER NOT NULL
) STRICT;
CREATE TABLE unlisted (id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
)sql",
     R"sql(
CREATE TABLE execution (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, options TEXT NOT NULL, staging_token TEXT NOT NULL,
    status BIGINT NOT NULL, created_ns BIGINT NOT NULL, ended_ns BIGINT
);
CREATE TABLE shards (
    id BIGINT PRIMARY KEY,
    range_after BYTEA NOT NULL, range_before BYTEA NOT NULL,
    cursor BYTEA NOT NULL, complete BIGINT NOT NULL
);
CREATE TABLE batches (
    id BIGINT PRIMARY KEY,
    shard BIGINT,
    lane BIGINT NOT NULL,
    state BIGINT NOT NULL,
    lease_owner TEXT, lease_epoch BIGINT NOT NULL, lease_expires_ns BIGINT NOT NULL,
    first_key BYTEA NOT NULL,
    item_count BIGINT NOT NULL,
    items BYTEA NOT NULL
);
CREATE INDEX batches_open ON batches (lane, id) WHERE state < 3;
CREATE TABLE batch_progress (batch BIGINT PRIMARY KEY, ended BYTEA NOT NULL);
CREATE TABLE outcomes (
    seq BIGINT PRIMARY KEY,
    batch BIGINT NOT NULL, item BIGINT NOT NULL,
    outcome BIGINT NOT NULL, type BIGINT NOT NULL,
    key BYTEA NOT NULL,
    bytes BIGINT NOT NULL, level BIGINT NOT NULL, evidence BYTEA NOT NULL,
    attempts BIGINT NOT NULL, started_ns BIGINT NOT NULL, duration_ns BIGINT NOT NULL,
    index_effect BIGINT NOT NULL,
    reason TEXT
);
CREATE TABLE errors (
    seq BIGINT PRIMARY KEY,
    scope BIGINT NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL
);
CREATE INDEX errors_by_code ON errors (scope, code);
CREATE TABLE deferrals (
    batch BIGINT NOT NULL, item BIGINT NOT NULL,
    object BYTEA NOT NULL,
    retry_batch BIGINT,
    PRIMARY KEY (batch, item)
);
CREATE INDEX deferrals_waiting ON deferrals (batch, item) WHERE retry_batch IS NULL;
CREATE TABLE counts (
    origin BIGINT NOT NULL, outcome BIGINT NOT NULL, reason TEXT NOT NULL,
    objects BIGINT NOT NULL, bytes BIGINT NOT NULL,
    PRIMARY KEY (origin, outcome, reason)
);
CREATE TABLE uploads (
    key BYTEA PRIMARY KEY, intent_ns BIGINT NOT NULL, checkpoint BYTEA NOT NULL, source BYTEA NOT NULL
);
CREATE TABLE events (
    id BIGINT PRIMARY KEY,
    kind BIGINT NOT NULL,
    payload BYTEA NOT NULL, created_ns BIGINT NOT NULL
);
CREATE TABLE unlisted (id BIGINT PRIMARY KEY, shard BIGINT NOT NULL, message TEXT NOT NULL);
)sql"},
    {.number = 2,
     .sqlite = R"sql(
CREATE TABLE hard_links (
    file BLOB NOT NULL,    -- device and inode, or what objects tell instead
    key BLOB NOT NULL,     -- empty: the first UNCHANGED name, which was counted when it was listed
    object BLOB NOT NULL,  -- a batch of one
    PRIMARY KEY (file, key)
) STRICT, WITHOUT ROWID;
)sql",
     .postgres = R"sql(
CREATE TABLE hard_links (
    file BYTEA NOT NULL, key BYTEA NOT NULL, object BYTEA NOT NULL,
    PRIMARY KEY (file, key)
);
)sql",
     .for_writers = true},
    // How many objects of the destination were listed: what a bound on deletes is a part of.
    {.number = 3,
     .sqlite = "ALTER TABLE shards ADD COLUMN destination_objects INTEGER NOT NULL DEFAULT 0;",
     .postgres = "ALTER TABLE shards ADD COLUMN destination_objects BIGINT NOT NULL DEFAULT 0;",
     .for_writers = true},
}};

}  // namespace

constinit const db::Schema kControlSchema{"control", kControl};
constinit const db::Schema kIndexSchema{"index", kIndex};
constinit const db::Schema kExecutionSchema{"execution", kExecution};

}  // namespace godwit::ledger
