// MD5 of several messages at once: each has a lane of a vector register (RFC 1321).
//
// Of one message MD5 cannot be hurried: each of a block's 64 steps waits for the one before. But a
// register of 16 lanes takes the step of 16 messages in the time of one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/digest.h"

namespace godwit {

inline constexpr std::size_t kMd5BlockBytes = 64;
inline constexpr std::size_t kMd5LanesMax = 16;
enum class Md5Variant : std::uint8_t;

// One message on its way. Bytes are lent to it, and taken in by md5_advance(), which takes those of
// others with them.
class Md5Message {
  public:
    Md5Message() = default;
    // Refers to itself while it is at work.
    Md5Message(const Md5Message&) = delete;
    Md5Message& operator=(const Md5Message&) = delete;

    // Lends the next bytes: they stay as they are until the message is idle. It is idle now, and not ended.
    void append(std::span<const std::byte> bytes);
    // No bytes follow those that were appended.
    void end();
    // Nothing is left to take in.
    bool is_idle() const { return run_.empty(); }
    // Of all bytes. The message has ended and is idle.
    Digest digest() const;

  private:
    friend std::size_t md5_advance_by(Md5Variant variant, std::span<Md5Message* const> messages,
                                      std::size_t blocks_max);
    void next_run();
    void pad();

    std::array<std::uint32_t, 4> state_ = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
    // Whole blocks that are due next: lent ones, or those of block_.
    std::span<const std::byte> run_;
    std::span<const std::byte> lent_;  // after run_
    std::uint64_t size_bytes_ = 0;
    // A block of bytes that were lent piecemeal; two for the end with its padding.
    std::array<std::byte, 2 * kMd5BlockBytes> block_;
    std::size_t block_bytes_ = 0;
    bool is_ending_ = false, has_ended_ = false;
};

// How many messages this CPU takes at once: at most kMd5LanesMax.
std::size_t md5_lanes();
// Takes as many whole blocks into each of `messages` as all of them have at hand now, `blocks_max` (at
// least 1) at most, and returns how many: at least 1. There are 1 to md5_lanes() different messages, and
// none is idle. The lanes of the narrowest registers that hold them are taken: these are the quickest.
std::size_t md5_advance(std::span<Md5Message* const> messages, std::size_t blocks_max);

// The ways to compute it, narrow ones first; picked at run time by what the CPU has. Here for tests.
enum class Md5Variant : std::uint8_t {
    Scalar,     // one lane, any CPU
    Vector128,  // 4 lanes: SSE2 (all of x86-64) or NEON (all of aarch64)
    Vector256,  // 8 lanes: AVX2
    Vector512,  // 16 lanes: AVX-512
};
inline constexpr std::array kMd5Variants = {Md5Variant::Scalar, Md5Variant::Vector128, Md5Variant::Vector256,
                                            Md5Variant::Vector512};
// "scalar", "vector128", "vector256", "vector512".
std::string_view to_string(Md5Variant variant);
// 1, 4, 8, 16.
std::size_t md5_lanes(Md5Variant variant);
bool cpu_supports(Md5Variant variant);
// The CPU must support `variant`, and there are at most md5_lanes(variant) messages.
std::size_t md5_advance_by(Md5Variant variant, std::span<Md5Message* const> messages, std::size_t blocks_max);

}  // namespace godwit
