// Rows and objects for tests.
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/encoding.h"
#include "ledger/journal.h"
#include "model/plan.h"

namespace godwit::ledger::testing {

inline model::Identity sample_identity(std::uint64_t number, std::uint64_t size_bytes = 4096) {
    return {.size_bytes = size_bytes,
            .mtime_ns = 1'760'000'000'000'000'000 + static_cast<std::int64_t>(number),
            .tag = fmt::format("{:032x}", number * 0x9E3779B97F4A7C15ull)};
}

inline std::string sample_key(std::uint64_t number) {
    return fmt::format("projects/{:03}/run-{:04}/frame-{:08}.tif", number / 100'000, number / 1'000, number);
}

inline model::PlannedObject sample_object(std::uint64_t number) {
    model::PlannedObject object;
    object.key = model::Key(sample_key(number));
    object.source = sample_identity(number);
    return object;
}

// A VERIFIED row, as a copy to a store that attests makes it.
inline ObjectRecord sample_record(std::int64_t batch, std::uint32_t item, std::uint64_t number) {
    ObjectRecord record;
    record.batch = batch;
    record.item = item;
    record.lease_epoch = 1;
    record.key = model::Key(sample_key(number));
    record.outcome = model::Outcome::Verified;
    record.bytes = 4096;
    record.evidence.level = model::EvidenceLevel::Attested;
    record.evidence.source = sample_identity(number);
    record.evidence.destination = sample_identity(number + 1);
    record.evidence.source_digest = Digest::of_crc64(number);
    record.evidence.destination_digest = Digest::of_crc64(number);
    record.started_unix_ns = 1'763'000'000'000'000'000 + static_cast<std::int64_t>(number) * 1'000;
    record.ended_unix_ns = record.started_unix_ns + 12'345'678;
    record.index = true;
    return record;
}

}  // namespace godwit::ledger::testing
