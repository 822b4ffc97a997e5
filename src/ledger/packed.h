// Numbers and bytes packed closely, for what the ledger keeps in one column: identities, digests,
// batches. Unsigned numbers are varints: seven bits a byte, lowest first, the top bit says "more".
// Signed ones are folded first (0, -1, 1, -2, ...), so that small ones stay short.
//
// Readers take bytes from a disk: they check every length, and what they refuse is an absent value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "model/evidence.h"
#include "model/object.h"

namespace godwit::ledger {

class Packer {
  public:
    void reserve(std::size_t size) { bytes_.reserve(size); }
    void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
    void number(std::uint64_t value);
    void signed_number(std::int64_t value);
    // Their length, then they.
    void bytes(std::string_view value);
    // Just they.
    void raw(std::string_view value) { bytes_ += value; }
    void identity(const model::Identity& value);
    void digest(const Digest& value);

    // What was packed.
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

// Once anything was refused, everything after it is too.
class Unpacker {
  public:
    explicit Unpacker(std::string_view packed) : rest_(packed) {}

    std::optional<std::uint8_t> byte();
    std::optional<std::uint64_t> number();
    std::optional<std::int64_t> signed_number();
    // A view into what is unpacked. Refuses more than `size_max`.
    std::optional<std::string_view> bytes(std::size_t size_max);
    std::optional<std::string_view> raw(std::size_t size);
    std::optional<model::Identity> identity();
    std::optional<Digest> digest();

    // Everything was read and nothing refused.
    bool is_finished() const { return !failed_ && rest_.empty(); }

  private:
    std::nullopt_t refuse() {
        failed_ = true;
        return std::nullopt;
    }
    std::string_view rest_;
    bool failed_ = false;
};

// Longer tags are no tags: an S3 version id has at most 1,024 bytes.
inline constexpr std::size_t kTagBytesMax = 4096;

// Whole columns. Absent for bytes that no packer wrote.
std::string pack(const model::Identity& identity);
std::optional<model::Identity> unpack_identity(std::string_view packed);

// Evidence without its level, which stands in a column of its own:
//   byte  1: source digest follows, 2: destination digest follows, 4: it equals the source's,
//         8: classes of extended attributes follow, 16: a word about hard links follows
//   identity source, identity destination [digest] [digest] [byte XattrClasses, not 0] [byte HardLinks, not
//   0]
std::string pack(const model::Evidence& evidence);
std::optional<model::Evidence> unpack_evidence(std::string_view packed, model::EvidenceLevel level);

}  // namespace godwit::ledger
