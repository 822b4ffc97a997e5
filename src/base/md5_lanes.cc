#include "base/md5_lanes.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace godwit {
namespace {

using State = std::array<std::uint32_t, 4>;

struct Lane {
    const std::byte* data;
    State* state;
};

// All lanes of a register; `data` moves on block by block.
template <std::size_t kLanes>
struct Lanes {
    std::array<const std::byte*, kLanes> data;
    std::array<State, kLanes> states;
};

// RFC 1321, 3.4: floor(2^32 * |sin(i + 1)|).
constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr unsigned kTurns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

// Each function is inlined into one that is compiled for its instructions, and so takes no vector by
// value: how that is passed would depend on them.
#define GODWIT_INLINE [[gnu::always_inline]] inline

template <class Word>
constexpr bool kIsScalar = std::is_same_v<Word, std::uint32_t>;

// Latency is all: what is known early is added first, what depends on the step before last. The compiler,
// which may take sums in any order, is kept from its own by not knowing the constants.
template <unsigned kStep, class Word>
GODWIT_INLINE void step(Word& a, const Word& b, const Word& c, const Word& d, const Word (&message)[16],
                        const std::uint32_t* sines) {
    constexpr unsigned kRound = kStep / 16;
    constexpr unsigned kTurn = kTurns[kRound][kStep % 4];
    constexpr unsigned kIndex[] = {kStep, 5 * kStep + 1, 3 * kStep + 5, 7 * kStep};
    Word sum = a + message[kIndex[kRound] % 16] + sines[kStep];
    if constexpr (kRound == 0) sum += d ^ (b & (c ^ d));
    if constexpr (kRound == 1 && kIsScalar<Word>) {
        sum += c & ~d;  // no bit is set in this and in the next
        asm("" : "+r"(sum));
        sum += b & d;
    }
    if constexpr (kRound == 1 && !kIsScalar<Word>) sum += c ^ (d & (b ^ c));
    if constexpr (kRound == 2) sum += b ^ c ^ d;
    if constexpr (kRound == 3) sum += c ^ (b | ~d);
    a = b + ((sum << kTurn) | (sum >> (32 - kTurn)));
}

template <class Word, unsigned... kFours>
GODWIT_INLINE void all_steps(Word (&s)[4], const Word (&message)[16], const std::uint32_t* sines,
                             std::integer_sequence<unsigned, kFours...>) {
    ((step<4 * kFours>(s[0], s[1], s[2], s[3], message, sines),
      step<4 * kFours + 1>(s[3], s[0], s[1], s[2], message, sines),
      step<4 * kFours + 2>(s[2], s[3], s[0], s[1], message, sines),
      step<4 * kFours + 3>(s[1], s[2], s[3], s[0], message, sines)),
     ...);
}

// a0 b0 a1 b1 ... of the first halves of `a` and `b`, or of the second.
template <std::size_t kFrom, class Word, std::size_t... kPlaces>
GODWIT_INLINE void interleave(Word& out, const Word& a, const Word& b, std::index_sequence<kPlaces...>) {
    out = __builtin_shufflevector(a, b, (kFrom + kPlaces / 2 + (kPlaces % 2) * sizeof...(kPlaces))...);
}

// rows[i][j] becomes rows[j][i]: each interleaving of the two halves of the rows moves the bits of
// their places round by one.
template <std::size_t kLanes, class Word>
GODWIT_INLINE void transpose(Word* rows) {
    constexpr auto kPlaces = std::make_index_sequence<kLanes>();
    for (std::size_t turn = 1; turn < kLanes; turn *= 2) {
        Word mixed[kLanes];
        for (std::size_t i = 0; i < kLanes / 2; ++i) {
            interleave<0>(mixed[2 * i], rows[i], rows[i + kLanes / 2], kPlaces);
            interleave<kLanes / 2>(mixed[2 * i + 1], rows[i], rows[i + kLanes / 2], kPlaces);
        }
        for (std::size_t i = 0; i < kLanes; ++i) rows[i] = mixed[i];
    }
}

// The next block of each lane: message[i] has the 32-bit word i of all. Vectors are little-endian here.
template <std::size_t kLanes, class Word>
GODWIT_INLINE void load(Lanes<kLanes>& lanes, Word (&message)[16]) {
    for (std::size_t part = 0; part < 16; part += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            std::memcpy(&message[part + lane], lanes.data[lane] + 4 * part, sizeof(Word));
        }
        if constexpr (kLanes > 1) transpose<kLanes>(&message[part]);
    }
    for (const std::byte*& data : lanes.data) data += kMd5BlockBytes;
    if constexpr (kLanes == 1 && std::endian::native == std::endian::big) {
        for (Word& word : message) word = __builtin_bswap32(word);
    }
}

template <std::size_t kLanes, class Word>
GODWIT_INLINE void compress(Lanes<kLanes>& lanes, std::size_t blocks) {
    Word state[4];
    for (std::size_t i = 0; i < 4; ++i) {
        std::array<std::uint32_t, kLanes> words;
        for (std::size_t lane = 0; lane < kLanes; ++lane) words[lane] = lanes.states[lane][i];
        std::memcpy(&state[i], words.data(), sizeof words);
    }
    const std::uint32_t* sines = kSines.data();
    asm("" : "+r"(sines));  // it could point to anything now
    for (; blocks > 0; --blocks) {
        Word message[16], next[4] = {state[0], state[1], state[2], state[3]};
        load(lanes, message);
        all_steps(next, message, sines, std::make_integer_sequence<unsigned, 16>());
        for (std::size_t i = 0; i < 4; ++i) state[i] += next[i];
    }
    for (std::size_t i = 0; i < 4; ++i) {
        std::array<std::uint32_t, kLanes> words;
        std::memcpy(words.data(), &state[i], sizeof words);
        for (std::size_t lane = 0; lane < kLanes; ++lane) lanes.states[lane][i] = words[lane];
    }
}

template <std::size_t kLanes>
using Vector [[gnu::vector_size(4 * kLanes)]] = std::uint32_t;

void by_scalar(Lanes<1>& lanes, std::size_t blocks) {
    compress<1, std::uint32_t>(lanes, blocks);
}
#if defined(__x86_64__) || defined(__AARCH64EL__)
void by_vector_128(Lanes<4>& lanes, std::size_t blocks) {
    compress<4, Vector<4>>(lanes, blocks);
}
#endif
#if defined(__x86_64__)
[[gnu::target("avx2")]] void by_vector_256(Lanes<8>& lanes, std::size_t blocks) {
    compress<8, Vector<8>>(lanes, blocks);
}
[[gnu::target("avx512f,avx512vl")]] void by_vector_512(Lanes<16>& lanes, std::size_t blocks) {
    compress<16, Vector<16>>(lanes, blocks);
}
#endif
#undef GODWIT_INLINE

// Lanes without a message do the work of the first one once more.
template <std::size_t kLanes>
void advance_by(void (*function)(Lanes<kLanes>&, std::size_t), std::span<const Lane> used,
                std::size_t blocks) {
    Lanes<kLanes> lanes;
    for (std::size_t i = 0; i < kLanes; ++i) {
        const Lane& lane = used[i < used.size() ? i : 0];
        lanes.data[i] = lane.data;
        lanes.states[i] = *lane.state;
    }
    function(lanes, blocks);
    for (std::size_t i = 0; i < used.size(); ++i) *used[i].state = lanes.states[i];
}

void advance(Md5Variant variant, std::span<const Lane> used, std::size_t blocks) {
    switch (variant) {
        case Md5Variant::Scalar:
            return advance_by<1>(by_scalar, used, blocks);
#if defined(__x86_64__)
        case Md5Variant::Vector512:
            return advance_by<16>(by_vector_512, used, blocks);
        case Md5Variant::Vector256:
            return advance_by<8>(by_vector_256, used, blocks);
#endif
#if defined(__x86_64__) || defined(__AARCH64EL__)
        case Md5Variant::Vector128:
            return advance_by<4>(by_vector_128, used, blocks);
#endif
        default:
            GODWIT_CHECK(false, "variant {}", static_cast<int>(variant));
    }
}

}  // namespace

std::string_view to_string(Md5Variant variant) {
    constexpr std::array<std::string_view, 4> kNames = {"scalar", "vector128", "vector256", "vector512"};
    return kNames[static_cast<std::size_t>(variant)];
}

std::size_t md5_lanes(Md5Variant variant) {
    constexpr std::array<std::size_t, 4> kLanes = {1, 4, 8, 16};
    return kLanes[static_cast<std::size_t>(variant)];
}

bool cpu_supports(Md5Variant variant) {
#if defined(__x86_64__)
    if (variant == Md5Variant::Vector512) {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
    }
    return variant != Md5Variant::Vector256 || __builtin_cpu_supports("avx2");
#elif defined(__AARCH64EL__)
    return variant == Md5Variant::Scalar || variant == Md5Variant::Vector128;
#else
    return variant == Md5Variant::Scalar;
#endif
}

void Md5Message::append(std::span<const std::byte> bytes) {
    GODWIT_CHECK(is_idle() && !has_ended_, "bytes after {} bytes", size_bytes_);
    size_bytes_ += bytes.size();
    lent_ = bytes;
    next_run();
}

void Md5Message::end() {
    GODWIT_CHECK(!has_ended_, "a second end after {} bytes", size_bytes_);
    has_ended_ = is_ending_ = true;
    if (is_idle()) next_run();
}

// The last run is in, so that block_ is free.
void Md5Message::next_run() {
    if (block_bytes_ == 0 && lent_.size() >= kMd5BlockBytes) {
        run_ = lent_.first(lent_.size() / kMd5BlockBytes * kMd5BlockBytes);
        lent_ = lent_.subspan(run_.size());
        return;
    }
    std::size_t taken = std::min(kMd5BlockBytes - block_bytes_, lent_.size());
    if (taken > 0) std::memcpy(block_.data() + block_bytes_, lent_.data(), taken);
    lent_ = lent_.subspan(taken);
    block_bytes_ += taken;
    if (block_bytes_ == kMd5BlockBytes) {
        run_ = std::span(block_).first(std::exchange(block_bytes_, 0));
    } else if (is_ending_) {
        pad();
    }
}

// A bit 1, bits 0, and the size in bits (RFC 1321, 3.1 and 3.2).
void Md5Message::pad() {
    is_ending_ = false;
    std::size_t blocks_bytes = (block_bytes_ + 1 + 8 <= kMd5BlockBytes ? 1 : 2) * kMd5BlockBytes;
    std::fill(block_.begin() + static_cast<std::ptrdiff_t>(block_bytes_), block_.end(), std::byte{0});
    block_[block_bytes_] = std::byte{0x80};
    for (std::size_t i = 0; i < 8; ++i) {
        block_[blocks_bytes - 8 + i] = static_cast<std::byte>(size_bytes_ << 3 >> (8 * i));
    }
    run_ = std::span(block_).first(blocks_bytes);
    block_bytes_ = 0;
}

Digest Md5Message::digest() const {
    GODWIT_CHECK(has_ended_ && is_idle(), "the digest of an unfinished message");
    std::array<std::byte, 16> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::byte>(state_[i / 4] >> (8 * (i % 4)));
    }
    return Digest(DigestAlgorithm::Md5, bytes);
}

std::size_t md5_advance_by(Md5Variant variant, std::span<Md5Message* const> messages,
                           std::size_t blocks_max) {
    GODWIT_CHECK(!messages.empty() && messages.size() <= md5_lanes(variant) && cpu_supports(variant),
                 "{} messages in {}", messages.size(), to_string(variant));
    std::array<Lane, kMd5LanesMax> lanes;
    std::size_t blocks = blocks_max;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        Md5Message& message = *messages[i];
        lanes[i] = {message.run_.data(), &message.state_};
        blocks = std::min(blocks, message.run_.size() / kMd5BlockBytes);
    }
    GODWIT_CHECK(blocks > 0, "an idle message");
    advance(variant, std::span(lanes).first(messages.size()), blocks);
    for (Md5Message* message : messages) {
        message->run_ = message->run_.subspan(blocks * kMd5BlockBytes);
        if (message->run_.empty()) message->next_run();
    }
    return blocks;
}

std::size_t md5_lanes() {
    std::size_t lanes = 1;
    for (Md5Variant variant : kMd5Variants) {
        if (cpu_supports(variant)) lanes = md5_lanes(variant);
    }
    return lanes;
}

std::size_t md5_advance(std::span<Md5Message* const> messages, std::size_t blocks_max) {
    for (Md5Variant variant : kMd5Variants) {
        bool holds = messages.size() <= md5_lanes(variant) && cpu_supports(variant);
        if (holds) return md5_advance_by(variant, messages, blocks_max);
    }
    GODWIT_CHECK(false, "{} messages in {} lanes", messages.size(), md5_lanes());
}

}  // namespace godwit
