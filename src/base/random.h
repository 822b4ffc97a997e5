// Randomness comes through this port, so that a seed decides a test's or a simulation's whole run.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace godwit {

class Random {
  public:
    virtual ~Random() = default;
    // Fills `out` with bytes that nobody can guess (the system's) or that a seed decides (a test's).
    virtual void fill(std::span<std::byte> out) = 0;
};

// The kernel's generator, getrandom(2). May be used from any thread; lives for ever.
Random& system_random();

// `size_bytes` random bytes as hexadecimal text, for ids and tokens.
std::string random_hex(Random& random, std::size_t size_bytes);

}  // namespace godwit
