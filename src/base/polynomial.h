// Arithmetic of polynomials over GF(2) modulo a CRC's generator, in the reflected form in which CRCs
// keep them: the most significant bit is the coefficient of x^0.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

namespace godwit {

// a * b mod P; `reflected` is P without its highest term.
template <std::unsigned_integral Word>
constexpr Word multiply_modulo(Word a, Word b, Word reflected) {
    Word product = 0;
    for (Word bit = Word{1} << (std::numeric_limits<Word>::digits - 1); bit != 0; bit >>= 1) {
        if (a & bit) product ^= b;
        b = static_cast<Word>((b >> 1) ^ ((b & 1) ? reflected : 0));
    }
    return product;
}

// x^exponent mod P, in O(log exponent).
template <std::unsigned_integral Word>
constexpr Word x_power_modulo(std::uint64_t exponent, Word reflected) {
    constexpr Word kOne = Word{1} << (std::numeric_limits<Word>::digits - 1);
    Word result = kOne;
    for (Word square = kOne >> 1; exponent != 0; exponent >>= 1) {
        if (exponent & 1) result = multiply_modulo(result, square, reflected);
        square = multiply_modulo(square, square, reflected);
    }
    return result;
}

// The CRC of A followed by B, from theirs. Right for every reflected CRC whose initial value and
// final XOR are equal: they cancel. The length is counted in bytes, and x^(8n) is built as (x^8)^n,
// so that no length overflows.
template <std::unsigned_integral Word>
constexpr Word combine_crc(Word a, Word b, std::uint64_t b_size_bytes, Word reflected) {
    Word shift = Word{1} << (std::numeric_limits<Word>::digits - 1);
    for (Word square = x_power_modulo<Word>(8, reflected); b_size_bytes != 0; b_size_bytes >>= 1) {
        if (b_size_bytes & 1) shift = multiply_modulo(shift, square, reflected);
        square = multiply_modulo(square, square, reflected);
    }
    return static_cast<Word>(multiply_modulo(a, shift, reflected) ^ b);
}

}  // namespace godwit
