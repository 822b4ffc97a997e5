// Evidence: what proves that a stored object equals its source (DESIGN "Evidence").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/digest.h"
#include "model/object.h"
#include "model/xattrs.h"

namespace godwit::model {

// Ordered by strength of proof; stored in the ledger: never renumber.
enum class EvidenceLevel : std::uint8_t {
    None = 0,            // nothing was compared (verification off, or adopted by metadata)
    ServerCopy = 1,      // copied inside the store, which answered with success and an identity
    Attested = 2,        // the store checked the checksum that travelled with the bytes, and a negative
                         // probe showed that it refuses wrong ones
    ReadBackCached = 3,  // read again from the destination, but the page cache may have answered
    ReadBack = 4,        // read again from the destination store's medium, and equal
};

// "none", "server_copy", "attested", "read_back_cached", "read_back".
std::string_view to_string(EvidenceLevel level);
std::optional<EvidenceLevel> evidence_level_from(std::string_view name);

// Whether an object is one of several names of a file at both ends. Stored in the ledger: never renumber.
enum class HardLinks : std::uint8_t {
    NotKept = 0,
    Kept = 1,     // with all other names that were selected
    Refused = 2,  // the destination does not link it, so it is a file of its own
};

struct Evidence {
    EvidenceLevel level = EvidenceLevel::None;
    // Of the bytes as read from the source.
    std::optional<Digest> source_digest;
    // Of the bytes as the destination holds them; equal to source_digest or there is no evidence.
    std::optional<Digest> destination_digest;
    Identity source;
    Identity destination;
    // Extended attributes of these classes were brought over, or found equal.
    XattrClasses xattrs = {};
    HardLinks hard_links = HardLinks::NotKept;
};

}  // namespace godwit::model
