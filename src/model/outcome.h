// An object's end in one execution, and the counts that are derived from the ends.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace godwit::model {

// Stored in the ledger: never renumber.
enum class Outcome : std::uint8_t {
    Verified = 1,         // stored and proved
    Copied = 2,           // stored; verification was off
    Metadata = 3,         // bytes were equal already; attributes were brought over
    Unchanged = 4,        // nothing to do (counted, no row)
    Skipped = 5,          // left out on purpose, with a reason
    Gone = 6,             // vanished between listing and reading
    Deferred = 7,         // kept changing while it was read; nothing was published
    Unrepresentable = 8,  // the destination cannot hold this key
    Conflict = 9,         // something of another kind is in the way at the destination
    Deleted = 10,         // removed from the destination by a mirror run
    Failed = 11,
    Kept = 12,        // only the destination has it, and a mirror run left it, with a reason
    NotDeleted = 13,  // only the destination has it, and it could not be removed
};
inline constexpr std::size_t kOutcomeCount = 14;
inline constexpr Outcome kFirstOutcome = Outcome::Verified, kLastOutcome = Outcome::NotDeleted;

// Is it the end of an object that the source does not have?
constexpr bool is_of_destination_only(Outcome outcome) {
    return outcome == Outcome::Deleted || outcome == Outcome::Kept || outcome == Outcome::NotDeleted;
}

// "verified", "copied", ...
std::string_view to_string(Outcome outcome);
std::optional<Outcome> outcome_from(std::string_view name);

// How many objects ended how. `listed` is always the sum of all that the source has (I8).
struct Counts {
    std::array<std::uint64_t, kOutcomeCount> objects{};
    std::array<std::uint64_t, kOutcomeCount> bytes{};

    std::uint64_t operator[](Outcome outcome) const { return objects[static_cast<std::size_t>(outcome)]; }
    void add(Outcome outcome, std::uint64_t objects_added, std::uint64_t bytes_added);
    void add(const Counts& other);

    std::uint64_t copied() const;   // Verified + Copied + Metadata
    std::uint64_t skipped() const;  // Unchanged + Skipped + Gone
    std::uint64_t deferred() const;
    std::uint64_t failed() const;  // Failed + Unrepresentable + Conflict
    std::uint64_t listed() const;  // copied + skipped + deferred + failed
    std::uint64_t copied_bytes() const;

    friend bool operator==(const Counts&, const Counts&) = default;
};

// States of an execution (DESIGN §2). Stored: never renumber.
enum class ExecutionStatus : std::uint8_t {
    Queued = 1,
    Launching = 2,
    Preparing = 3,
    Transferring = 4,
    Verifying = 5,
    Clean = 6,
    Incomplete = 7,
    Failed = 8,
    Cancelled = 9,
};
std::string_view to_string(ExecutionStatus status);  // "CLEAN", ...
std::optional<ExecutionStatus> execution_status_from(std::string_view name);
bool is_final(ExecutionStatus status);

}  // namespace godwit::model
