// Staged files: where bytes stand until they get their name.
//
// A staged file lies in the same directory as its destination and is called
// ".godwit-" + 20 hex digits of HMAC-SHA256(token, key) + 8 hex digits of a seal over those + "~".
// Nobody without the token can guess or forge such a name; with it, what a crashed run left is found
// from the key alone, and listings know our files from a user's of like name (C32, F68).
//
// Its maker holds an flock on it for as long as it is written, so that no other process with the same
// token takes it for a leftover.
//
// What is to be removed stands under such a name, too, made of other digits, for as long as it takes to look
// at it once more (removal.h).
//
// A file that will replace nothing, and that nobody will want to carry on after a crash, is staged without a
// name (O_TMPFILE) where the file system is known to keep such a file's name and bytes through a power cut:
// it is cheaper, and a crash leaves nothing (docs/decisions/0006).
#pragma once

#include <string>
#include <string_view>

#include "base/hmac.h"
#include "posix/descriptor.h"
#include "posix/root.h"
#include "posix/unsynced.h"

namespace godwit::posix {

// May be used from any thread.
class StagingNames {
  public:
    static constexpr std::size_t kTokenBytesMin = 16;

    // `token` must have at least kTokenBytesMin bytes that nobody can guess.
    explicit StagingNames(std::string_view token);

    // The name, without a directory, of the staged file of `key`.
    std::string name_for(const model::Key& key) const;
    // The name under which the object of `key` stands while it is being removed.
    std::string removal_name_for(const model::Key& key) const;
    // Could `name` have been made with some token? Lower-case hex digits where they belong.
    static bool has_the_form(std::string_view name);
    // Was `name` made with this token?
    bool is_ours(std::string_view name) const;

  private:
    std::string name_of(std::string_view what) const;
    std::string seal(std::string_view digits) const;
    HmacSha256 mac_;
};

struct StagedFile {
    Descriptor fd;
    struct stat status{};  // as it was made
    // Relative to the root. Both empty: it has no name.
    std::string path = {};
    std::string name = {};
};

// Makes an empty staged file beside `path`, missing directories on the way included, and locks it.
// A leftover of this name is removed first. Fails with Busy, code "StagedElsewhere", when a living
// process is writing it.
Result<StagedFile> create_staged(const Root& root, UnsyncedDirectories& unsynced, const KeyPath& path,
                                 const std::string& name, mode_t mode);

// Makes an empty file without a name on the file system of `path`'s directory; directories as above.
Result<StagedFile> create_unnamed(const Root& root, UnsyncedDirectories& unsynced, const KeyPath& path,
                                  mode_t mode);

// Opens a staged file that an earlier run has left, and locks it. Fails with NotFound or as above.
Result<StagedFile> open_staged(const Root& root, const KeyPath& path, const std::string& name);

// Removes a leftover staged file; success when there is none. Fails with Busy as above.
Result<void> discard_staged(const Root& root, const KeyPath& path, const std::string& name);

// Removes the name of a staged file that we hold; its bytes last as long as its descriptor.
Result<void> discard_own(const Root& root, const StagedFile& staged, const KeyPath& path);

// Makes the directory `path` and those above it where they are missing, mode 0777 less the umask,
// and opens it. "" is the root. Every directory that gains a name is noted in `unsynced`.
Result<Descriptor> make_directories(const Root& root, UnsyncedDirectories& unsynced, const std::string& path);

}  // namespace godwit::posix
