// Sorts any number of keys in bounded memory: what does not fit is sorted in runs, which go to local files
// without a name, and the runs are merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/scratch_file.h"

namespace godwit::ledger {

struct KeySortLimits {
    // Keys held at once: their bytes, and how many.
    std::size_t bytes_max = 24u << 20;
    std::size_t keys_max = 512u << 10;
    // So many runs are read at once, each through a buffer of 64 KiB.
    std::size_t runs_max = 64;
};

class KeySorter {
  public:
    // Gets the keys in byte order, equal ones by line; both live until it returns.
    using Sink = std::function<Result<void>(std::string_view key, std::uint64_t line)>;

    // Runs go to `directory`, which exists.
    explicit KeySorter(std::string directory, KeySortLimits limits = {});

    // A key of at most KeyFileWriter::kKeyBytesMax. Fails with the errno of a run's file.
    Result<void> add(std::string_view key, std::uint64_t line);
    // Once, after the last add(). Fails as add(), and with what `sink` failed with.
    Result<void> finish(const Sink& sink);

  private:
    struct Held {
        std::uint64_t beginning;  // of the key, as a number in its order
        std::uint32_t offset, length;
        std::uint64_t line;
    };
    std::string_view key_of(const Held& held) const {
        return std::string_view(bytes_).substr(held.offset, held.length);
    }
    bool sorts_before(const Held& a, const Held& b) const;
    void sort_held();
    Result<void> spill();
    Result<void> merge(std::size_t runs, const Sink& sink);
    Result<void> merge_into_one(std::size_t runs);

    std::string directory_;
    KeySortLimits limits_;
    std::string bytes_;
    std::vector<Held> held_;
    std::vector<ScratchFile> runs_;
};

}  // namespace godwit::ledger
