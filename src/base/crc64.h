// CRC-64/NVME, as fast as the machine can (NVM Express NVM Command Set specification, "64b CRC").
//
// Reflected polynomial 0x9A6C9329AC4BC9B5, initial value and final XOR of all ones; the CRC of
// "123456789" is AE8B14860A799888. The long way is folding by carry-less multiplication: 64-byte or
// 16-byte lanes are multiplied forward over the message until one lane is left, which a table ends.
// `digest.h` is what other modules use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace godwit {

inline constexpr std::uint64_t kCrc64NvmePolynomial = 0x9A6C9329AC4BC9B5;

// The CRC of A followed by `bytes`, where `crc` is that of A (0 for an empty A).
std::uint64_t crc64_nvme(std::uint64_t crc, std::span<const std::byte> bytes);

// The ways to compute it; the fastest that the CPU has is picked at run time. Here for tests.
enum class Crc64Variant : std::uint8_t {
    Table,    // slicing by 8, any CPU
    Fold128,  // PCLMULQDQ, x86-64 since 2010; PMULL, aarch64 with the crypto extension
    Fold512,  // VPCLMULQDQ with AVX-512
};
inline constexpr std::array kCrc64Variants = {Crc64Variant::Table, Crc64Variant::Fold128,
                                              Crc64Variant::Fold512};
// "table", "fold128", "fold512".
std::string_view to_string(Crc64Variant variant);
bool cpu_supports(Crc64Variant variant);
// The one that crc64_nvme() takes here.
Crc64Variant fastest_crc64_variant();
// The CPU must support `variant`.
std::uint64_t crc64_nvme_by(Crc64Variant variant, std::uint64_t crc, std::span<const std::byte> bytes);

}  // namespace godwit
