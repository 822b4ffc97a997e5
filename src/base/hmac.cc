#include "base/hmac.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace godwit {
namespace {

constexpr std::size_t kBlockBytes = 64;  // of SHA-256

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using EvpContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// SHA-256 that has taken in the key, XORed with `pad` and filled up to a block.
EvpContext keyed(std::span<const std::byte> key, std::byte pad) {
    std::array<std::byte, kBlockBytes> block{};
    std::ranges::copy(key, block.begin());
    for (std::byte& b : block) b ^= pad;
    EvpContext context(EVP_MD_CTX_new());
    GODWIT_CHECK(context && EVP_DigestInit_ex2(context.get(), EVP_sha256(), nullptr) == 1);
    GODWIT_CHECK(EVP_DigestUpdate(context.get(), block.data(), block.size()) == 1);
    return context;
}

Digest finish(const EVP_MD_CTX* start, std::span<const std::byte> message) {
    EvpContext context(EVP_MD_CTX_new());
    std::array<std::byte, EVP_MAX_MD_SIZE> bytes;
    unsigned size = 0;
    GODWIT_CHECK(context && EVP_MD_CTX_copy_ex(context.get(), start) == 1);
    GODWIT_CHECK(EVP_DigestUpdate(context.get(), message.data(), message.size()) == 1);
    GODWIT_CHECK(EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size) ==
                 1);
    return Digest(DigestAlgorithm::Sha256, std::span(bytes).first(size));
}

}  // namespace

// Only read after construction.
struct HmacSha256::State {
    EvpContext inner, outer;
};

HmacSha256::HmacSha256(std::span<const std::byte> key) : state_(std::make_unique<State>()) {
    Digest short_key = digest_of(DigestAlgorithm::Sha256, key);
    if (key.size() > kBlockBytes) key = short_key.bytes();
    state_->inner = keyed(key, std::byte{0x36});
    state_->outer = keyed(key, std::byte{0x5C});
}

HmacSha256::~HmacSha256() = default;
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;

Digest HmacSha256::of(std::span<const std::byte> message) const {
    Digest inner = finish(state_->inner.get(), message);
    return finish(state_->outer.get(), inner.bytes());
}

}  // namespace godwit
