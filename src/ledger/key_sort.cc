#include "ledger/key_sort.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>

#include "base/check.h"
#include "ledger/key_file.h"
#include "ledger/key_record.h"

namespace godwit::ledger {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr std::size_t kLongListBytes = 2 << 20;

// Writes records one behind another.
class RunWriter {
  public:
    explicit RunWriter(ScratchFile file) : file_(std::move(file)) {}

    Result<void> add(std::string_view key, std::uint64_t line) {
        append_record(buffer_, key, line);
        return buffer_.size() < kBufferBytes ? Result<void>() : flush();
    }
    Result<ScratchFile> finish() {
        GODWIT_TRY_VOID(flush());
        return std::move(file_);
    }

  private:
    Result<void> flush() {
        GODWIT_TRY_VOID(file_.write_at(offset_, buffer_));
        offset_ += buffer_.size();
        buffer_.clear();
        return {};
    }
    ScratchFile file_;
    std::string buffer_;
    std::uint64_t offset_ = 0;
};

class RunReader {
  public:
    explicit RunReader(const ScratchFile& file) : file_(file) {}

    // Nothing at the end. Valid until next().
    const std::optional<KeyRecord>& current() const { return current_; }

    Result<void> next() {
        current_ = take_record(rest_);
        if (current_) return {};
        GODWIT_TRY_VOID(refill());
        current_ = take_record(rest_);
        if (current_ || rest_.empty()) return {};
        return Error(ErrorKind::Corrupt, "sort a list in", file_.path(),
                     "what was written cannot be read again")
            .with_scope(Scope::State);
    }

  private:
    // What is left of a record moves to the front; a buffer holds a whole one at least.
    Result<void> refill() {
        std::string left(rest_);
        left.resize(kBufferBytes);
        std::span<char> room = std::span(left).subspan(rest_.size());
        GODWIT_TRY(std::size_t got, file_.read_at(offset_, room));
        offset_ += got;
        left.resize(rest_.size() + got);
        buffer_ = std::move(left);
        rest_ = buffer_;
        return {};
    }

    static_assert(kBufferBytes > KeyFileWriter::kKeyBytesMax + kRecordHeadBytes);
    const ScratchFile& file_;
    std::string buffer_;
    std::string_view rest_;  // of buffer_
    std::uint64_t offset_ = 0;
    std::optional<KeyRecord> current_;
};

// The first eight bytes as a number that orders as they do.
std::uint64_t beginning_of(std::string_view key) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i)
        number = number << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0);
    return number;
}

}  // namespace

KeySorter::KeySorter(std::string directory, KeySortLimits limits)
    : directory_(std::move(directory)), limits_(limits) {}

Result<void> KeySorter::add(std::string_view key, std::uint64_t line) {
    GODWIT_CHECK(key.size() <= KeyFileWriter::kKeyBytesMax, "a key of {} bytes", key.size());
    bool full = held_.size() == limits_.keys_max || bytes_.size() + key.size() > limits_.bytes_max;
    if (full && !held_.empty()) GODWIT_TRY_VOID(spill());
    // A long list: room for a whole run, instead of twice as much while it grows.
    if (bytes_.size() > kLongListBytes && bytes_.capacity() < limits_.bytes_max) {
        bytes_.reserve(limits_.bytes_max);
        held_.reserve(limits_.keys_max);
    }
    held_.push_back({.beginning = beginning_of(key),
                     .offset = static_cast<std::uint32_t>(bytes_.size()),
                     .length = static_cast<std::uint32_t>(key.size()),
                     .line = line});
    bytes_ += key;
    return {};
}

bool KeySorter::sorts_before(const Held& a, const Held& b) const {
    if (a.beginning != b.beginning) return a.beginning < b.beginning;
    int order = key_of(a).compare(key_of(b));
    return order != 0 ? order < 0 : a.line < b.line;
}

void KeySorter::sort_held() {
    std::ranges::sort(held_, [this](const Held& a, const Held& b) { return sorts_before(a, b); });
}

// What is in hand becomes a run. The memory stays for the next one.
Result<void> KeySorter::spill() {
    sort_held();
    GODWIT_TRY(ScratchFile file, ScratchFile::create(directory_));
    RunWriter run(std::move(file));
    for (const Held& held : held_) GODWIT_TRY_VOID(run.add(key_of(held), held.line));
    GODWIT_TRY(ScratchFile written, run.finish());
    runs_.push_back(std::move(written));
    held_.clear();
    bytes_.clear();
    return {};
}

// Of the first `runs` of them.
Result<void> KeySorter::merge(std::size_t runs, const Sink& sink) {
    std::vector<std::unique_ptr<RunReader>> readers;
    for (std::size_t i = 0; i < runs; ++i) {
        readers.push_back(std::make_unique<RunReader>(runs_[i]));
        GODWIT_TRY_VOID(readers.back()->next());
    }
    std::erase_if(readers, [](const auto& reader) { return !reader->current(); });
    auto later = [](const auto& a, const auto& b) {
        return std::tie(a->current()->key, a->current()->line) >
               std::tie(b->current()->key, b->current()->line);
    };
    std::ranges::make_heap(readers, later);
    while (!readers.empty()) {
        std::ranges::pop_heap(readers, later);
        RunReader& first = *readers.back();
        GODWIT_TRY_VOID(sink(first.current()->key, first.current()->line));
        GODWIT_TRY_VOID(first.next());
        if (first.current()) {
            std::ranges::push_heap(readers, later);
        } else {
            readers.pop_back();
        }
    }
    return {};
}

Result<void> KeySorter::merge_into_one(std::size_t runs) {
    GODWIT_TRY(ScratchFile file, ScratchFile::create(directory_));
    RunWriter merged(std::move(file));
    GODWIT_TRY_VOID(
        merge(runs, [&](std::string_view key, std::uint64_t line) { return merged.add(key, line); }));
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(runs));
    GODWIT_TRY(ScratchFile written, merged.finish());
    runs_.push_back(std::move(written));
    return {};
}

Result<void> KeySorter::finish(const Sink& sink) {
    if (runs_.empty()) {
        sort_held();
        for (const Held& held : held_) GODWIT_TRY_VOID(sink(key_of(held), held.line));
        return {};
    }
    if (!held_.empty()) GODWIT_TRY_VOID(spill());
    held_ = {};
    bytes_ = {};
    while (runs_.size() > limits_.runs_max) GODWIT_TRY_VOID(merge_into_one(limits_.runs_max));
    return merge(runs_.size(), sink);
}

}  // namespace godwit::ledger
