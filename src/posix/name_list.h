// The names of one directory in key byte order, in bounded memory however many there are.
//
// A subdirectory's name carries its '/' while it is sorted, because that is how its key compares:
// "a.txt" comes before "a/", and "a0" after it. Names are collected in memory; what exceeds the bound
// is sorted in runs, written to an unlinked file, and merged while it is read (an external merge sort).
//
// Order of use: add()*, finish(), next()*; spill() at any time after finish(). One thread at a time.
// Fails with the errno of the spill file: Full when its file system has no room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "posix/descriptor.h"

namespace godwit::posix {

struct NameListOptions {
    // Memory for names before a run is written.
    std::size_t held_bytes_max = 8u << 20;
    // Where runs are written, unlinked from the start.
    std::string spill_directory = "/var/tmp";
};

class NameList {
  public:
    // More runs than this are merged into one, so that reading needs few buffers.
    static constexpr std::size_t kRunsMax = 64;
    static constexpr std::size_t kRunBufferBytes = 32u << 10;

    NameList(Os& os, const NameListOptions& options) : os_(os), options_(options) {}

    // `name` of at most 255 bytes, without '/'.
    Result<void> add(std::string_view name, bool is_directory);
    Result<void> finish();
    // The next name, with '/' for a directory; valid until the next call. Absent at the end.
    Result<std::optional<std::string_view>> next();

    // Moves what is still held in memory to the spill file, for the sake of other directories.
    Result<void> spill();
    std::size_t held_bytes() const { return names_.size() + items_.size() * sizeof(Item); }

  private:
    struct Item {
        std::uint64_t head;  // the first eight bytes, big endian: decides nearly every comparison
        std::uint32_t offset;
        std::uint16_t size;
    };
    // Part of the spill file: records of a two-byte length and the name, in order.
    struct Run {
        std::uint64_t begin = 0, end = 0;
    };
    // Reads a run through a buffer.
    struct Reader {
        Run rest;
        std::string buffer;
        std::size_t at = 0;
        std::string_view name;  // in `buffer`
    };
    class RunWriter;

    std::string_view name_of(const Item& item) const { return {names_.data() + item.offset, item.size}; }
    void sort_held();
    Result<void> write_held_run();
    Result<void> open_spill_file();
    Result<void> merge_runs_into_one();
    Result<void> begin_reading();
    Result<bool> advance(Reader& reader);
    Result<std::optional<std::string_view>> next_merged();

    Os& os_;
    NameListOptions options_;
    std::string names_;
    std::vector<Item> items_;
    std::size_t next_item_ = 0;

    Descriptor spill_file_;
    std::uint64_t spill_end_ = 0;
    std::vector<Run> runs_;
    std::vector<Reader> readers_;
    std::vector<std::size_t> heap_;   // of indexes into readers_, least name first
    bool reader_to_advance_ = false;  // heap_.back() is popped and its name was handed out
};

}  // namespace godwit::posix
