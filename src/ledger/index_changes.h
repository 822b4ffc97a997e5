// Changes on their way into the index. They lie in one run of memory: they are made on one thread and
// written by another, hundreds at a time, and an allocation for each would cost more than the rest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/evidence.h"

namespace godwit::ledger {

// What a ledger row does to the index. Stored: never renumber.
enum class IndexEffect : std::uint8_t { None = 0, Put = 1, Remove = 2 };

struct IndexChange {
    IndexEffect effect = IndexEffect::Put;
    model::EvidenceLevel level = model::EvidenceLevel::None;
    std::string_view key;
    std::string_view evidence;  // packed
    std::int64_t proved_unix_ns = 0;
};

class IndexChanges {
  public:
    // Key and evidence of most rows are shorter.
    static constexpr std::size_t kHeldRowBytes = 256;

    // Copies what the change refers to.
    void add(const IndexChange& change) {
        changes_.push_back({.effect = change.effect,
                            .level = change.level,
                            .key_size = static_cast<std::uint32_t>(change.key.size()),
                            .evidence_size = static_cast<std::uint32_t>(change.evidence.size()),
                            .offset = bytes_.size(),
                            .proved_unix_ns = change.proved_unix_ns});
        bytes_ += change.key;
        bytes_ += change.evidence;
    }
    // Views into this object.
    IndexChange operator[](std::size_t i) const {
        const Stored& stored = changes_[i];
        return {.effect = stored.effect,
                .level = stored.level,
                .key = key(i),
                .evidence =
                    std::string_view(bytes_).substr(stored.offset + stored.key_size, stored.evidence_size),
                .proved_unix_ns = stored.proved_unix_ns};
    }
    std::string_view key(std::size_t i) const {
        return std::string_view(bytes_).substr(changes_[i].offset, changes_[i].key_size);
    }
    std::size_t size() const { return changes_.size(); }
    // What they count as where so many rows may wait: long keys fill the room sooner.
    std::size_t rows_to_hold() const { return std::max(changes_.size(), bytes_.size() / kHeldRowBytes); }
    bool empty() const { return changes_.empty(); }
    void clear() {
        changes_.clear();
        bytes_.clear();
    }

  private:
    struct Stored {
        IndexEffect effect;
        model::EvidenceLevel level;
        std::uint32_t key_size;
        std::uint32_t evidence_size;
        std::size_t offset;
        std::int64_t proved_unix_ns;
    };
    std::vector<Stored> changes_;
    std::string bytes_;
};

}  // namespace godwit::ledger
