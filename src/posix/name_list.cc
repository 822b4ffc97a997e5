#include "posix/name_list.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace godwit::posix {
namespace {

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kWriteBufferBytes = 256u << 10;

std::uint64_t head_of(std::string_view name) {
    std::uint64_t head = 0;
    for (std::size_t i = 0; i < 8; ++i)
        head = head << 8 | (i < name.size() ? static_cast<unsigned char>(name[i]) : 0);
    return head;
}

Error spill_error(int error_number, const NameListOptions& options) {
    return errno_error(error_number, "sort a large directory's names in", options.spill_directory);
}

// O_TMPFILE, or a named file that is unlinked at once where the file system lacks it.
int open_unlinked(const std::string& directory) {
    int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
    std::string name = directory + "/godwit-sort-XXXXXX";
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) ::unlink(name.c_str());
    return fd;
}

}  // namespace

// Appends records to the spill file.
class NameList::RunWriter {
  public:
    explicit RunWriter(NameList& list) : list_(list), run_{list.spill_end_, list.spill_end_} {}

    Result<void> add(std::string_view name) {
        std::size_t size = name.size();
        buffer_ += static_cast<char>(size & 0xFF);
        buffer_ += static_cast<char>(size >> 8);
        buffer_ += name;
        if (buffer_.size() >= kWriteBufferBytes) return flush();
        return {};
    }
    Result<Run> finish() {
        GODWIT_TRY_VOID(flush());
        return run_;
    }

  private:
    Result<void> flush() {
        for (std::size_t done = 0; done < buffer_.size();) {
            ssize_t wrote = list_.os_.pwrite(list_.spill_file_.get(), buffer_.data() + done,
                                             buffer_.size() - done, run_.end);
            if (wrote <= 0) return spill_error(wrote < 0 ? static_cast<int>(-wrote) : ENOSPC, list_.options_);
            done += static_cast<std::size_t>(wrote);
            run_.end += static_cast<std::uint64_t>(wrote);
        }
        buffer_.clear();
        list_.spill_end_ = run_.end;
        return {};
    }

    NameList& list_;
    Run run_;
    std::string buffer_;
};

Result<void> NameList::add(std::string_view name, bool is_directory) {
    std::size_t size = name.size() + (is_directory ? 1 : 0);
    if (held_bytes() + size + sizeof(Item) > options_.held_bytes_max && !items_.empty()) {
        GODWIT_TRY_VOID(write_held_run());
        if (runs_.size() >= kRunsMax) GODWIT_TRY_VOID(merge_runs_into_one());
    }
    auto offset = static_cast<std::uint32_t>(names_.size());
    names_ += name;
    if (is_directory) names_ += '/';
    std::string_view stored(names_.data() + offset, size);
    items_.push_back({.head = head_of(stored), .offset = offset, .size = static_cast<std::uint16_t>(size)});
    return {};
}

void NameList::sort_held() {
    std::ranges::sort(items_, [&](const Item& a, const Item& b) {
        if (a.head != b.head) return a.head < b.head;
        return name_of(a) < name_of(b);
    });
}

Result<void> NameList::finish() {
    if (!runs_.empty()) {
        GODWIT_TRY_VOID(write_held_run());
        return begin_reading();
    }
    sort_held();
    return {};
}

Result<std::optional<std::string_view>> NameList::next() {
    if (!runs_.empty()) return next_merged();
    if (next_item_ == items_.size()) return std::optional<std::string_view>();
    return std::optional(name_of(items_[next_item_++]));
}

Result<void> NameList::spill() {
    if (!runs_.empty() || next_item_ == items_.size()) return {};
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(next_item_));
    GODWIT_TRY_VOID(write_held_run());
    return begin_reading();
}

// Leaves the memory behind empty and given back.
Result<void> NameList::write_held_run() {
    GODWIT_TRY_VOID(open_spill_file());
    sort_held();
    RunWriter writer(*this);
    for (const Item& item : items_) GODWIT_TRY_VOID(writer.add(name_of(item)));
    GODWIT_TRY(Run run, writer.finish());
    runs_.push_back(run);
    items_.clear();
    names_.clear();
    next_item_ = 0;
    return {};
}

Result<void> NameList::open_spill_file() {
    if (spill_file_) return {};
    int fd = open_unlinked(options_.spill_directory);
    if (fd < 0) return spill_error(errno, options_);
    spill_file_ = Descriptor(os_, fd);
    return {};
}

Result<void> NameList::merge_runs_into_one() {
    GODWIT_TRY_VOID(begin_reading());
    RunWriter writer(*this);
    for (;;) {
        GODWIT_TRY(auto name, next_merged());
        if (!name) break;
        GODWIT_TRY_VOID(writer.add(*name));
    }
    GODWIT_TRY(Run run, writer.finish());
    // What was merged is of no use any more; its disk space goes back where that can be done.
    ::fallocate(spill_file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                static_cast<off_t>(run.begin));
    runs_.assign(1, run);
    readers_.clear();
    heap_.clear();
    return {};
}

Result<void> NameList::begin_reading() {
    std::string().swap(names_);
    std::vector<Item>().swap(items_);
    readers_.clear();
    heap_.clear();
    reader_to_advance_ = false;
    readers_.reserve(runs_.size());
    for (const Run& run : runs_) {
        readers_.push_back({.rest = run, .buffer = {}, .at = 0, .name = {}});
        GODWIT_TRY(bool filled, advance(readers_.back()));
        if (filled) heap_.push_back(readers_.size() - 1);
    }
    auto later = [&](std::size_t a, std::size_t b) { return readers_[a].name > readers_[b].name; };
    std::ranges::make_heap(heap_, later);
    return {};
}

// Moves to the run's next name; false at its end.
Result<bool> NameList::advance(Reader& reader) {
    auto whole_record = [&] {
        std::size_t left = reader.buffer.size() - reader.at;
        if (left < kLengthBytes) return false;
        auto byte = [&](std::size_t i) { return static_cast<unsigned char>(reader.buffer[reader.at + i]); };
        std::size_t size = byte(0) + (std::size_t{byte(1)} << 8);
        if (left < kLengthBytes + size) return false;
        reader.name = {reader.buffer.data() + reader.at + kLengthBytes, size};
        return true;
    };
    while (!whole_record()) {
        if (reader.rest.begin == reader.rest.end) return false;
        reader.buffer.erase(0, reader.at);
        reader.at = 0;
        std::size_t kept = reader.buffer.size();
        std::size_t want =
            std::min<std::uint64_t>(kRunBufferBytes - kept, reader.rest.end - reader.rest.begin);
        reader.buffer.resize(kept + want);
        ssize_t got = os_.pread(spill_file_.get(), reader.buffer.data() + kept, want, reader.rest.begin);
        if (got <= 0) return spill_error(got < 0 ? static_cast<int>(-got) : EIO, options_);
        reader.buffer.resize(kept + static_cast<std::size_t>(got));
        reader.rest.begin += static_cast<std::uint64_t>(got);
    }
    reader.at += kLengthBytes + reader.name.size();
    return true;
}

// The name that is handed out lives in its reader's buffer, so the reader moves on at the next call.
Result<std::optional<std::string_view>> NameList::next_merged() {
    auto later = [&](std::size_t a, std::size_t b) { return readers_[a].name > readers_[b].name; };
    if (reader_to_advance_) {
        reader_to_advance_ = false;
        GODWIT_TRY(bool more, advance(readers_[heap_.back()]));
        if (more) {
            std::ranges::push_heap(heap_, later);
        } else {
            heap_.pop_back();
        }
    }
    if (heap_.empty()) return std::optional<std::string_view>();
    std::ranges::pop_heap(heap_, later);
    reader_to_advance_ = true;
    return std::optional(readers_[heap_.back()].name);
}

}  // namespace godwit::posix
