#include "posix/xattrs.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "posix/testing.h"

namespace godwit::posix {
namespace {

using model::NamedValues;
using testing::StoreFixture;

// A store that keeps user.* and lists.
class XattrsTest : public StoreFixture {
  protected:
    XattrsTest() {
        PosixOptions options;
        options.attributes.xattrs = *model::XattrClasses::from_bits(3);
        connect(options);
        tree_.write("probe");
        std::string path = tree_ / "probe";
        able_ = ::setxattr(path.c_str(), "user.probe", "", 0, 0) == 0;
    }
    void SetUp() override {
        if (!able_) GTEST_SKIP() << "NOT TESTED: this file system keeps no extended attributes";
    }
    void set(const std::string& name, const char* xattr, std::string_view value) {
        std::string path = tree_ / name;
        ASSERT_EQ(::setxattr(path.c_str(), xattr, value.data(), value.size(), 0), 0) << xattr;
    }
    // As the kernel tells it; "(absent)" when there is none.
    std::string get(const std::string& name, const char* xattr) {
        std::string path = tree_ / name, value(4096, '\0');
        ssize_t got = ::getxattr(path.c_str(), xattr, value.data(), value.size());
        return got < 0 ? "(absent)" : value.substr(0, static_cast<std::size_t>(got));
    }
    static store::PutRequest request_with(const std::string& key, NamedValues xattrs) {
        store::PutRequest request = request_for(key, "x");
        request.metadata.xattrs = std::move(xattrs);
        return request;
    }
    bool able_ = false;
};

TEST_F(XattrsTest, are_told_by_stat_and_by_open_and_put_again) {
    tree_.write("file", "x");
    set("file", "user.empty", "");
    set("file", "user.\xff=,", std::string_view("\0\xff", 2));
    NamedValues expected{{"user.empty", ""}, {"user.\xff=,", std::string("\0\xff", 2)}};
    EXPECT_EQ(stat("file")->metadata.xattrs, expected);
    for (std::uint64_t whole_bytes_max : {0u, 100u}) {
        auto source = open("file", whole_bytes_max);
        ASSERT_TRUE(source) << source.error().message();
        EXPECT_EQ((*source)->info().metadata.xattrs, expected);
    }
    ASSERT_TRUE(put(request_with("copy", expected), "x"));
    EXPECT_EQ(get("copy", "user.empty"), "");
    EXPECT_EQ(get("copy", "user.\xff=,"), std::string("\0\xff", 2));
}

TEST_F(XattrsTest, without_being_asked_for_are_neither_read_nor_touched) {
    tree_.write("file", "x");
    set("file", "user.a", "1");
    connect();
    EXPECT_TRUE(stat("file")->metadata.xattrs.empty());
    store::PutRequest request = request_with("file", {{"user.b", "2"}});
    request.replaces = stat("file")->entry.identity;
    ASSERT_TRUE(run(store_->set_metadata(context_, request, *request.replaces)));
    EXPECT_EQ(get("file", "user.a"), "1");
    EXPECT_EQ(get("file", "user.b"), "(absent)");
}

TEST_F(XattrsTest, G70_names_of_no_class_asked_for_are_never_set) {
    ASSERT_TRUE(put(
        request_with(
            "file",
            {{"security.capability", "x"}, {"security.selinux", "x"}, {"trusted.a", "x"}, {"user.a", "1"}}),
        "x"));
    EXPECT_EQ(get("file", "user.a"), "1");
    EXPECT_EQ(get("file", "trusted.a"), "(absent)");
    EXPECT_EQ(get("file", "security.capability"), "(absent)");
    EXPECT_EQ(os_.calls()["setxattr"], 1);
}

TEST_F(XattrsTest, a_change_of_metadata_removes_what_the_object_has_not) {
    tree_.write("file", "x");
    set("file", "user.old", "1");
    set("file", "user.same", "1");
    store::PutRequest request = request_with("file", {{"user.new", "1"}, {"user.same", "1"}});
    ASSERT_TRUE(run(store_->set_metadata(context_, request, stat("file")->entry.identity)));
    EXPECT_EQ(get("file", "user.old"), "(absent)");
    EXPECT_EQ(get("file", "user.new"), "1");
    EXPECT_EQ(os_.calls()["setxattr"], 1) << "what is there already is not written";
}

TEST_F(XattrsTest, G71_the_owner_of_a_read_only_file_sets_them_and_leaves_it_read_only) {
    tree_.write("file", "x");
    ASSERT_EQ(::chmod((tree_ / "file").c_str(), 0444), 0);
    // As the kernel answers to all but root.
    os_.set_hook([&](std::string_view call) {
        struct stat status{};
        ::stat((tree_ / "file").c_str(), &status);
        return call == "setxattr" && !(status.st_mode & S_IWUSR) ? EACCES : 0;
    });
    store::PutRequest request = request_with("file", {{"user.a", "1"}});
    auto changed = run(store_->set_metadata(context_, request, stat("file")->entry.identity));
    ASSERT_TRUE(changed) << changed.error().message();
    EXPECT_EQ(get("file", "user.a"), "1");
    EXPECT_EQ(stat("file")->metadata.posix->mode & 07777, 0444u);
}

TEST_F(XattrsTest, G70_set_id_bits_that_a_new_owner_has_cleared_do_not_come_back) {
    if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: another owner, which needs root";
    PosixOptions options;
    options.attributes.xattrs = *model::XattrClasses::from_bits(1);
    options.attributes.keep_mode = false;
    connect(options);
    tree_.write("file", "x");
    ASSERT_EQ(::chmod((tree_ / "file").c_str(), 04555), 0);
    os_.fail("setxattr", EACCES);
    store::PutRequest request = request_with("file", {{"user.a", "1"}});
    request.metadata.posix = model::PosixAttributes{.mode = 0100555, .uid = 12345, .gid = 12345};
    auto changed = run(store_->set_metadata(context_, request, stat("file")->entry.identity));
    ASSERT_TRUE(changed) << changed.error().message();
    EXPECT_EQ(get("file", "user.a"), "1");
    EXPECT_EQ(stat("file")->metadata.posix->uid, 12345u);
    EXPECT_EQ(stat("file")->metadata.posix->mode & 07777, 0555u);
}

TEST_F(XattrsTest, G73_what_the_file_system_refuses_fails_the_object_and_stops_nobody) {
    ASSERT_TRUE(put("file", "old"));
    for (int error_number : {EOPNOTSUPP, E2BIG, ENOSPC, EDQUOT, ERANGE, EPERM}) {
        os_.fail("setxattr", error_number);
        auto receipt = put(request_with("file", {{"user.a", "1"}}), "x");
        ASSERT_FALSE(receipt) << error_number;
        EXPECT_EQ(receipt.error().kind(), ErrorKind::Unsupported) << receipt.error().message();
        EXPECT_EQ(receipt.error().code(), "UnrepresentableMetadata");
        EXPECT_EQ(tree_.read("file"), "old");
        EXPECT_TRUE(leftovers().empty());
    }
    os_.fail("setxattr", EIO);
    EXPECT_EQ(put(request_with("file", {{"user.a", "1"}}), "x").error().kind(), ErrorKind::Corrupt);
}

TEST_F(XattrsTest, a_file_system_that_knows_none_is_good_for_objects_without_any) {
    os_.set_hook([](std::string_view call) { return call == "listxattr" ? EOPNOTSUPP : 0; });
    EXPECT_TRUE(put(request_with("file", {}), "x"));
    EXPECT_TRUE(stat("file")->metadata.xattrs.empty());
}

TEST_F(XattrsTest, G73_what_was_kept_in_no_known_form_fails_the_object) {
    store::PutRequest request = request_with("file", {});
    request.metadata.xattrs_malformed = true;
    auto receipt = put(request, "x");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), "UnrepresentableMetadata");
    EXPECT_FALSE(tree_.has("file"));
}

// The kernel says yes and keeps something else.
TEST_F(XattrsTest, are_looked_at_again_after_they_were_set) {
    os_.set_hook([sets = 0](std::string_view call) mutable {
        if (call == "setxattr") ++sets;
        // The list after the set is of a file system that has forgotten it.
        return sets > 0 && call == "listxattr" ? EOPNOTSUPP : 0;
    });
    auto receipt = put(request_with("file", {{"user.a", "1"}}), "x");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), "UnrepresentableMetadata");
}

TEST_F(XattrsTest, A3_one_that_changes_while_a_file_is_read_defers_it) {
    tree_.write("file", "x");
    auto listed = stat("file")->entry.identity;
    store::OpenRequest request;
    request.key = model::Key("file");
    request.expected = listed;
    request.whole_bytes_max = 100;
    // After they were read, before the look that pins the generation.
    os_.set_hook([&, done = false](std::string_view call) mutable {
        if (call == "fstat" && !std::exchange(done, true)) set("file", "user.late", "1");
        return 0;
    });
    auto source = run(store_->open(context_, request));
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().kind(), ErrorKind::Changed);
}

TEST_F(XattrsTest, of_a_link_are_its_own) {
    if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: links have trusted.* alone, which need root";
    PosixOptions options;
    options.attributes.xattrs = *model::XattrClasses::from_bits(7);
    connect(options);
    tree_.write("target", "x");
    store::PutRequest request = request_for("link", "target");
    request.type = model::ObjectType::Symlink;
    request.metadata.xattrs = {{"trusted.a", "1"}};
    auto receipt = put(request, "target");
    ASSERT_TRUE(receipt) << receipt.error().message();
    char value[8];
    EXPECT_EQ(::lgetxattr((tree_ / "link").c_str(), "trusted.a", value, sizeof value), 1);
    EXPECT_EQ(get("target", "trusted.a"), "(absent)") << "never through a link";
    EXPECT_EQ(stat("link")->metadata.xattrs, request.metadata.xattrs);
    request.metadata.xattrs.clear();
    ASSERT_TRUE(run(store_->set_metadata(context_, request, stat("link")->entry.identity)));
    EXPECT_TRUE(stat("link")->metadata.xattrs.empty());
}

TEST_F(XattrsTest, C30_are_not_set_on_what_was_put_in_a_staged_link_s_place) {
    store::PutRequest request = request_for("link", "target");
    request.type = model::ObjectType::Symlink;
    request.metadata.posix = model::PosixAttributes{.mode = 0120777, .uid = ::geteuid(), .gid = ::getegid()};
    request.metadata.xattrs = {{"user.a", "1"}};
    tree_.write("victim", "x");
    os_.set_hook([&](std::string_view call) {
        if (call != "fchownat") return 0;
        std::string staged = leftovers().at(0);
        EXPECT_EQ(::unlink(staged.c_str()), 0);
        EXPECT_EQ(::link((tree_ / "victim").c_str(), staged.c_str()), 0);
        return 0;
    });
    auto receipt = put(request, "target");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Changed) << receipt.error().message();
    EXPECT_EQ(get("victim", "user.a"), "(absent)");
}

TEST_F(XattrsTest, too_many_are_refused_before_they_fill_memory) {
    // Every value is said to be as long as one can be.
    class Endless : public testing::FaultyOs {
        ssize_t listxattr(int, char* out, std::size_t size_bytes) override {
            constexpr std::string_view kNames("user.a\0user.b\0user.c\0", 21);
            if (size_bytes < kNames.size()) return -ERANGE;
            return static_cast<ssize_t>(kNames.copy(out, size_bytes));
        }
        ssize_t getxattr(int, const char*, char*, std::size_t size_bytes) override {
            return size_bytes < 65536 ? -ERANGE : 65536;
        }
    };
    Endless os;
    auto read = read_xattrs(os, 0, *model::XattrClasses::from_bits(1), "file");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), "UnrepresentableMetadata");
}

}  // namespace
}  // namespace godwit::posix
