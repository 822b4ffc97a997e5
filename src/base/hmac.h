// HMAC-SHA-256 (RFC 2104, FIPS 198-1): keyed names and request signatures.
#pragma once

#include <memory>

#include "base/digest.h"

namespace godwit {

// One key, prepared once: a use costs two short hashes. May be used from any thread.
class HmacSha256 {
  public:
    explicit HmacSha256(std::span<const std::byte> key);
    ~HmacSha256();
    HmacSha256(HmacSha256&&) noexcept;
    HmacSha256& operator=(HmacSha256&&) noexcept;

    // A digest of algorithm Sha256.
    Digest of(std::span<const std::byte> message) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace godwit
