#include "base/crc64.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/polynomial.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__AARCH64EL__)
#include <arm_neon.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace godwit {
namespace {

// State here is the CRC register itself: without the final XOR.
using Fold = std::uint64_t (*)(std::uint64_t state, const std::byte* data, std::size_t size_bytes);
using Table = std::array<std::array<std::uint64_t, 256>, 8>;

constexpr Table make_table() {
    Table table{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
        std::uint64_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? kCrc64NvmePolynomial : 0);
        table[0][byte] = value;
    }
    for (std::size_t slice = 1; slice < 8; ++slice) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            std::uint64_t before = table[slice - 1][byte];
            table[slice][byte] = (before >> 8) ^ table[0][before & 0xFF];
        }
    }
    return table;
}
constexpr Table kTable = make_table();

std::uint64_t load_little_endian(const std::byte* data) {
    std::uint64_t word;
    std::memcpy(&word, data, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

std::uint64_t by_table(std::uint64_t state, const std::byte* data, std::size_t size_bytes) {
    for (; size_bytes >= 8; data += 8, size_bytes -= 8) {
        state ^= load_little_endian(data);
        std::uint64_t next = 0;
        for (unsigned i = 0; i < 8; ++i) next ^= kTable[7 - i][state >> (8 * i) & 0xFF];
        state = next;
    }
    for (; size_bytes > 0; ++data, --size_bytes) {
        state = (state >> 8) ^ kTable[0][(state ^ static_cast<std::uint64_t>(*data)) & 0xFF];
    }
    return state;
}

#if defined(__x86_64__) || defined(__AARCH64EL__)
#define GODWIT_CRC64_FOLDS

// Multiplying a 128-bit lane by this pair carries it `bits` forward in the message. In the reflected
// form the lane's low half holds the higher powers, 64 above the high half's, and the product of two
// reflected words is one place off: hence +63 and -1.
struct FoldBy {
    std::uint64_t low, high;
};
constexpr FoldBy fold_by(std::uint64_t bits) {
    return {x_power_modulo(bits + 63, kCrc64NvmePolynomial), x_power_modulo(bits - 1, kCrc64NvmePolynomial)};
}

// What the two processors call the same: a lane of two words, its product with such a pair, a sum.
#if defined(__x86_64__)
#define GODWIT_FOLDS_BY "pclmul,sse4.1"
using Lane = __m128i;
#else
#define GODWIT_FOLDS_BY "aes"
using Lane = uint64x2_t;
#endif
#define GODWIT_TARGET_128 __attribute__((target(GODWIT_FOLDS_BY), always_inline)) inline

#if defined(__x86_64__)
GODWIT_TARGET_128 Lane lane_of(FoldBy words) {
    return _mm_set_epi64x(static_cast<long long>(words.high), static_cast<long long>(words.low));
}
GODWIT_TARGET_128 Lane sum(Lane a, Lane b) {
    return _mm_xor_si128(a, b);
}
GODWIT_TARGET_128 Lane product(Lane lane, Lane by) {
    return sum(_mm_clmulepi64_si128(lane, by, 0x00), _mm_clmulepi64_si128(lane, by, 0x11));
}
#else
GODWIT_TARGET_128 Lane lane_of(FoldBy words) {
    return Lane{words.low, words.high};
}
GODWIT_TARGET_128 Lane sum(Lane a, Lane b) {
    return veorq_u64(a, b);
}
GODWIT_TARGET_128 Lane product(Lane lane, Lane by) {
    poly128_t low = vmull_p64(vgetq_lane_u64(lane, 0), vgetq_lane_u64(by, 0));
    poly128_t high = vmull_high_p64(vreinterpretq_p64_u64(lane), vreinterpretq_p64_u64(by));
    return sum(vreinterpretq_u64_p128(low), vreinterpretq_u64_p128(high));
}
#endif

constexpr FoldBy kBy128 = fold_by(128), kBy512 = fold_by(512);

GODWIT_TARGET_128 Lane load_128(const std::byte* data) {
    Lane lane;
    std::memcpy(&lane, data, sizeof lane);
    return lane;
}

GODWIT_TARGET_128 Lane fold_128(Lane lane, Lane by, Lane next) {
    return sum(product(lane, by), next);
}

// The last lane and what is left of the message, fewer than 16 bytes, go through the table.
GODWIT_TARGET_128 std::uint64_t finish_128(Lane lane, const std::byte* data, std::size_t size_bytes) {
    const Lane by = lane_of(kBy128);
    for (; size_bytes >= 16; data += 16, size_bytes -= 16) lane = fold_128(lane, by, load_128(data));
    std::array<std::byte, 16> last;
    std::memcpy(last.data(), &lane, sizeof lane);
    return by_table(by_table(0, last.data(), last.size()), data, size_bytes);
}

__attribute__((target(GODWIT_FOLDS_BY))) std::uint64_t by_fold_128(std::uint64_t state, const std::byte* data,
                                                                   std::size_t size_bytes) {
    if (size_bytes < 16) return by_table(state, data, size_bytes);
    Lane lane = sum(load_128(data), lane_of({state, 0}));
    if (size_bytes < 128) return finish_128(lane, data + 16, size_bytes - 16);

    const Lane by = lane_of(kBy512);
    Lane lane1 = load_128(data + 16), lane2 = load_128(data + 32), lane3 = load_128(data + 48);
    for (data += 64, size_bytes -= 64; size_bytes >= 64; data += 64, size_bytes -= 64) {
        lane = fold_128(lane, by, load_128(data));
        lane1 = fold_128(lane1, by, load_128(data + 16));
        lane2 = fold_128(lane2, by, load_128(data + 32));
        lane3 = fold_128(lane3, by, load_128(data + 48));
    }
    const Lane next = lane_of(kBy128);
    lane = fold_128(fold_128(fold_128(lane, next, lane1), next, lane2), next, lane3);
    return finish_128(lane, data, size_bytes);
}

#endif

#if defined(__x86_64__)

#define GODWIT_TARGET_512 \
    __attribute__((target("avx512f,avx512vl,vpclmulqdq,pclmul,sse4.1"), always_inline)) inline
constexpr FoldBy kBy1024 = fold_by(1024), kBy2048 = fold_by(2048), kBy4096 = fold_by(4096);

GODWIT_TARGET_512 __m512i load_512(const std::byte* data) {
    return _mm512_loadu_si512(data);
}

GODWIT_TARGET_512 __m512i pair_512(FoldBy by) {
    return _mm512_broadcast_i32x4(lane_of(by));
}

GODWIT_TARGET_512 __m512i fold_512(__m512i lane, __m512i by, __m512i next) {
    __m512i low = _mm512_clmulepi64_epi128(lane, by, 0x00);
    __m512i high = _mm512_clmulepi64_epi128(lane, by, 0x11);
    return _mm512_ternarylogic_epi64(low, high, next, 0x96);  // the XOR of all three
}

// 512 bytes a turn in eight accumulators: enough to hide the multiplier's latency.
GODWIT_TARGET_512 __m512i fold_blocks_512(__m512i lane, const std::byte*& data, std::size_t& size_bytes) {
    __m512i lanes[8] = {lane};
    for (std::size_t i = 1; i < 8; ++i) lanes[i] = load_512(data + 64 * (i - 1));
    const __m512i by = pair_512(kBy4096);
    for (data += 448, size_bytes -= 448; size_bytes >= 512; data += 512, size_bytes -= 512) {
        for (std::size_t i = 0; i < 8; ++i) lanes[i] = fold_512(lanes[i], by, load_512(data + 64 * i));
    }
    const __m512i by4 = pair_512(kBy2048), by2 = pair_512(kBy1024), by1 = pair_512(kBy512);
    for (std::size_t i = 0; i < 4; ++i) lanes[i + 4] = fold_512(lanes[i], by4, lanes[i + 4]);
    for (std::size_t i = 4; i < 6; ++i) lanes[i + 2] = fold_512(lanes[i], by2, lanes[i + 2]);
    return fold_512(lanes[6], by1, lanes[7]);
}

__attribute__((target("avx512f,avx512vl,vpclmulqdq,pclmul,sse4.1"))) std::uint64_t by_fold_512(
    std::uint64_t state, const std::byte* data, std::size_t size_bytes) {
    if (size_bytes < 256) return by_fold_128(state, data, size_bytes);
    __m512i lane = _mm512_xor_si512(load_512(data), _mm512_zextsi128_si512(lane_of({state, 0})));
    data += 64;
    size_bytes -= 64;
    if (size_bytes >= 1024) lane = fold_blocks_512(lane, data, size_bytes);

    const __m512i by = pair_512(kBy512);
    for (; size_bytes >= 64; data += 64, size_bytes -= 64) lane = fold_512(lane, by, load_512(data));
    const Lane next = lane_of(kBy128);
    Lane whole = fold_128(_mm512_extracti32x4_epi32(lane, 0), next, _mm512_extracti32x4_epi32(lane, 1));
    whole = fold_128(whole, next, _mm512_extracti32x4_epi32(lane, 2));
    whole = fold_128(whole, next, _mm512_extracti32x4_epi32(lane, 3));
    return finish_128(whole, data, size_bytes);
}

#undef GODWIT_TARGET_512

#endif

Fold fold_of(Crc64Variant variant) {
    GODWIT_CHECK(cpu_supports(variant), "variant {}", static_cast<int>(variant));
#if defined(__x86_64__)
    if (variant == Crc64Variant::Fold512) return by_fold_512;
#endif
#if defined(GODWIT_CRC64_FOLDS)
    if (variant == Crc64Variant::Fold128) return by_fold_128;
#endif
    return by_table;
}

}  // namespace

std::string_view to_string(Crc64Variant variant) {
    constexpr std::array<std::string_view, 3> kNames = {"table", "fold128", "fold512"};
    return kNames[static_cast<std::size_t>(variant)];
}

Crc64Variant fastest_crc64_variant() {
    Crc64Variant fastest = Crc64Variant::Table;
    for (Crc64Variant variant : kCrc64Variants) {
        if (cpu_supports(variant)) fastest = variant;
    }
    return fastest;
}

bool cpu_supports(Crc64Variant variant) {
    if (variant == Crc64Variant::Table) return true;
#if defined(__x86_64__)
    bool multiplies = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
    if (variant == Crc64Variant::Fold128) return multiplies;
    return multiplies && __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512vl");
#elif defined(__AARCH64EL__)
    return variant == Crc64Variant::Fold128 && (getauxval(AT_HWCAP) & HWCAP_PMULL) != 0;
#else
    return false;
#endif
}

std::uint64_t crc64_nvme(std::uint64_t crc, std::span<const std::byte> bytes) {
    static const Fold fold = fold_of(fastest_crc64_variant());
    return ~fold(~crc, bytes.data(), bytes.size());
}

std::uint64_t crc64_nvme_by(Crc64Variant variant, std::uint64_t crc, std::span<const std::byte> bytes) {
    return ~fold_of(variant)(~crc, bytes.data(), bytes.size());
}

}  // namespace godwit
