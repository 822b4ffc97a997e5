// The walk: all entries below a root, as pages, in key byte order.
//
// Depth first. Each directory's names are sorted with '/' behind those of subdirectories; a
// directory's own entry ("a/") comes before its contents. Directories that cannot hold a
// key that is asked for are not opened. Memory is bounded by named limits, not by the tree (L113): names
// beyond them are sorted on disk, and of a deep path only the innermost directories stay open.
//
// A directory that cannot be opened or read goes to Page::unreadable, and the walk goes on; what
// vanishes while we look is no error. Our own staged files are not entries.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/key.h"
#include "posix/name_list.h"
#include "posix/root.h"
#include "posix/staging.h"
#include "store/store.h"

namespace godwit::posix {

struct WalkOptions {
    // Names of all directories on the way together; `held_bytes_max` is the walk's, not a directory's.
    NameListOptions names = {};
    std::size_t page_entries_max = 256;
    // So many names are read before next_page() returns, if need be with an empty page: a huge
    // directory must not keep a cancelled listing busy.
    std::size_t names_per_page_max = 1u << 18;
    // Directories ("a/b/") for which this is true are passed over with all that lies beneath them. Called by
    // the walk's thread. Empty: none.
    std::function<bool(std::string_view)> passes_over = {};
    // The key of a directory ("a/b/") that is not there as far as this walk goes. Empty: none.
    std::string leave_out = {};
    // Deeper paths close their outer directories and open them again on the way back.
    std::size_t open_directories_max = 64;
};

// One thread at a time; every call blocks.
class Walk {
  public:
    Walk(std::shared_ptr<const Root> root, std::shared_ptr<const StagingNames> staging,
         store::ListedKeys keys, const WalkOptions& options);
    ~Walk();

    // Fails when the root cannot be read at all, or names cannot be sorted; then the walk is over.
    Result<store::Page> next_page();

  private:
    struct Frame;
    Result<void> enter(std::string prefix, store::Page& page);
    Result<bool> read_names(Frame& frame, store::Page& page);
    Result<void> add_names(Frame& frame, const char* records, std::size_t size_bytes, store::Page& page);
    Result<void> add_name(Frame& frame, const char* name, unsigned char type, store::Page& page);
    Result<void> visit(Frame& frame, std::string_view name, store::Page& page);
    bool reopen(Frame& frame, store::Page& page);
    Result<void> make_room();
    bool may_hold_keys(std::string_view directory_key) const;
    void unreadable(store::Page& page, int error_number, std::string operation, std::string_view path) const;

    std::shared_ptr<const Root> root_;
    std::shared_ptr<const StagingNames> staging_;
    store::ListedKeys keys_;
    WalkOptions options_;
    std::vector<std::unique_ptr<Frame>> stack_;  // the way from the root to where we are
    std::size_t names_read_ = 0;                 // for the current page
    std::unique_ptr<char[]> records_;            // what getdents64 fills
    std::string key_;                            // scratch: the key in hand
    bool begun_ = false;
};

}  // namespace godwit::posix
