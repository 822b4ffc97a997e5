#include "posix/walk.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "posix/file_status.h"

namespace godwit::posix {
namespace {

constexpr std::size_t kRecordsBytes = 64u << 10;

std::string_view without_slash(std::string_view path) {
    return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

}  // namespace

// One directory on the way.
struct Walk::Frame {
    Frame(Os& os, const NameListOptions& options) : names(os, options) {}
    std::string prefix;  // "" for the root, else with '/' at the end
    Descriptor fd;       // closed while the walk is far below
    struct stat status{};
    NameList names;
    bool reading = true;  // not all names are in yet
};

Walk::Walk(std::shared_ptr<const Root> root, std::shared_ptr<const StagingNames> staging,
           store::ListedKeys keys, const WalkOptions& options)
    : root_(std::move(root)),
      staging_(std::move(staging)),
      keys_(std::move(keys)),
      options_(options),
      records_(std::make_unique<char[]>(kRecordsBytes)) {}

Walk::~Walk() = default;

Result<store::Page> Walk::next_page() {
    store::Page page;
    names_read_ = 0;
    if (!begun_) {
        begun_ = true;
        GODWIT_TRY_VOID(enter("", page));
        if (!page.unreadable.empty()) return std::move(page.unreadable.front());
    }
    while (!stack_.empty() && page.entries.size() < options_.page_entries_max) {
        Frame& frame = *stack_.back();
        if (frame.reading) {
            GODWIT_TRY(bool finished, read_names(frame, page));
            if (!finished) return page;
        }
        GODWIT_TRY(auto name, frame.names.next());
        if (!name || !reopen(frame, page)) {
            stack_.pop_back();
            continue;
        }
        GODWIT_TRY_VOID(visit(frame, *name, page));
    }
    page.last = stack_.empty();
    return page;
}

// Opens a directory and puts it on the way; its names are read by the caller's loop.
Result<void> Walk::enter(std::string prefix, store::Page& page) {
    Opened opened = root_->open_directory(without_slash(prefix));
    if (!opened) {
        // EXDEV: another file system, which the operator has asked us to leave alone.
        bool passed_over = opened.error() == ENOENT || opened.error() == EXDEV;
        if (!passed_over || prefix.empty()) unreadable(page, opened.error(), "open directory", prefix);
        return {};
    }
    auto frame = std::make_unique<Frame>(root_->os(), options_.names);
    frame->prefix = std::move(prefix);
    frame->fd = std::move(*opened);
    int failed = root_->os().fstat(frame->fd.get(), frame->status);
    if (failed < 0) {
        unreadable(page, -failed, "look at directory", frame->prefix);
        return {};
    }
    GODWIT_TRY_VOID(make_room());
    stack_.push_back(std::move(frame));
    if (stack_.size() > options_.open_directories_max) {
        stack_[stack_.size() - 1 - options_.open_directories_max]->fd.close();
    }
    return {};
}

// The limit is for all directories on the way together: when those above hold more than half of it,
// their names go to disk before another directory is read.
Result<void> Walk::make_room() {
    std::size_t held = 0;
    for (const auto& frame : stack_) held += frame->names.held_bytes();
    if (held <= options_.names.held_bytes_max / 2) return {};
    for (const auto& frame : stack_) GODWIT_TRY_VOID(frame->names.spill());
    return {};
}

// True when all names are in; false when the page's share of reading is used up.
Result<bool> Walk::read_names(Frame& frame, store::Page& page) {
    for (;;) {
        if (names_read_ >= options_.names_per_page_max) return false;
        ssize_t got = root_->os().getdents64(frame.fd.get(), records_.get(), kRecordsBytes);
        // Of a location whose root can't be read nothing can be said, least of all that it is empty.
        if (got < 0 && frame.prefix.empty()) {
            return path_error(static_cast<int>(-got), "read directory", root_->display(""));
        }
        // ENOENT: the directory was removed while we read it.
        if (got < 0 && got != -ENOENT)
            unreadable(page, static_cast<int>(-got), "read directory", frame.prefix);
        if (got <= 0) break;
        GODWIT_TRY_VOID(add_names(frame, records_.get(), static_cast<std::size_t>(got), page));
    }
    frame.reading = false;
    GODWIT_TRY_VOID(frame.names.finish());
    return true;
}

Result<void> Walk::add_names(Frame& frame, const char* records, std::size_t size_bytes, store::Page& page) {
    for (std::size_t at = 0; at < size_bytes;) {
        dirent64 head;  // copied as far as its fixed part, since records need not be aligned for us
        std::memcpy(&head, records + at, offsetof(dirent64, d_name));
        GODWIT_TRY_VOID(add_name(frame, records + at + offsetof(dirent64, d_name), head.d_type, page));
        at += head.d_reclen;
        ++names_read_;
    }
    return {};
}

Result<void> Walk::add_name(Frame& frame, const char* name, unsigned char type, store::Page& page) {
    std::string_view text(name);
    if (text == "." || text == "..") return {};
    if (text.empty() || text.size() > kComponentBytesMax || text.find('/') != std::string_view::npos) {
        unreadable(page, EILSEQ, "read directory", frame.prefix);
        return {};
    }
    if (staging_ && staging_->is_ours(text)) return {};
    bool is_directory = type == DT_DIR;
    if (type == DT_UNKNOWN) {
        struct stat status{};
        int failed = root_->os().fstatat(frame.fd.get(), name, status);
        if (failed == -ENOENT) return {};
        if (failed < 0) {
            unreadable(page, -failed, "look at", frame.prefix + name);
            return {};
        }
        is_directory = S_ISDIR(status.st_mode);
    }
    if (!keys_.everything() || (is_directory && options_.passes_over)) {
        key_.assign(frame.prefix).append(text);
        if (is_directory) key_ += '/';
        if (is_directory ? !may_hold_keys(key_) : !keys_.contains(key_)) return {};
    }
    return frame.names.add(text, is_directory);
}

// Keys below "a/" all begin with it, so the range misses them only when it ends before "a/" or
// begins after everything that begins so; and the prefix, when neither begins with the other.
bool Walk::may_hold_keys(std::string_view directory_key) const {
    const auto& [after, before] = keys_.range;
    if (!before.empty() && directory_key >= before) return false;
    if (after >= directory_key && !after.starts_with(directory_key)) return false;
    if (!directory_key.starts_with(keys_.prefix) && !keys_.prefix.starts_with(directory_key)) return false;
    return !options_.passes_over || !options_.passes_over(directory_key);
}

Result<void> Walk::visit(Frame& frame, std::string_view name, store::Page& page) {
    bool is_directory = name.ends_with('/');
    key_.assign(frame.prefix).append(name);
    if (is_directory && key_ == options_.leave_out) return {};
    std::string path(without_slash(key_));
    if (keys_.contains(key_)) {
        struct stat status{};
        int failed = root_->os().fstatat(frame.fd.get(), path.c_str() + frame.prefix.size(), status);
        if (failed == -ENOENT) return {};
        if (failed < 0) {
            unreadable(page, -failed, "look at", path);
            return {};
        }
        if (S_ISDIR(status.st_mode) != is_directory) {
            // Its place in the order was another one, so it can't be listed any more.
            page.unreadable.emplace_back(ErrorKind::Changed, "look at", root_->display(path),
                                         "its type changed while it was listed");
            return {};
        }
        page.entries.push_back(entry_of(model::Key(key_), status));
    }
    if (is_directory) return enter(key_, page);
    return {};
}

// False when the directory that we come back to is not the one that was left.
bool Walk::reopen(Frame& frame, store::Page& page) {
    if (frame.fd) return true;
    Opened opened = root_->open_directory(without_slash(frame.prefix));
    struct stat status{};
    int failed = opened ? -root_->os().fstat(opened->get(), status) : opened.error();
    if (failed == ENOENT) return false;
    if (failed == 0 && (status.st_dev != frame.status.st_dev || status.st_ino != frame.status.st_ino))
        failed = ESTALE;
    if (failed != 0) {
        unreadable(page, failed, "open directory again", frame.prefix);
        return false;
    }
    frame.fd = std::move(*opened);
    return true;
}

void Walk::unreadable(store::Page& page, int error_number, std::string operation,
                      std::string_view path) const {
    page.unreadable.push_back(path_error(error_number, std::move(operation), root_->display(path)));
}

}  // namespace godwit::posix
