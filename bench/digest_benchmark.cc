// How many bytes a second each way of computing a digest takes in, on one core:
//
//   build/release/bench/digest_benchmark
//
// MD5 by the number of messages that are there at once, 1 MiB of each; CRC-64/NVME by variant.
#include <benchmark/benchmark.h>

#include <deque>
#include <random>
#include <vector>

#include "base/crc64.h"
#include "base/md5_lanes.h"

namespace {

using namespace godwit;

constexpr std::size_t kMessageBytes = 1 << 20;

std::vector<std::byte> random_bytes(std::size_t size) {
    std::mt19937_64 generator(1);
    std::vector<std::byte> bytes(size);
    for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
    return bytes;
}

void md5_of_one_by_openssl(benchmark::State& state) {
    std::vector<std::byte> bytes = random_bytes(kMessageBytes);
    for (auto _ : state) benchmark::DoNotOptimize(digest_of(DigestAlgorithm::Md5, bytes));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kMessageBytes));
}
BENCHMARK(md5_of_one_by_openssl);

void md5_of_messages(benchmark::State& state) {
    auto count = static_cast<std::size_t>(state.range(0));
    if (count > md5_lanes()) return state.SkipWithError("more than this CPU's lanes");
    std::vector<std::byte> bytes = random_bytes(count * kMessageBytes);
    std::deque<Md5Message> messages(count);
    std::vector<Md5Message*> all;
    for (Md5Message& message : messages) all.push_back(&message);
    for (auto _ : state) {
        for (std::size_t i = 0; i < count; ++i) {
            messages[i].append(std::span(bytes).subspan(i * kMessageBytes, kMessageBytes));
        }
        md5_advance(all, kMessageBytes / kMd5BlockBytes);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(count * kMessageBytes));
}
BENCHMARK(md5_of_messages)->DenseRange(1, kMd5LanesMax);

void crc64_nvme(benchmark::State& state) {
    auto variant = static_cast<Crc64Variant>(state.range(0));
    if (!cpu_supports(variant)) return state.SkipWithError("this CPU lacks the instructions");
    std::vector<std::byte> bytes = random_bytes(kMessageBytes);
    for (auto _ : state) benchmark::DoNotOptimize(crc64_nvme_by(variant, 0, bytes));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kMessageBytes));
}
BENCHMARK(crc64_nvme)->DenseRange(0, 2);

}  // namespace

BENCHMARK_MAIN();
