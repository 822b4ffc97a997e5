// Holes of files: where a source has them, and which runs of a copy's bytes need not be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "model/holes.h"
#include "posix/os.h"

namespace godwit::posix {

// The whole blocks without stored bytes of an open file of `size_bytes`; space that was reserved and never
// written counts as one. Absent where there are more than kHolesMax.
Result<std::optional<model::Holes>> read_holes(Os& os, int fd, std::uint64_t size_bytes,
                                               const std::string& subject);

bool all_zero(std::span<const std::byte> bytes);

// Calls write(offset, run) for all of `bytes`, which stand at `offset_bytes` of a file, but for blocks that
// hold nothing but zeros and lie in a hole of `holes`, or, where that is absent, anywhere. Zeros alone decide
// what is left out, whatever the map says. `offset_bytes` is a multiple of kHoleBlockBytes.
Result<void> write_around_holes(
    std::uint64_t offset_bytes, std::span<const std::byte> bytes, const std::optional<model::Holes>& holes,
    const std::function<Result<void>(std::uint64_t, std::span<const std::byte>)>& write);

}  // namespace godwit::posix
