#include "posix/link_change.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "posix/testing.h"

namespace godwit::posix {
namespace {

using testing::StoreFixture;
using testing::TempDirectory;

class PosixLink : public StoreFixture {
  protected:
    PosixLink() { tree_.write("first", "proved"); }

    store::LinkRequest request_for_link(const std::string& key) {
        store::LinkRequest request;
        request.key = model::Key(key);
        if (auto there = stat(key)) request.replaces = there->entry.identity;
        request.first = model::Key("first");
        request.expected = stat("first")->entry.identity;
        return request;
    }
    Result<store::Linked> link(const store::LinkRequest& request) {
        return run(store_->link(context_, request));
    }
    ino_t inode(const std::string& name) const {
        struct stat status{};
        return ::lstat((tree_ / name).c_str(), &status) == 0 ? status.st_ino : 0;
    }
    void expect_linked(const std::string& name) const {
        EXPECT_EQ(inode(name), inode("first"));
        EXPECT_EQ(tree_.read(name), "proved");
        EXPECT_TRUE(leftovers().empty());
    }
};

TEST_F(PosixLink, A8_a_file_gets_a_further_name_in_any_directory) {
    for (const char* name : {"second", "new/d/third"}) {
        auto linked = link(request_for_link(name));
        ASSERT_TRUE(linked) << linked.error().message();
        EXPECT_FALSE(linked->was_linked);
        expect_linked(name);
        // The next link begins where this one has left the file.
        EXPECT_EQ(linked->identity, stat("first")->entry.identity);
    }
    EXPECT_EQ(stat("second")->entry.hard_link->names, 3u);
    EXPECT_TRUE(stat("second")->entry.hard_link->is_of(*stat("first")->entry.hard_link));
}

TEST_F(PosixLink, A8_what_is_in_the_way_is_replaced_and_keeps_its_other_names) {
    tree_.write("second", "old");
    ASSERT_EQ(::link((tree_ / "second").c_str(), (tree_ / "kept").c_str()), 0);
    auto linked = link(request_for_link("second"));
    ASSERT_TRUE(linked) << linked.error().message();
    expect_linked("second");
    EXPECT_EQ(tree_.read("kept"), "old");
}

TEST_F(PosixLink, A8_a_name_that_it_has_already_is_left_alone) {
    ASSERT_TRUE(link(request_for_link("second")));
    model::Identity before = stat("first")->entry.identity;
    auto linked = link(request_for_link("second"));
    ASSERT_TRUE(linked) << linked.error().message();
    EXPECT_TRUE(linked->was_linked);
    EXPECT_EQ(linked->identity, before);
    EXPECT_EQ(stat("first")->entry.identity, before);
    expect_linked("second");
}

// rename(2) does nothing between two names of one file, and leaves both.
TEST_F(PosixLink, A8_a_name_that_it_gets_meanwhile_leaves_nothing_staged) {
    tree_.write("second", "old");
    os_.set_hook([&](std::string_view call) {
        if (call == "rename") {
            ::unlink((tree_ / "second").c_str());
            EXPECT_EQ(::link((tree_ / "first").c_str(), (tree_ / "second").c_str()), 0);
        }
        return 0;
    });
    EXPECT_TRUE(link(request_for_link("second")));
    expect_linked("second");
}

TEST_F(PosixLink, A8_nothing_is_linked_to_what_is_not_what_was_proved) {
    store::LinkRequest request = request_for_link("second");
    tree_.write("first", "PROVED");
    auto linked = link(request);
    ASSERT_FALSE(linked);
    EXPECT_EQ(linked.error().kind(), ErrorKind::Changed);
    EXPECT_FALSE(tree_.has("second"));
}

TEST_F(PosixLink, A8_what_is_linked_is_what_was_looked_at_whoever_takes_the_first_name) {
    for (bool replaces : {false, true}) {
        tree_.write("first", "proved");
        std::string name = replaces ? "second" : "free";
        if (replaces) tree_.write(name, "old");
        store::LinkRequest request = request_for_link(name);
        os_.set_hook([&](std::string_view call) {
            if (call == "link" && tree_.read("first") == "proved") {
                tree_.write("other", "never proved");
                EXPECT_EQ(::rename((tree_ / "other").c_str(), (tree_ / "first").c_str()), 0);
            }
            return 0;
        });
        // An unlinked file cannot be linked again: there may be no link, but never a wrong one.
        auto linked = link(request);
        os_.set_hook({});
        EXPECT_EQ(tree_.has(name), linked.has_value() || replaces);
        if (tree_.has(name)) EXPECT_EQ(tree_.read(name), linked ? "proved" : "old");
        EXPECT_TRUE(leftovers().empty());
    }
}

TEST_F(PosixLink, A8_what_appears_in_the_way_is_not_replaced) {
    store::LinkRequest free = request_for_link("second");
    tree_.write("second", "another's");
    tree_.write("third", "old");
    store::LinkRequest listed = request_for_link("third");
    tree_.write("third", "newer");
    for (const store::LinkRequest* request : {&free, &listed}) {
        auto linked = link(*request);
        ASSERT_FALSE(linked);
        EXPECT_EQ(linked.error().kind(), ErrorKind::Changed) << linked.error().message();
    }
    EXPECT_EQ(tree_.read("second"), "another's");
    EXPECT_EQ(tree_.read("third"), "newer");
    EXPECT_TRUE(leftovers().empty());
}

// Listed nowhere and yet the same file: another key's name, where case makes no difference.
TEST_F(PosixLink, A8_a_name_that_was_not_listed_is_not_taken_for_one_of_ours) {
    store::LinkRequest request = request_for_link("second");
    ASSERT_EQ(::link((tree_ / "first").c_str(), (tree_ / "second").c_str()), 0);
    request.expected = stat("first")->entry.identity;
    EXPECT_FALSE(link(request));
    expect_linked("second");
}

TEST_F(PosixLink, A8_a_file_system_that_refuses_leaves_the_old_one_and_says_so) {
    tree_.write("second", "old");
    for (int refusal : {EMLINK, EPERM, EXDEV, EOPNOTSUPP}) {
        for (const char* name : {"second", "free"}) {
            os_.fail("link", refusal);
            auto linked = link(request_for_link(name));
            ASSERT_FALSE(linked);
            EXPECT_EQ(linked.error().kind(), ErrorKind::Unsupported);
            EXPECT_EQ(linked.error().code(), "NoHardLink");
        }
    }
    EXPECT_EQ(warnings_.size(), 8u);
    EXPECT_EQ(tree_.read("second"), "old");
    EXPECT_FALSE(tree_.has("free"));
    EXPECT_TRUE(leftovers().empty());
}

TEST_F(PosixLink, A8_a_rename_that_fails_leaves_the_old_one_and_nothing_staged) {
    tree_.write("second", "old");
    os_.fail("rename", EIO);
    EXPECT_FALSE(link(request_for_link("second")));
    EXPECT_EQ(tree_.read("second"), "old");
    EXPECT_TRUE(leftovers().empty());
}

TEST_F(PosixLink, B16_neither_name_leads_out_of_the_root) {
    TempDirectory outside;
    outside.write("file", "outside");
    ASSERT_EQ(::symlink(outside.path().c_str(), (tree_ / "parent").c_str()), 0);
    for (const char* name : {"parent/file", "parent/free"}) {
        store::LinkRequest to_outside = request_for_link("second");
        to_outside.key = model::Key(name);
        EXPECT_FALSE(link(to_outside));
    }
    store::LinkRequest from_outside = request_for_link("second");
    from_outside.first = model::Key("parent/file");
    EXPECT_FALSE(link(from_outside));
    ASSERT_EQ(::symlink("first", (tree_ / "alias").c_str()), 0);
    from_outside.first = model::Key("alias");
    EXPECT_FALSE(link(from_outside));
    EXPECT_EQ(outside.names(), (std::set<std::string>{"file"}));
    EXPECT_EQ(outside.read("file"), "outside");
    EXPECT_FALSE(tree_.has("second"));
}

}  // namespace
}  // namespace godwit::posix
