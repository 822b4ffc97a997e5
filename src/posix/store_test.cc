#include "posix/store.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/encoding.h"
#include "posix/testing.h"

namespace godwit::posix {
namespace {

using model::EvidenceLevel;
using model::Identity;
using model::Key;
using model::ObjectType;
using testing::StoreFixture;
using testing::TempDirectory;

class PosixStoreTest : public StoreFixture {};

TEST_F(PosixStoreTest, puts_a_file_and_leaves_nothing_else) {
    auto receipt = put("a/b/file", "content");
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(tree_.read("a/b/file"), "content");
    EXPECT_EQ(receipt->identity, stat("a/b/file")->entry.identity);
    EXPECT_EQ(receipt->stored_digest, digest_of(DigestAlgorithm::Crc64Nvme, bytes_of("content")));
    EXPECT_GE(receipt->level, EvidenceLevel::ReadBackCached);
    EXPECT_EQ(receipt->level, store_->capabilities().commit_evidence);
    EXPECT_TRUE(leftovers().empty());
}

// Whichever way a file is staged, on a file system that has both.
class PosixStaging : public StoreFixture, public ::testing::WithParamInterface<bool> {
  protected:
    PosixStaging() {
        PosixOptions options;
        options.stages_unnamed = GetParam();
        connect(options);
    }
    // The call that gives a new file its name.
    std::string naming() const { return GetParam() ? "link" : "rename"; }
};
INSTANTIATE_TEST_SUITE_P(, PosixStaging, ::testing::Bool(), [](const auto& staging) {
    return staging.param ? "without_a_name" : "with_a_name";
});

// Durable order (I2): the file's bytes, then its name, then the directory that holds it, then the
// directories that are new.
TEST_P(PosixStaging, I2_syncs_the_file_before_its_name_and_every_new_directory_after) {
    std::vector<std::string> order;
    os_.set_hook([&](std::string_view call) {
        if (call == "fsync" || call == naming() || call == "mkdirat" || call == "pwrite")
            order.emplace_back(call);
        return 0;
    });
    ASSERT_TRUE(put("a/b/file", "content"));
    // mkdir a, b; bytes; fsync of the file; the name; fsync of a/b, of a and of the root.
    EXPECT_EQ(order, (std::vector<std::string>{"mkdirat", "mkdirat", "pwrite", "fsync", naming(), "fsync",
                                               "fsync", "fsync"}));
    order.clear();
    ASSERT_TRUE(put("a/b/other", "content"));
    EXPECT_EQ(order, (std::vector<std::string>{"pwrite", "fsync", naming(), "fsync"}));
}

TEST_P(PosixStaging, C31_what_fails_before_it_is_named_leaves_nothing) {
    for (const std::string& call :
         {std::string("pwrite"), std::string("futimens"), std::string("fsync"), naming()}) {
        store::PutRequest request = request_for("new", "text");
        request.metadata.posix.emplace().mtime_ns = 1;
        os_.fail(call, EIO);
        ASSERT_FALSE(put(request, "text")) << call;
        os_.set_hook(nullptr);
        EXPECT_FALSE(tree_.has("new")) << call;
        EXPECT_TRUE(leftovers().empty()) << call;
    }
}

TEST_F(PosixStoreTest, C25_a_failed_fsync_fails_the_file_and_is_not_tried_again) {
    ASSERT_TRUE(put("file", "old"));
    int before = os_.calls()["fsync"];
    os_.fail("fsync", EIO);
    auto receipt = put("file", "new");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Corrupt);
    EXPECT_EQ(receipt.error().code(), "EIO");
    EXPECT_EQ(os_.calls()["fsync"], before + 1);
    EXPECT_EQ(tree_.read("file"), "old");
    EXPECT_TRUE(leftovers().empty());
}

TEST_F(PosixStoreTest, C25_a_directory_whose_fsync_failed_promises_nothing_any_more) {
    os_.fail("fsync", EIO, 2);  // the file, then the directory
    auto receipt = put("d/file", "new");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().operation(), "sync directory");
    os_.set_hook(nullptr);
    auto second = put("d/other", "new");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), "DirectoryPoisoned");
    EXPECT_TRUE(put("e/file", "elsewhere all is well"));
}

TEST_F(PosixStoreTest, C33_a_file_system_that_cannot_sync_directories_is_named_once) {
    os_.set_hook([seen = 0](std::string_view call) mutable {
        return call == "fsync" && ++seen % 2 == 0 ? EINVAL : 0;
    });
    EXPECT_TRUE(put("one", "1"));
    EXPECT_TRUE(put("two", "2"));
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_NE(warnings_[0].find("cannot sync directories"), std::string::npos);
}

TEST_F(PosixStoreTest, C31_every_failing_step_leaves_the_old_file_whole_and_nothing_staged) {
    ASSERT_TRUE(put("file", "old"));
    int covered = 0;
    for (const char* call :
         {"pwrite", "fsync", "pread", "rename", "fstatat", "futimens", "fchmod", "fstat", "openat2"}) {
        store::PutRequest request = request_for("file", "new");
        request.replaces = stat("file")->entry.identity;
        request.metadata.posix =
            model::PosixAttributes{.mode = 0100600, .uid = ::geteuid(), .gid = ::getegid()};
        Digest digest = digest_of(request.digest, bytes_of("new"));
        for (int nth = 1;; ++nth) {
            bool fired = false;
            os_.set_hook([&, seen = 0](std::string_view made) mutable {
                if (made != call || ++seen != nth) return 0;
                fired = true;
                return EIO;
            });
            auto receipt = run(store_->put(context_, request, bytes_of("new"), digest));
            os_.set_hook(nullptr);
            if (!fired) {
                EXPECT_TRUE(receipt);
                break;
            }
            ++covered;
            EXPECT_FALSE(receipt) << call << " " << nth;
            std::string content = tree_.read("file");
            bool named = content == "new";
            EXPECT_TRUE(named || content == "old") << call << " " << nth;
            if (!named) continue;
            // A sync or look that came too late for the name; the directory may be poisoned now.
            connect();
            ASSERT_TRUE(put("file", "old"));
            request.replaces = stat("file")->entry.identity;
        }
        EXPECT_TRUE(leftovers().empty()) << call;
        connect();  // a fresh process: a poisoned directory is forgotten
        ASSERT_TRUE(put("file", "old"));
    }
    EXPECT_GE(covered, 10);
}

TEST_F(PosixStoreTest, C27_a_directory_in_the_way_is_said_so) {
    tree_.write("name/child");
    auto receipt = put("name", "a file");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Exists);
    EXPECT_TRUE(tree_.has("name/child"));
    EXPECT_TRUE(leftovers().empty());
}

TEST_F(PosixStoreTest, F65_a_file_where_a_directory_is_needed_is_said_so) {
    tree_.write("a", "a file");
    EXPECT_EQ(put("a/b", "x").error().kind(), ErrorKind::Exists);
    EXPECT_EQ(put("a/", "").error().kind(), ErrorKind::Exists);
    EXPECT_EQ(tree_.read("a"), "a file");
    auto marker = put("dir/", "bytes in a marker");
    ASSERT_FALSE(marker);
    EXPECT_EQ(marker.error().code(), "UnrepresentableKey");
}

TEST_F(PosixStoreTest, makes_directories_with_their_attributes) {
    store::PutRequest request = request_for("a/empty/", "");
    request.metadata.posix = model::PosixAttributes{.mode = 0040750,
                                                    .uid = ::geteuid(),
                                                    .gid = ::getegid(),
                                                    .mtime_ns = 1'600'000'000'123'456'789,
                                                    .atime_ns = 1};
    auto receipt = put(request, "");
    ASSERT_TRUE(receipt) << receipt.error().message();
    auto info = stat("a/empty/");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->metadata.posix->mode, 0040750u);
    EXPECT_EQ(info->metadata.posix->mtime_ns, 1'600'000'000'123'456'789);
    EXPECT_EQ(receipt->identity, info->entry.identity);
    EXPECT_TRUE(put(request, "")) << "one that is there is as good";
}

TEST_F(PosixStoreTest, replaces_a_link_by_a_file_and_does_not_follow_it) {
    TempDirectory outside;
    outside.write("target", "untouched");
    ASSERT_EQ(::symlink((outside / "target").c_str(), (tree_ / "name").c_str()), 0);
    ASSERT_TRUE(put("name", "a file now"));
    EXPECT_EQ(outside.read("target"), "untouched");
    EXPECT_EQ(stat("name")->entry.type, ObjectType::File);
}

TEST_F(PosixStoreTest, B16_writes_nothing_through_a_linked_parent) {
    TempDirectory outside;
    ASSERT_EQ(::symlink(outside.path().c_str(), (tree_ / "parent").c_str()), 0);
    auto receipt = put("parent/file", "x");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Exists) << receipt.error().message();
    outside.write("file", "outside");
    Key key("parent/file");
    EXPECT_FALSE(run(store_->stat(context_, key, false)));
    EXPECT_FALSE(run(store_->remove(context_, key, Identity{})));
    EXPECT_FALSE(run(store_->set_metadata(context_, request_for("parent/file", "outside"), Identity{})));
    EXPECT_FALSE(put("parent/", ""));
    EXPECT_EQ(outside.names(), (std::set<std::string>{"file"}));
}

TEST_F(PosixStoreTest, B16_holds_while_the_parent_flips_between_directory_and_link) {
    TempDirectory outside;
    tree_.write("dir/");
    ASSERT_EQ(::symlink(outside.path().c_str(), (tree_ / "link").c_str()), 0);
    constexpr int kFlips = 100'000;
    std::atomic<int> flips = 0;
    std::jthread flipper([&] {
        std::string directory = tree_ / "dir", link = tree_ / "link";
        for (; flips < kFlips; ++flips)
            ::renameat2(AT_FDCWD, directory.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
    });
    Key key("dir/f");
    int stored = 0, refused = 0;
    while (flips < kFlips) {
        store::PutRequest request = request_for("dir/f", "x");
        Digest digest = digest_of(request.digest, bytes_of("x"));
        auto receipt = run(store_->put(context_, request, bytes_of("x"), digest));
        ++(receipt ? stored : refused);
        auto info = run(store_->stat(context_, key, false));
        if (info && *info) static_cast<void>(run(store_->remove(context_, key, (*info)->entry.identity)));
    }
    EXPECT_TRUE(outside.names().empty());
    EXPECT_GE(stored, 20);
    EXPECT_GE(refused, 20);
}

TEST_P(PosixStaging, C27_a_racing_writer_s_file_is_not_overwritten) {
    os_.set_hook([&](std::string_view call) {
        if (call == naming() && !tree_.has("name")) tree_.write("name", "the other's");
        return 0;
    });
    store::PutRequest request = request_for("name", "ours");
    auto receipt =
        run(store_->put(context_, request, bytes_of("ours"), digest_of(request.digest, bytes_of("ours"))));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Changed);
    EXPECT_EQ(tree_.read("name"), "the other's");
    EXPECT_TRUE(leftovers().empty());
}

TEST_F(PosixStoreTest, C27_does_without_rename_noreplace) {
    PosixOptions options;
    options.stages_unnamed = false;
    connect(options);
    os_.fail("rename", EINVAL);
    ASSERT_TRUE(put("name", "1"));
    EXPECT_EQ(tree_.read("name"), "1");
    os_.fail("rename", EINVAL);
    store::PutRequest request = request_for("name", "22");
    auto receipt =
        run(store_->put(context_, request, bytes_of("22"), digest_of(request.digest, bytes_of("22"))));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Changed);
    EXPECT_EQ(tree_.read("name"), "1");
}

// Each of two keys finds the other's file under its own name. In lower case, as some such file systems keep
// names.
TEST_F(PosixStoreTest, F66_what_has_another_case_is_not_overwritten_where_case_makes_no_difference) {
    struct FoldingOs : testing::FaultyOs {
        static std::string fold(std::string name) {
            for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            return name;
        }
        int openat2(int directory, const char* path, const OpenHow& how) override {
            return FaultyOs::openat2(directory, directory == AT_FDCWD ? path : fold(path).c_str(), how);
        }
        int fstatat(int directory, const char* name, struct stat& out) override {
            return FaultyOs::fstatat(directory, fold(name).c_str(), out);
        }
        int rename(int directory, const char* from, const char* to, unsigned flags) override {
            return FaultyOs::rename(directory, fold(from).c_str(), fold(to).c_str(), flags);
        }
        int link(int fd, int directory, const char* name) override {
            return FaultyOs::link(fd, directory, fold(name).c_str());
        }
    } os;
    auto put_new = [&](const std::string& key, bool unnamed) {
        PosixOptions options{.root = tree_.path(), .staging_token = std::string(testing::kTestToken)};
        options.stages_unnamed = unnamed;
        PosixStore store(loop_, pool_, options, os);
        EXPECT_TRUE(run(store.attach(context_, store::Role::Destination)));
        store::PutRequest request = request_for(key, key);
        return run(store.put(context_, request, bytes_of(key), digest_of(request.digest, bytes_of(key))));
    };
    constexpr bool kUnnamed = true, kNamed = false;
    ASSERT_TRUE(put_new("README", kNamed));
    struct Way {
        bool unnamed;
        int rename_error;  // EINVAL: a file system without RENAME_NOREPLACE
    };
    for (const Way& way : {Way{kUnnamed, 0}, Way{kNamed, 0}, Way{kNamed, EINVAL}}) {
        if (way.rename_error) os.fail("rename", way.rename_error);
        auto refused = put_new("readme", way.unnamed);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind(), ErrorKind::Exists);
        EXPECT_EQ(refused.error().code(), "NamesFold");
        EXPECT_EQ(tree_.read("readme"), "README");
    }
    EXPECT_EQ(tree_.names().size(), 1u);
}

TEST_F(PosixStoreTest, B22_bytes_that_rot_before_they_are_named_are_found) {
    ASSERT_TRUE(put("file", "old"));
    os_.set_hook([&](std::string_view call) {
        if (call == "pread") {
            // Somebody scribbles over the staged file after its fsync.
            for (const std::string& staged : leftovers()) {
                int fd = ::open(staged.c_str(), O_WRONLY);
                EXPECT_EQ(::pwrite(fd, "X", 1, 0), 1);
                ::close(fd);
            }
        }
        return 0;
    });
    auto receipt = put("file", "new");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Corrupt);
    EXPECT_EQ(receipt.error().code(), "Mismatch");
    EXPECT_EQ(tree_.read("file"), "old");
    EXPECT_TRUE(leftovers().empty());
}

TEST_F(PosixStoreTest, C30_does_not_name_a_file_that_was_put_in_the_staged_one_s_place) {
    ASSERT_TRUE(put("file", "old"));
    os_.set_hook([&](std::string_view call) {
        if (call == "rename") {
            for (const std::string& staged : leftovers()) {
                std::filesystem::remove(staged);
                tree_.write(std::filesystem::path(staged).filename(), "forged");
            }
        }
        return 0;
    });
    auto receipt = put("file", "new");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), "StagedFileSwapped");
}

TEST_F(PosixStoreTest, stages_with_a_name_where_files_without_one_get_none) {
    os_.fail("link", EPERM);
    connect();
    int renames = os_.calls()["rename"];
    ASSERT_TRUE(put("file", "text"));
    EXPECT_EQ(tree_.read("file"), "text");
    EXPECT_EQ(os_.calls()["rename"], renames + 1);
    EXPECT_EQ(os_.calls()["link"], 2);
}

TEST_F(PosixStoreTest, stages_with_a_name_on_another_file_system_below_the_root) {
    std::filesystem::create_directory(tree_ / "mounted");
    if (::mount("tmpfs", (tree_ / "mounted").c_str(), "tmpfs", 0, "") != 0) GTEST_SKIP() << "may not mount";
    int renames = os_.calls()["rename"];
    auto receipt = put("mounted/file", "text");
    EXPECT_TRUE(receipt);
    EXPECT_EQ(tree_.read("mounted/file"), "text");
    EXPECT_EQ(os_.calls()["rename"], renames + 1);
    EXPECT_TRUE(leftovers().empty());
    ::umount2((tree_ / "mounted").c_str(), MNT_DETACH);
}

TEST_F(PosixStoreTest, without_verification_stores_durably_and_claims_nothing) {
    store::PutRequest request = request_for("file", "text");
    request.verify = false;
    int before = os_.calls()["fsync"], reads = os_.calls()["pread"];
    auto receipt = put(request, "text");
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::None);
    EXPECT_FALSE(receipt->stored_digest);
    EXPECT_EQ(os_.calls()["fsync"], before + 2);
    EXPECT_EQ(os_.calls()["pread"], reads);
}

TEST_F(PosixStoreTest, A4_removes_exactly_the_generation_that_was_listed) {
    ASSERT_TRUE(put("file", "listed"));
    Identity listed = stat("file")->entry.identity;
    // A newer file takes the name just before it is moved aside.
    os_.set_hook([&, done = false](std::string_view call) mutable {
        if (call == "rename" && !std::exchange(done, true)) {
            tree_.write("new", "newer!");
            std::filesystem::rename(tree_ / "new", tree_ / "file");
        }
        return 0;
    });
    Key key("file");
    auto removed = run(store_->remove(context_, key, listed));
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().kind(), ErrorKind::Changed);
    EXPECT_EQ(tree_.read("file"), "newer!");
    EXPECT_TRUE(leftovers().empty());
}

// Killed between the move aside and the end of it.
TEST_F(PosixStoreTest, B19_what_was_moved_aside_to_be_removed_gets_its_name_back) {
    ASSERT_TRUE(put("d/file", "listed"));
    Identity listed = stat("d/file")->entry.identity;
    Key key("d/file");
    std::string aside = "d/" + StagingNames(testing::kTestToken).removal_name_for(key);
    std::filesystem::rename(tree_ / "d/file", tree_ / aside);
    ASSERT_TRUE(run(store_->discard(context_, key, "", 0)));
    EXPECT_EQ(tree_.read("d/file"), "listed");
    EXPECT_FALSE(tree_.has(aside));
    ASSERT_TRUE(run(store_->discard(context_, key, "", 0)));
    EXPECT_EQ(tree_.read("d/file"), "listed");
    // Its ctime has moved: it is judged anew.
    EXPECT_EQ(run(store_->remove(context_, key, listed)).error().kind(), ErrorKind::Changed);
}

TEST_F(PosixStoreTest, B19_what_was_moved_aside_to_be_removed_goes_when_it_is_removed_again) {
    ASSERT_TRUE(put("file", "listed"));
    Identity listed = stat("file")->entry.identity;
    Key key("file");
    std::string aside = StagingNames(testing::kTestToken).removal_name_for(key);
    std::filesystem::rename(tree_ / "file", tree_ / aside);
    ASSERT_TRUE(run(store_->remove(context_, key, listed)));
    EXPECT_FALSE(tree_.has(aside));
    tree_.write(aside, "another file's bytes");
    Result<void> removed = run(store_->remove(context_, key, listed));
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().kind(), ErrorKind::Exists);
    EXPECT_TRUE(tree_.has(aside));
}

TEST_F(PosixStoreTest, B19_what_stands_aside_makes_room_for_nobody_but_itself) {
    ASSERT_TRUE(put("file", "listed"));
    Key key("file");
    std::string aside = StagingNames(testing::kTestToken).removal_name_for(key);
    tree_.write(aside, "of somebody else");
    Identity listed = stat("file")->entry.identity;
    Result<void> removed = run(store_->remove(context_, key, listed));
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().kind(), ErrorKind::Exists);
    EXPECT_EQ(tree_.read("file"), "listed");
    EXPECT_EQ(tree_.read(aside), "of somebody else");
    Result<void> discarded = run(store_->discard(context_, key, "", 0));
    ASSERT_FALSE(discarded);
    EXPECT_EQ(discarded.error().kind(), ErrorKind::Exists);
    EXPECT_EQ(tree_.read("file"), "listed");
    EXPECT_EQ(tree_.read(aside), "of somebody else");
}

TEST_F(PosixStoreTest, B18_a_root_that_another_directory_has_taken_the_name_of_is_seen) {
    EXPECT_TRUE(run(store_->verify_root(context_)));
    std::string moved = tree_.path() + ".moved";
    std::filesystem::rename(tree_.path(), moved);
    EXPECT_EQ(run(store_->verify_root(context_)).error().kind(), ErrorKind::NotFound);
    std::filesystem::create_directory(tree_.path());
    Result<void> other = run(store_->verify_root(context_));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), "RootReplaced");
    std::filesystem::remove(tree_.path());
    std::filesystem::rename(moved, tree_.path());
    EXPECT_TRUE(run(store_->verify_root(context_)));
}

TEST_F(PosixStoreTest, tells_what_came_after_it_was_attached_from_what_was_there) {
    ASSERT_TRUE(put("before", "text"));
    Identity before = stat("before")->entry.identity;
    disconnect();
    connect();
    std::int64_t begun = loop_.unix_time_ns();
    EXPECT_FALSE(store_->may_be_newer(before, begun));
    // Old by its mtime, as a file that was moved here is.
    store::PutRequest request = request_for("after", "text");
    request.metadata.posix.emplace().mtime_ns = 1;
    ASSERT_TRUE(put(request, "text"));
    EXPECT_TRUE(store_->may_be_newer(stat("after")->entry.identity, begun));
}

TEST_F(PosixStoreTest, removes_directories_only_when_they_are_empty) {
    ASSERT_TRUE(put("d/", ""));
    Identity listed = stat("d/")->entry.identity;
    ASSERT_TRUE(put("d/file", "x"));
    Key key("d/");
    EXPECT_EQ(run(store_->remove(context_, key, listed)).error().kind(), ErrorKind::Exists);
    ASSERT_TRUE(remove("d/file"));
    EXPECT_TRUE(run(store_->remove(context_, key, listed))) << "its times have moved with its child";
    EXPECT_FALSE(tree_.has("d"));
    EXPECT_TRUE(run(store_->remove(context_, key, listed))) << "absent is success";
    Key below("d/no/such");
    EXPECT_TRUE(run(store_->remove(context_, below, listed)));
}

TEST_F(PosixStoreTest, a_cancelled_put_names_nothing) {
    store::PutRequest request = request_for("file", "text");
    Digest digest = digest_of(request.digest, bytes_of("text"));
    runtime::Context stopped(context_);
    // The context ends while the file is synced, on the loop's thread.
    os_.set_hook([&](std::string_view call) {
        if (call == "fsync") loop_.post([&] { stopped.cancel(runtime::stop_requested()); });
        return 0;
    });
    auto receipt = run(store_->put(stopped, request, bytes_of("text"), digest));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Cancelled);
    EXPECT_FALSE(tree_.has("file"));
    EXPECT_TRUE(leftovers().empty());
}

TEST_F(PosixStoreTest, refuses_a_root_that_is_a_file_and_makes_one_that_is_missing) {
    tree_.write("file");
    PosixOptions options{.root = tree_ / "file", .staging_token = std::string(testing::kTestToken)};
    PosixStore on_file(loop_, pool_, options);
    for (store::Role role : {store::Role::Source, store::Role::Destination}) {
        auto attached = run(on_file.attach(context_, role));
        ASSERT_FALSE(attached);
        EXPECT_EQ(attached.error().kind(), ErrorKind::Exists);
    }
    options.root = tree_ / "new/root";
    PosixStore on_new(loop_, pool_, options);
    EXPECT_EQ(run(on_new.attach(context_, store::Role::Source)).error().kind(), ErrorKind::NotFound);
    auto attached = run(on_new.attach(context_, store::Role::Destination));
    ASSERT_TRUE(attached) << attached.error().message();
    EXPECT_EQ(attached->canonical, "posix:" + std::filesystem::canonical(options.root).string());
    EXPECT_TRUE(tree_.names("new/root").empty()) << "the probe is gone";
}

TEST_F(PosixStoreTest, sees_a_root_that_was_swapped_when_asked_again) {
    PosixOptions options{.root = tree_ / "root", .staging_token = std::string(testing::kTestToken)};
    PosixStore store(loop_, pool_, options);
    auto first = run(store.attach(context_, store::Role::Destination));
    std::filesystem::rename(tree_ / "root", tree_ / "moved");
    std::filesystem::create_directory(tree_ / "root");
    auto second = run(store.attach(context_, store::Role::Source));
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->canonical, second->canonical);
    EXPECT_NE(first->identity, second->identity);
}

TEST_F(PosixStoreTest, F64_stores_at_a_depth_of_500) {
    std::string key;
    for (int depth = 0; depth < 500; ++depth) key += "directory/";
    key += "file";
    ASSERT_GT(key.size(), std::size_t{PATH_MAX});
    auto receipt = put(key, "deep");
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(stat(key)->entry.identity, receipt->identity);
    auto source = open(key, 100);
    ASSERT_TRUE(source) << source.error().message();
    EXPECT_EQ((*source)->take_whole()->bytes.size(), 4u);
    EXPECT_TRUE(remove(key));
}

TEST_F(PosixStoreTest, F62_keeps_every_byte_but_slash_and_nul_in_names) {
    for (int byte = 1; byte < 256; ++byte) {
        if (byte == '/') continue;
        std::string c(1, static_cast<char>(byte));
        for (const std::string& key : {c + "-first", "mid-" + c + "-dle", "last-" + c}) {
            auto receipt = put(key, key);
            ASSERT_TRUE(receipt) << byte << receipt.error().message();
            ASSERT_EQ(tree_.read(key), key);
        }
    }
    EXPECT_EQ(tree_.names().size(), 3u * 254u);
}

TEST_F(PosixStoreTest, without_attributes_takes_the_umask_or_the_defaults) {
    mode_t old = ::umask(027);
    ASSERT_TRUE(put("file", "x"));
    ASSERT_TRUE(put("dir/", ""));
    ::umask(old);
    EXPECT_EQ(stat("file")->metadata.posix->mode & 07777, 0640u);
    EXPECT_EQ(stat("dir/")->metadata.posix->mode & 07777, 0750u);
    PosixOptions options;
    options.attributes.default_file_mode = 0604;
    options.attributes.default_directory_mode = 0705;
    connect(options);
    store::PutRequest request = request_for("file2", "x");
    request.metadata.fallback_mtime_ns = 1'500'000'000'000'000'001;
    ASSERT_TRUE(put(request, "x"));
    ASSERT_TRUE(put("dir2/", ""));
    EXPECT_EQ(stat("file2")->metadata.posix->mode & 07777, 0604u);
    EXPECT_EQ(stat("file2")->metadata.posix->mtime_ns, 1'500'000'000'000'000'001);
    EXPECT_EQ(stat("dir2/")->metadata.posix->mode & 07777, 0705u);
}

TEST_F(PosixStoreTest, G70_clears_set_id_bits_unless_told_otherwise) {
    store::PutRequest request = request_for("program", "x");
    request.metadata.posix = model::PosixAttributes{.mode = 0106755, .uid = ::geteuid(), .gid = ::getegid()};
    ASSERT_TRUE(put(request, "x"));
    EXPECT_EQ(stat("program")->metadata.posix->mode & 07777, 0755u);
    PosixOptions options;
    options.attributes.keep_set_id_bits = true;
    connect(options);
    ASSERT_TRUE(put(request, "x"));
    EXPECT_EQ(stat("program")->metadata.posix->mode & 07777, 06755u);
}

TEST_F(PosixStoreTest, G71_a_refused_owner_is_a_warning_unless_demanded) {
    store::PutRequest request = request_for("file", "x");
    request.metadata.posix = model::PosixAttributes{.mode = 0104755, .uid = 12345, .gid = 12345};
    auto deny = [](std::string_view call) { return call == "fchown" ? EPERM : 0; };
    PosixOptions options;
    options.attributes.keep_set_id_bits = true;
    connect(options);
    os_.set_hook(deny);
    ASSERT_TRUE(put(request, "x"));
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_NE(warnings_[0].find("set owner of"), std::string::npos) << warnings_[0];
    EXPECT_EQ(stat("file")->metadata.posix->mode & 07777, 0755u) << "no set-id bit for another owner";
    options.attributes.demand_owner = true;
    connect(options);
    os_.set_hook(deny);
    auto receipt = put(request, "x");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Denied);
    EXPECT_TRUE(leftovers().empty());
}

// A tmpfs of 1 MiB, mounted for one test.
class SmallFileSystem : public StoreFixture {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
        tree_.write("mnt/");
        if (::mount("tmpfs", (tree_ / "mnt").c_str(), "tmpfs", 0, "size=1m,nr_inodes=40") != 0) {
            GTEST_SKIP() << "cannot mount here";
        }
        mounted_ = true;
        connect({.root = tree_ / "mnt"});
    }
    void TearDown() override {
        disconnect();
        if (mounted_) EXPECT_EQ(::umount2((tree_ / "mnt").c_str(), MNT_DETACH), 0);
    }
    bool mounted_ = false;
};

TEST_F(SmallFileSystem, C23_a_full_disk_keeps_the_old_file_and_nothing_staged) {
    ASSERT_TRUE(put("file", "old"));
    auto receipt = put("file", std::string(2 << 20, 'x'));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Full);
    EXPECT_EQ(receipt.error().code(), "ENOSPC");
    EXPECT_EQ(tree_.read("mnt/file"), "old");
    EXPECT_TRUE(leftovers().empty());
    EXPECT_TRUE(put("file", std::string(500'000, 'y'))) << "and goes on when there is room";
}

TEST_F(SmallFileSystem, C28_a_lack_of_inodes_is_a_full_disk_too) {
    Result<store::Receipt> receipt = store::Receipt();
    for (int i = 0; i < 100 && receipt; ++i) receipt = put("file" + std::to_string(i), "x");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Full);
    EXPECT_TRUE(leftovers().empty());
}

TEST_F(SmallFileSystem, C28_a_read_only_file_system_is_said_so) {
    ASSERT_EQ(::mount(nullptr, (tree_ / "mnt").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    auto receipt = put("file", "x");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), "EROFS");
    auto attached = run(store_->attach(context_, store::Role::Destination));
    ASSERT_FALSE(attached) << "found before the first file";
    EXPECT_EQ(attached.error().code(), "EROFS");
}

TEST_F(SmallFileSystem, memory_is_no_medium) {
    EXPECT_EQ(store_->capabilities().commit_evidence, EvidenceLevel::ReadBackCached);
    auto receipt = put("file", "x");
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->level, EvidenceLevel::ReadBackCached);
}

TEST_F(SmallFileSystem, one_file_system_stays_on_its_own) {
    connect({.root = tree_.path(), .one_file_system = true});
    auto receipt = put("mnt/file", "x");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), "EXDEV");
    auto listing = store_->list({});
    auto page = run(listing->next(context_));
    ASSERT_TRUE(page);
    ASSERT_EQ(page->entries.size(), 1u);
    EXPECT_EQ(page->entries[0].key.bytes(), "mnt/");
    EXPECT_TRUE(page->unreadable.empty());
}

}  // namespace
}  // namespace godwit::posix
