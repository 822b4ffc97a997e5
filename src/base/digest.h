// Digests: what proves that two runs of bytes are the same.
//
// CRC-64/NVME is the default: it is what S3 calls CRC64NVME, it costs 0.05 us for 4 KiB, and the
// digests of parts combine into the digest of the whole, so nothing is ever read twice to know it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace godwit {

// The values are stored in the ledger: never renumber.
enum class DigestAlgorithm : std::uint8_t {
    Crc64Nvme = 1,
    Crc32c = 2,
    Sha256 = 3,
    Md5 = 4,
    Crc32 = 5,
    Sha1 = 6
};

// "crc64nvme", "crc32c", "sha256", "md5", "crc32", "sha1".
std::string_view to_string(DigestAlgorithm algorithm);
std::optional<DigestAlgorithm> digest_algorithm_from(std::string_view name);
// 8, 4, 32, 16, 4, 20.
std::size_t digest_size_bytes(DigestAlgorithm algorithm);
// CRCs combine; cryptographic hashes do not.
bool digests_combine(DigestAlgorithm algorithm);

// A digest's value, most significant byte first, as S3 writes it in base64.
class Digest {
  public:
    static constexpr std::size_t kSizeBytesMax = 32;

    // `bytes` must have exactly digest_size_bytes(algorithm).
    Digest(DigestAlgorithm algorithm, std::span<const std::byte> bytes);
    static Digest of_crc64(std::uint64_t value);
    static Digest of_crc32(DigestAlgorithm algorithm, std::uint32_t value);
    // Absent when the text is not the base64 (hex) of a digest of that size.
    static std::optional<Digest> from_base64(DigestAlgorithm algorithm, std::string_view text);
    static std::optional<Digest> from_hex(DigestAlgorithm algorithm, std::string_view text);

    DigestAlgorithm algorithm() const { return algorithm_; }
    std::span<const std::byte> bytes() const;
    std::string base64() const;
    std::string hex() const;
    // "crc64nvme:ae8b14860a799888", for people.
    std::string display() const;

    friend bool operator==(const Digest& a, const Digest& b);

  private:
    DigestAlgorithm algorithm_;
    std::array<std::byte, kSizeBytesMax> bytes_{};
};

// The digest of A followed by B, from theirs. Both must be of the same combining algorithm.
Digest combine(const Digest& a, const Digest& b, std::uint64_t b_size_bytes);

// Computes one digest over bytes given in pieces. One thread at a time.
class Hasher {
  public:
    explicit Hasher(DigestAlgorithm algorithm);
    ~Hasher();
    Hasher(Hasher&&) noexcept;
    Hasher& operator=(Hasher&&) noexcept;

    void update(std::span<const std::byte> bytes);
    // The digest of all bytes so far; more may follow.
    Digest digest() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// The digest of `bytes` in one call; for CRCs it allocates nothing.
Digest digest_of(DigestAlgorithm algorithm, std::span<const std::byte> bytes);

}  // namespace godwit
