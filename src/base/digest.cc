#include "base/digest.h"

#include <fmt/format.h>
#include <isa-l/crc.h>
#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/crc64.h"
#include "base/encoding.h"
#include "base/polynomial.h"

namespace godwit {
namespace {

constexpr std::uint32_t kCrc32cPolynomial = 0x82F63B78;  // reflected Castagnoli, RFC 3720 B.4
constexpr std::uint32_t kCrc32Polynomial = 0xEDB88320;   // reflected, ISO 3309

struct Description {
    DigestAlgorithm algorithm;
    std::string_view name;
    std::size_t size_bytes;
    bool combines;
};
constexpr std::array kDescriptions = {
    Description{DigestAlgorithm::Crc64Nvme, "crc64nvme", 8, true},
    Description{DigestAlgorithm::Crc32c, "crc32c", 4, true},
    Description{DigestAlgorithm::Sha256, "sha256", 32, false},
    Description{DigestAlgorithm::Md5, "md5", 16, false},
    Description{DigestAlgorithm::Crc32, "crc32", 4, true},
    Description{DigestAlgorithm::Sha1, "sha1", 20, false},
};

const Description& describe(DigestAlgorithm algorithm) {
    for (const Description& description : kDescriptions) {
        if (description.algorithm == algorithm) return description;
    }
    GODWIT_CHECK(false, "no such digest algorithm: {}", static_cast<int>(algorithm));
}

// ISA-L takes the register itself and a signed length, so long runs go in pieces.
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes) {
    constexpr std::size_t kPieceBytesMax = 1u << 30;
    crc = ~crc;
    while (!bytes.empty()) {
        std::span<const std::byte> piece = bytes.first(std::min(bytes.size(), kPieceBytesMax));
        auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(piece.data()));  // reads only
        crc = crc32_iscsi(data, static_cast<int>(piece.size()), crc);
        bytes = bytes.subspan(piece.size());
    }
    return ~crc;
}

// As a 64-bit register whatever the width, so that a Hasher needs only one.
std::uint64_t update_crc(DigestAlgorithm algorithm, std::uint64_t crc, std::span<const std::byte> bytes) {
    if (bytes.empty()) return crc;
    if (algorithm == DigestAlgorithm::Crc64Nvme) return crc64_nvme(crc, bytes);
    auto narrow = static_cast<std::uint32_t>(crc);
    if (algorithm == DigestAlgorithm::Crc32c) return crc32c(narrow, bytes);
    return crc32_gzip_refl(narrow, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

Digest digest_of_crc(DigestAlgorithm algorithm, std::uint64_t crc) {
    if (algorithm == DigestAlgorithm::Crc64Nvme) return Digest::of_crc64(crc);
    return Digest::of_crc32(algorithm, static_cast<std::uint32_t>(crc));
}

template <class Word>
Word word_of(const Digest& digest) {
    Word word;
    std::memcpy(&word, digest.bytes().data(), sizeof word);
    if constexpr (std::endian::native == std::endian::big) return word;
    if constexpr (sizeof word == 8) return __builtin_bswap64(word);
    return __builtin_bswap32(word);
}

template <class Word>
std::array<std::byte, sizeof(Word)> big_endian(Word value) {
    std::array<std::byte, sizeof(Word)> bytes;
    for (std::size_t i = 0; i < sizeof(Word); ++i) {
        bytes[i] = static_cast<std::byte>(value >> (8 * (sizeof(Word) - 1 - i)));
    }
    return bytes;
}

// Looked up once: OpenSSL 3 searches its providers at each use of EVP_sha256().
const EVP_MD* evp_algorithm(DigestAlgorithm algorithm) {
    static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
    const EVP_MD* md = algorithm == DigestAlgorithm::Sha256 ? sha256
                       : algorithm == DigestAlgorithm::Sha1 ? sha1
                                                            : md5;
    GODWIT_CHECK(md != nullptr, "OpenSSL lacks {}", to_string(algorithm));
    return md;
}

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using EvpContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Digest finish(DigestAlgorithm algorithm, EVP_MD_CTX* context) {
    std::array<std::byte, EVP_MAX_MD_SIZE> bytes;
    unsigned size = 0;
    int done = EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(bytes.data()), &size);
    GODWIT_CHECK(done == 1, "{}", to_string(algorithm));
    return Digest(algorithm, std::span(bytes).first(size));
}

}  // namespace

std::string_view to_string(DigestAlgorithm algorithm) {
    return describe(algorithm).name;
}

std::optional<DigestAlgorithm> digest_algorithm_from(std::string_view name) {
    for (const Description& description : kDescriptions) {
        if (description.name == name) return description.algorithm;
    }
    return std::nullopt;
}

std::size_t digest_size_bytes(DigestAlgorithm algorithm) {
    return describe(algorithm).size_bytes;
}
bool digests_combine(DigestAlgorithm algorithm) {
    return describe(algorithm).combines;
}

Digest::Digest(DigestAlgorithm algorithm, std::span<const std::byte> bytes) : algorithm_(algorithm) {
    GODWIT_CHECK(bytes.size() == digest_size_bytes(algorithm), "{} of {} bytes", to_string(algorithm),
                 bytes.size());
    std::ranges::copy(bytes, bytes_.begin());
}

Digest Digest::of_crc64(std::uint64_t value) {
    return Digest(DigestAlgorithm::Crc64Nvme, big_endian(value));
}

Digest Digest::of_crc32(DigestAlgorithm algorithm, std::uint32_t value) {
    return Digest(algorithm, big_endian(value));
}

std::optional<Digest> Digest::from_base64(DigestAlgorithm algorithm, std::string_view text) {
    auto bytes = base64_decode(text);
    if (!bytes || bytes->size() != digest_size_bytes(algorithm)) return std::nullopt;
    return Digest(algorithm, *bytes);
}

std::optional<Digest> Digest::from_hex(DigestAlgorithm algorithm, std::string_view text) {
    auto bytes = hex_decode(text);
    if (!bytes || bytes->size() != digest_size_bytes(algorithm)) return std::nullopt;
    return Digest(algorithm, *bytes);
}

std::span<const std::byte> Digest::bytes() const {
    return std::span(bytes_).first(digest_size_bytes(algorithm_));
}
std::string Digest::base64() const {
    return base64_encode(bytes());
}
std::string Digest::hex() const {
    return hex_encode(bytes());
}
std::string Digest::display() const {
    return fmt::format("{}:{}", to_string(algorithm_), hex());
}

bool operator==(const Digest& a, const Digest& b) {
    return a.algorithm_ == b.algorithm_ && a.bytes_ == b.bytes_;
}

Digest combine(const Digest& a, const Digest& b, std::uint64_t b_size_bytes) {
    DigestAlgorithm algorithm = a.algorithm();
    GODWIT_CHECK(algorithm == b.algorithm() && digests_combine(algorithm), "{} with {}", a.display(),
                 b.display());
    if (algorithm == DigestAlgorithm::Crc64Nvme) {
        auto crc = combine_crc(word_of<std::uint64_t>(a), word_of<std::uint64_t>(b), b_size_bytes,
                               kCrc64NvmePolynomial);
        return Digest::of_crc64(crc);
    }
    auto polynomial = algorithm == DigestAlgorithm::Crc32c ? kCrc32cPolynomial : kCrc32Polynomial;
    auto crc = combine_crc(word_of<std::uint32_t>(a), word_of<std::uint32_t>(b), b_size_bytes, polynomial);
    return Digest::of_crc32(algorithm, crc);
}

struct Hasher::State {
    DigestAlgorithm algorithm;
    std::uint64_t crc = 0;
    EvpContext evp;  // null for CRCs
};

Hasher::Hasher(DigestAlgorithm algorithm) : state_(std::make_unique<State>()) {
    state_->algorithm = algorithm;
    if (digests_combine(algorithm)) return;
    state_->evp.reset(EVP_MD_CTX_new());
    GODWIT_CHECK(state_->evp &&
                 EVP_DigestInit_ex2(state_->evp.get(), evp_algorithm(algorithm), nullptr) == 1);
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::span<const std::byte> bytes) {
    if (!state_->evp) {
        state_->crc = update_crc(state_->algorithm, state_->crc, bytes);
        return;
    }
    GODWIT_CHECK(EVP_DigestUpdate(state_->evp.get(), bytes.data(), bytes.size()) == 1);
}

Digest Hasher::digest() const {
    if (!state_->evp) return digest_of_crc(state_->algorithm, state_->crc);
    EvpContext copy(EVP_MD_CTX_new());
    GODWIT_CHECK(copy && EVP_MD_CTX_copy_ex(copy.get(), state_->evp.get()) == 1);
    return finish(state_->algorithm, copy.get());
}

Digest digest_of(DigestAlgorithm algorithm, std::span<const std::byte> bytes) {
    if (digests_combine(algorithm)) return digest_of_crc(algorithm, update_crc(algorithm, 0, bytes));
    Hasher hasher(algorithm);
    hasher.update(bytes);
    return hasher.digest();
}

}  // namespace godwit
