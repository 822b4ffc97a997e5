#include "posix/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "posix/testing.h"

namespace godwit::posix {
namespace {

using model::KeyRange;
using model::ObjectType;
using testing::FaultyOs;
using testing::kTestToken;
using testing::open_root;
using testing::TempDirectory;

struct Walked {
    std::vector<model::Entry> entries;
    std::vector<Error> unreadable;
    std::optional<Error> failure;
    int pages = 0;

    std::vector<std::string> keys() const {
        std::vector<std::string> keys;
        for (const auto& entry : entries) keys.push_back(entry.key.bytes());
        return keys;
    }
};

Walked walk(const std::string& path, KeyRange range = {}, WalkOptions options = {}, Os& os = system_os()) {
    Walked walked;
    Walk the_walk(open_root(path, os), std::make_shared<StagingNames>(kTestToken), std::move(range), options);
    for (bool last = false; !last; ++walked.pages) {
        auto page = the_walk.next_page();
        if (!page) {
            walked.failure.emplace(std::move(page.error()));
            return walked;
        }
        last = page->last;
        EXPECT_LE(page->entries.size(), options.page_entries_max);
        std::ranges::move(page->entries, std::back_inserter(walked.entries));
        std::ranges::move(page->unreadable, std::back_inserter(walked.unreadable));
    }
    return walked;
}

using Keys = std::vector<std::string>;

TEST(Walk, lists_in_key_byte_order_with_directories_before_their_contents) {
    TempDirectory tree;
    for (const char* name : {"a.txt", "a/b", "a/c/d", "a0", "a/c.x", "empty/", "\xff\xfe", "new\nline"})
        tree.write(name);
    Walked walked = walk(tree.path());
    Keys expected = {"a.txt", "a/", "a/b", "a/c.x", "a/c/", "a/c/d", "a0", "empty/", "new\nline", "\xff\xfe"};
    EXPECT_EQ(walked.keys(), expected);
    EXPECT_TRUE(walked.unreadable.empty());
    EXPECT_TRUE(std::ranges::is_sorted(walked.keys()));
}

TEST(Walk, tells_types_sizes_and_attributes) {
    TempDirectory tree;
    tree.write("file", "12345");
    tree.write("directory/");
    ASSERT_EQ(::symlink("some/target", (tree / "link").c_str()), 0);
    ASSERT_EQ(::symlink("loop", (tree / "loop").c_str()), 0);
    ASSERT_EQ(::mkfifo((tree / "fifo").c_str(), 0600), 0);
    ASSERT_EQ(::chmod((tree / "file").c_str(), 0640), 0);
    Walked walked = walk(tree.path());
    ASSERT_EQ(walked.keys(), (Keys{"directory/", "fifo", "file", "link", "loop"}));
    EXPECT_EQ(walked.entries[0].type, ObjectType::Directory);
    EXPECT_EQ(walked.entries[1].type, ObjectType::Special);
    EXPECT_EQ(walked.entries[2].type, ObjectType::File);
    EXPECT_EQ(walked.entries[2].identity.size_bytes, 5u);
    EXPECT_EQ(walked.entries[2].posix->mode & 07777, 0640u);
    EXPECT_EQ(walked.entries[2].posix->mtime_ns, walked.entries[2].identity.mtime_ns);
    EXPECT_EQ(walked.entries[3].type, ObjectType::Symlink);
    EXPECT_EQ(walked.entries[3].identity.size_bytes, std::strlen("some/target"));
}

TEST(Walk, leaves_one_directory_out) {
    TempDirectory tree;
    for (const char* name : {"a/state/file", "a/state2", "a/state.d/file", "b/state/file"}) tree.write(name);
    WalkOptions options;
    options.leave_out = "a/state/";
    Keys expected = {"a/", "a/state.d/", "a/state.d/file", "a/state2", "b/", "b/state/", "b/state/file"};
    EXPECT_EQ(walk(tree.path(), {}, options).keys(), expected);
}

TEST(Walk, of_an_empty_root_is_one_last_page) {
    TempDirectory tree;
    Walked walked = walk(tree.path());
    EXPECT_TRUE(walked.entries.empty());
    EXPECT_EQ(walked.pages, 1);
}

TEST(Walk, keeps_to_its_page_size) {
    TempDirectory tree;
    Keys expected;
    for (int i = 0; i < 25; ++i) {
        tree.write(fmt::format("f{:02}", i));
        expected.push_back(fmt::format("f{:02}", i));
    }
    Walked walked = walk(tree.path(), {}, {.page_entries_max = 10});
    EXPECT_EQ(walked.keys(), expected);
    EXPECT_EQ(walked.pages, 3);
}

TEST(Walk, C32_does_not_list_our_staged_files_but_a_user_s_of_like_name) {
    TempDirectory tree;
    StagingNames staging(kTestToken), foreign("another token of ours");
    tree.write("d/" + staging.name_for(model::Key("d/x")));
    tree.write("d/" + foreign.name_for(model::Key("d/x")));
    tree.write("d/.godwit-0000000000000000000000000000~");
    Keys expected = {"d/", "d/.godwit-0000000000000000000000000000~",
                     "d/" + foreign.name_for(model::Key("d/x"))};
    std::ranges::sort(expected);
    EXPECT_EQ(walk(tree.path()).keys(), expected);
}

// The tree, and all its keys in order.
Keys make_small_tree(const TempDirectory& tree) {
    for (const char* name : {"a", "b/a", "b/b/c", "b/b.d", "b/c/", "b0", "c/c/c/c"}) tree.write(name);
    return {"a", "b/", "b/a", "b/b.d", "b/b/", "b/b/c", "b/c/", "b0", "c/", "c/c/", "c/c/c/", "c/c/c/c"};
}

TEST(Walk, of_a_range_gives_exactly_its_keys) {
    TempDirectory tree;
    Keys all = make_small_tree(tree), bounds = all;
    for (const char* bound : {"", "0", "b", "b.", "b/b", "b/b/", "b/b/\xff", "b0x", "c/c", "\xff"})
        bounds.push_back(bound);
    for (const std::string& after : bounds) {
        for (const std::string& before : bounds) {
            KeyRange range{.after = after, .before = before};
            Keys expected;
            std::ranges::copy_if(all, std::back_inserter(expected),
                                 [&](auto& key) { return range.contains(key); });
            ASSERT_EQ(walk(tree.path(), range).keys(), expected) << after << " .. " << before;
        }
    }
}

TEST(Walk, of_a_range_opens_no_directory_outside_it) {
    TempDirectory tree;
    make_small_tree(tree);
    FaultyOs os;
    Walked walked = walk(tree.path(), {.after = "b/c/", .before = "c/"}, {}, os);
    EXPECT_EQ(walked.keys(), (Keys{"b0"}));
    // The root probe, the root, b/ and b/c/ (which may hold keys after "b/c/"); not b/b/, c/.
    EXPECT_EQ(os.calls()["openat2"], 4);
}

RC_GTEST_PROP(Walk, of_adjoining_ranges_gives_each_key_once, (const std::string& cut)) {
    RC_PRE(cut.find('\0') == std::string::npos && !cut.empty());
    TempDirectory tree;
    Keys all = make_small_tree(tree);
    Keys keys = walk(tree.path(), {.after = "", .before = cut}).keys();
    std::ranges::copy(walk(tree.path(), {.after = cut, .before = ""}).keys(), std::back_inserter(keys));
    all.erase(std::remove(all.begin(), all.end(), cut), all.end());
    RC_ASSERT(keys == all);
}

TEST(Walk, L114_names_a_directory_that_cannot_be_read_and_goes_on) {
    TempDirectory tree;
    make_small_tree(tree);
    FaultyOs os;
    os.fail("getdents64", EACCES, 3);  // after two calls for the root comes b/
    Walked walked = walk(tree.path(), {}, {}, os);
    EXPECT_EQ(walked.keys(), (Keys{"a", "b/", "b0", "c/", "c/c/", "c/c/c/", "c/c/c/c"}));
    ASSERT_EQ(walked.unreadable.size(), 1u);
    EXPECT_EQ(walked.unreadable[0].kind(), ErrorKind::Denied);
    EXPECT_TRUE(walked.unreadable[0].subject().ends_with("/b/")) << walked.unreadable[0].message();
}

TEST(Walk, L114_names_a_directory_that_breaks_off_and_keeps_what_it_gave) {
    TempDirectory tree;
    make_small_tree(tree);
    FaultyOs os;
    os.fail("getdents64", EIO, 4);  // b/ after its first records
    Walked walked = walk(tree.path(), {}, {}, os);
    EXPECT_EQ(walked.keys().size(), 12u);
    ASSERT_EQ(walked.unreadable.size(), 1u);
    EXPECT_EQ(walked.unreadable[0].code(), "EIO");
}

TEST(Walk, fails_when_the_root_cannot_be_read) {
    TempDirectory tree;
    make_small_tree(tree);
    for (const char* call : {"getdents64", "openat2"}) {
        FaultyOs os;
        auto root = open_root(tree.path(), os);
        os.fail(call, EIO);
        Walk the_walk(root, nullptr, {}, {});
        auto page = the_walk.next_page();
        ASSERT_FALSE(page) << call;
        EXPECT_EQ(page.error().code(), "EIO");
    }
}

TEST(Walk, fails_when_the_root_is_removed_under_it) {
    TempDirectory tree;
    tree.write("root/");
    auto root = open_root(tree / "root");
    std::filesystem::remove(tree / "root");
    Walk the_walk(root, nullptr, {}, {});
    auto page = the_walk.next_page();
    ASSERT_FALSE(page) << "an empty listing would let a mirror delete everything";
    EXPECT_EQ(page.error().kind(), ErrorKind::NotFound);
}

// Runs `change` when the walk looks at its `nth` name.
Walked walk_with_change(const TempDirectory& tree, int nth, const std::function<void()>& change) {
    FaultyOs os;
    os.set_hook([&, seen = 0](std::string_view call) mutable {
        if (call == "fstatat" && ++seen == nth) change();
        return 0;
    });
    return walk(tree.path(), {}, {}, os);
}

TEST(Walk, A5_takes_a_vanished_entry_for_no_error) {
    TempDirectory tree;
    make_small_tree(tree);
    Walked walked = walk_with_change(tree, 2, [&] { std::filesystem::remove_all(tree / "b"); });
    EXPECT_EQ(walked.keys(), (Keys{"a", "b0", "c/", "c/c/", "c/c/c/", "c/c/c/c"}));
    EXPECT_TRUE(walked.unreadable.empty());
}

TEST(Walk, A6_names_an_entry_whose_type_has_changed_as_unlisted) {
    TempDirectory tree;
    make_small_tree(tree);
    Walked walked = walk_with_change(tree, 2, [&] {
        std::filesystem::remove_all(tree / "b");
        tree.write("b", "now a file");
    });
    EXPECT_EQ(walked.keys(), (Keys{"a", "b0", "c/", "c/c/", "c/c/c/", "c/c/c/c"}));
    ASSERT_EQ(walked.unreadable.size(), 1u);
    EXPECT_EQ(walked.unreadable[0].kind(), ErrorKind::Changed);
}

TEST(Walk, B16_follows_no_symbolic_link) {
    TempDirectory outside, tree;
    outside.write("secret");
    tree.write("a");
    ASSERT_EQ(::symlink(outside.path().c_str(), (tree / "link").c_str()), 0);
    EXPECT_EQ(walk(tree.path()).keys(), (Keys{"a", "link"}));
    // The directory becomes a link between the look and the opening.
    tree.write("d/x");
    FaultyOs os;
    os.set_hook([&, looked = 0](std::string_view call) mutable {
        looked += call == "fstatat";
        if (call == "openat2" && looked == 2) {
            std::filesystem::remove_all(tree / "d");
            ::symlink(outside.path().c_str(), (tree / "d").c_str());
        }
        return 0;
    });
    Walked walked = walk(tree.path(), {}, {}, os);
    EXPECT_EQ(walked.keys(), (Keys{"a", "d/", "link"}));
    ASSERT_EQ(walked.unreadable.size(), 1u);
    EXPECT_EQ(walked.unreadable[0].kind(), ErrorKind::Exists);
}

// F64, and the bound on open directories.
TEST(Walk, F64_comes_back_from_a_depth_of_500) {
    TempDirectory tree;
    auto root = open_root(tree.path());
    UnsyncedDirectories unsynced;
    std::string path;
    for (int depth = 0; depth < 500; ++depth) {
        path += (depth ? "/" : "") + fmt::format("directory-{}", depth);
    }
    ASSERT_GT(path.size(), std::size_t{PATH_MAX});
    ASSERT_TRUE(make_directories(*root, unsynced, path));
    ASSERT_TRUE(root->open_at(path + "/deep", O_WRONLY | O_CREAT, 0600));
    tree.write("directory-0/z");
    tree.write("directory-0/directory-1/z");
    Walked walked = walk(tree.path(), {}, {.open_directories_max = 8});
    Keys keys = walked.keys();
    ASSERT_EQ(keys.size(), 503u);
    EXPECT_EQ(keys[500], path + "/deep");
    EXPECT_EQ(keys[501], "directory-0/directory-1/z");
    EXPECT_EQ(keys[502], "directory-0/z");
    EXPECT_TRUE(walked.unreadable.empty());
}

TEST(Walk, B16_does_not_take_another_directory_for_the_one_it_left) {
    TempDirectory tree;
    tree.write("a/b/c/d/e");
    tree.write("a/z");
    FaultyOs os;
    os.set_hook([&, looked = 0](std::string_view call) mutable {
        if (call == "fstatat" && ++looked == 5) {
            std::filesystem::rename(tree / "a", tree / "moved");
            tree.write("a/z", "of another directory");
        }
        return 0;
    });
    Walked walked = walk(tree.path(), {}, {.open_directories_max = 1}, os);
    EXPECT_EQ(walked.keys(), (Keys{"a/", "a/b/", "a/b/c/", "a/b/c/d/", "a/b/c/d/e"}));
    ASSERT_EQ(walked.unreadable.size(), 1u);
    EXPECT_EQ(walked.unreadable[0].kind(), ErrorKind::Changed);
}

TEST(Walk, L113_sorts_on_disk_what_exceeds_its_memory_and_gives_the_same) {
    TempDirectory tree, spill;
    for (int i = 0; i < 40; ++i) {
        for (int j = 0; j < 40; ++j) tree.write(fmt::format("directory {}/file {}", i, j * 7919 % 1000));
    }
    WalkOptions small{.names = {.held_bytes_max = 2000, .spill_directory = spill.path()}};
    Keys expected = walk(tree.path()).keys();
    ASSERT_EQ(expected.size(), 40u + 40u * 40u);
    EXPECT_EQ(walk(tree.path(), {}, small).keys(), expected);
}

TEST(Walk, fails_when_names_cannot_be_sorted) {
    TempDirectory tree;
    make_small_tree(tree);
    WalkOptions options{.names = {.held_bytes_max = 1, .spill_directory = tree / "missing"}};
    Walked walked = walk(tree.path(), {}, options);
    ASSERT_TRUE(walked.failure);
    EXPECT_EQ(walked.failure->subject(), tree / "missing");
}

// A directory of many names that nobody has to make: the root's records are made up.
class FabricatedDirectory : public FaultyOs {
  public:
    explicit FabricatedDirectory(std::uint64_t names) : names_(names) {}

    ssize_t getdents64(int, void* out, std::size_t size_bytes) override {
        std::size_t used = 0;
        for (; next_ < names_ && size_bytes - used >= 64; ++next_) {
            auto* record = reinterpret_cast<dirent64*>(static_cast<char*>(out) + used);
            // A permutation, so that the names come in no order.
            std::uint64_t mixed = next_ * 0x9E3779B97F4A7C15;
            auto end = fmt::format_to(record->d_name, "{:016x}-file", mixed);
            *end = 0;
            record->d_type = DT_REG;
            record->d_reclen = 48;
            used += record->d_reclen;
        }
        return static_cast<ssize_t>(used);
    }
    int fstatat(int, const char*, struct stat& out) override {
        out = {};
        out.st_mode = S_IFREG | 0644;
        return 0;
    }

  private:
    std::uint64_t names_, next_ = 0;
};

std::size_t peak_memory_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        std::size_t kib = 0;
        if (word == "VmHWM:" && status >> kib) return kib;
    }
    return 0;
}

#if defined(__SANITIZE_ADDRESS__) || \
    (defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// L113. In a process of its own, because memory is measured at its peak.
TEST(Walk, L113_lists_ten_million_names_in_128_MiB) {
    constexpr std::uint64_t kNames = kSanitized ? 500'000 : 10'000'000;
    TempDirectory tree, spill;
    pid_t child = ::fork();
    if (child == 0) {
        FabricatedDirectory os(kNames);
        auto root = Root::open(os, {.path = tree.path()});
        WalkOptions options;
        options.names.spill_directory = spill.path();
        Walk the_walk(std::make_shared<const Root>(std::move(*root)), nullptr, {}, options);
        std::uint64_t listed = 0;
        std::string before;
        for (bool last = false; !last;) {
            auto page = the_walk.next_page();
            if (!page) ::_exit(2);
            last = page->last;
            for (const auto& entry : page->entries) {
                if (entry.key.bytes() <= before) ::_exit(3);
                before = entry.key.bytes();
                ++listed;
            }
        }
        if (listed != kNames) ::_exit(4);
        if (!kSanitized && peak_memory_kib() > 128 * 1024) ::_exit(5);
        fmt::print("peak {} KiB\n", peak_memory_kib());
        std::fflush(stdout);
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << "2: failed, 3: order, 4: count, 5: memory";
}

}  // namespace
}  // namespace godwit::posix
