#include "s3double/body.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace godwit::s3double {

namespace {

constexpr std::size_t kPatternPeriodBytes = 1u << 20;
// Two periods in a row, so that a stretch of a whole period is in one piece wherever it starts.
using Pattern = std::array<std::byte, 2 * kPatternPeriodBytes>;

// SplitMix64: fixed for ever, because tests may know digests of its output.
std::uint64_t next_random(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

std::unique_ptr<const Pattern> make_pattern() {
    auto pattern = std::make_unique<Pattern>();
    std::uint64_t state = 2026;
    for (std::size_t i = 0; i < kPatternPeriodBytes; i += 8) {
        std::uint64_t word = next_random(state);
        std::memcpy(pattern->data() + i, &word, 8);
    }
    std::memcpy(pattern->data() + kPatternPeriodBytes, pattern->data(), kPatternPeriodBytes);
    return pattern;
}

// A constant table, too large to stand in the program file.
const Pattern& pattern_bytes() {
    static const std::unique_ptr<const Pattern> pattern = make_pattern();
    return *pattern;
}

}  // namespace

Body Body::of(std::string_view text) {
    auto buffer = std::make_shared<Buffer>(text.size());
    if (!text.empty()) std::memcpy(buffer->data(), text.data(), text.size());
    Body body;
    body.append(std::move(buffer), text.size());
    return body;
}

Body Body::pattern(std::uint64_t seed, std::uint64_t size_bytes) {
    Body body;
    std::uint64_t state = seed;
    body.append_run({0, size_bytes, nullptr, next_random(state) % kPatternPeriodBytes});
    return body;
}

std::span<const std::byte> Body::at(std::uint64_t offset) const {
    if (offset >= size_bytes_) return {};
    auto after = std::upper_bound(runs_.begin(), runs_.end(), offset,
                                  [](std::uint64_t wanted, const Run& run) { return wanted < run.start; });
    const Run& run = *std::prev(after);
    std::uint64_t inside = offset - run.start;
    std::uint64_t left = run.size_bytes - inside;
    if (run.owner) return {run.owner->data() + run.from + inside, left};
    return {pattern_bytes().data() + (run.from + inside) % kPatternPeriodBytes,
            std::min<std::uint64_t>(left, kPatternPeriodBytes)};
}

void Body::append_run(Run run) {
    if (run.size_bytes == 0) return;
    run.start = size_bytes_;
    size_bytes_ += run.size_bytes;
    runs_.push_back(std::move(run));
}

void Body::append(std::shared_ptr<const Buffer> buffer, std::size_t used) {
    append_run({0, used, std::move(buffer), 0});
}

void Body::append(const Body& other, std::uint64_t offset, std::uint64_t size_bytes) {
    std::uint64_t end = std::min(other.size_bytes_, offset + size_bytes);
    for (const Run& run : other.runs_) {
        std::uint64_t from = std::max(offset, run.start);
        std::uint64_t to = std::min(end, run.start + run.size_bytes);
        if (from < to) append_run({0, to - from, run.owner, run.from + (from - run.start)});
    }
}

Body Body::slice(std::uint64_t offset, std::uint64_t size_bytes) const {
    Body part;
    part.append(*this, offset, size_bytes);
    return part;
}

std::string Body::text() const {
    std::string copy;
    copy.reserve(size_bytes_);
    for (auto run = at(0); !run.empty(); run = at(copy.size()))
        copy.append(reinterpret_cast<const char*>(run.data()), run.size());
    return copy;
}

Digest digest_of(DigestAlgorithm algorithm, const Body& body) {
    auto whole = body.at(0);
    if (whole.size() == body.size_bytes()) return godwit::digest_of(algorithm, whole);
    Hasher hasher(algorithm);
    std::uint64_t done = 0;
    for (auto run = whole; !run.empty(); run = body.at(done)) {
        hasher.update(run);
        done += run.size();
    }
    return hasher.digest();
}

Body lied_about(const Body& body, const Lie& lie) {
    std::uint64_t size = body.size_bytes();
    switch (lie.kind) {
        case Lie::Kind::None:
            return body;
        case Lie::Kind::Truncate:
            return body.slice(0, lie.at);
        case Lie::Kind::Other:
            return Body::pattern(size ^ 0x11e, size);
        case Lie::Kind::Zero: {
            std::uint64_t kept = std::min(lie.at, size);
            Body zeroed = body.slice(0, kept);
            Body tail = Body::of(std::string(size - kept, '\0'));
            zeroed.append(tail, 0, tail.size_bytes());
            return zeroed;
        }
        case Lie::Kind::Flip: {
            if (size == 0) return body;
            std::uint64_t where = std::min(lie.at, size - 1);
            char byte = static_cast<char>(static_cast<unsigned char>(body.at(where)[0]) ^ 1u);
            Body flipped = body.slice(0, where);
            flipped.append(Body::of({&byte, 1}), 0, 1);
            flipped.append(body, where + 1, size);
            return flipped;
        }
    }
    return body;
}

}  // namespace godwit::s3double
