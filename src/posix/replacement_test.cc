// Files that share their blocks with their source. What a file system does when it really clones is seen in
// tests/e2e/test_reflink.py; here it does what no file system should, and at the worst moment.
#include "posix/replacement.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <vector>

#include "base/encoding.h"
#include "posix/testing.h"

namespace godwit::posix {
namespace {

using ::testing::HasSubstr;
using std::literals::operator""h;
using testing::StoreFixture;

constexpr std::uint64_t kPart = 1u << 20;
constexpr std::uint64_t kWholeMax = 8u << 20;

// As the kernel does it, but for the sharing.
int clone_by_copying(int to, int from) {
    std::vector<char> bytes(static_cast<std::size_t>(::lseek(from, 0, SEEK_END)));
    bool copied = ::pread(from, bytes.data(), bytes.size(), 0) == std::ssize(bytes) &&
                  ::pwrite(to, bytes.data(), bytes.size(), 0) == std::ssize(bytes);
    return copied ? 0 : -EIO;
}

// Each test copies `from` to `to`, whole or in parts.
class SharedBlocks : public StoreFixture, public ::testing::WithParamInterface<bool> {
  protected:
    SharedBlocks() {
        connect({.sparse = true, .reflink = true, .part_bytes = kPart});
        os_.set_clone(clone_by_copying);
        tree_.write("from", text_);
    }

    Result<store::Receipt> copy() {
        bool in_parts = GetParam();
        GODWIT_TRY(std::unique_ptr<store::Source> source, open("from", in_parts ? 0 : kWholeMax));
        if (after_open_) after_open_();
        store::PutRequest request = request_for("to", text_);
        request.source = source.get();
        Digest digest = digest_of(request.digest, bytes_of(text_));
        if (!in_parts) return run(store_->put(context_, request, bytes_of(text_), digest));
        GODWIT_TRY(std::unique_ptr<store::Sink> sink, run(store_->begin(context_, request)));
        for (std::uint64_t at = 0; at < text_.size(); at += kPart) {
            auto bytes = bytes_of(std::string_view(text_).substr(at, kPart));
            Digest part = digest_of(request.digest, bytes);
            GODWIT_TRY_VOID(run(sink->write(context_, at, bytes, part)));
        }
        return run(sink->commit(context_, digest));
    }
    void expect_copied() {
        auto receipt = copy();
        ASSERT_TRUE(receipt) << receipt.error().message();
        EXPECT_EQ(receipt->level, store_->capabilities().commit_evidence);
        EXPECT_EQ(receipt->stored_digest, digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(text_)));
        EXPECT_TRUE(tree_.read("to") == text_);
        EXPECT_TRUE(leftovers().empty());
    }

    std::string text_ = std::string(kPart, 'a') + std::string(kPart, '\0') + std::string(kPart / 2, 'b');
    std::function<void()> after_open_;
};

INSTANTIATE_TEST_SUITE_P(, SharedBlocks, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "in_parts" : "whole"; });

TEST_P(SharedBlocks, are_not_written) {
    int before = os_.calls()["pwrite"];
    expect_copied();
    EXPECT_EQ(os_.calls()["clone"], 1);
    EXPECT_EQ(os_.calls()["pwrite"], before);
    EXPECT_TRUE(warnings_.empty());
}

TEST_P(SharedBlocks, are_not_asked_for_without_the_option) {
    connect({.part_bytes = kPart});
    expect_copied();
    EXPECT_EQ(os_.calls()["clone"], 0);
}

TEST_P(SharedBlocks, B22_a_clone_of_other_bytes_is_found_and_gets_no_name) {
    os_.set_clone([](int to, int from) {
        int done = clone_by_copying(to, from);
        return ::pwrite(to, "!", 1, kPart + 5) == 1 ? done : -EIO;
    });
    auto receipt = copy();
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Corrupt);
    EXPECT_EQ(receipt.error().code(), "Mismatch");
    EXPECT_EQ(tree_.names(), std::set<std::string>{"from"});
}

TEST_P(SharedBlocks, B22_a_clone_that_is_short_is_found_and_gets_no_name) {
    os_.set_clone([](int to, int from) {
        int done = clone_by_copying(to, from);
        return ::ftruncate(to, kPart) == 0 ? done : -EIO;
    });
    auto receipt = copy();
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Corrupt);
    EXPECT_EQ(tree_.names(), std::set<std::string>{"from"});
}

TEST_P(SharedBlocks, that_cannot_be_had_are_written) {
    for (int error : {EOPNOTSUPP, EXDEV, EINVAL, ETXTBSY, EPERM, ENOTTY, ENOSPC, EIO}) {
        os_.fail("clone", error);
        expect_copied();
        ASSERT_EQ(warnings_.size(), 1u) << error;
        EXPECT_THAT(warnings_[0], HasSubstr("share the blocks of " + (tree_ / "from")));
        EXPECT_THAT(warnings_[0], HasSubstr("they were copied"));
        warnings_.clear();
        ASSERT_TRUE(remove("to"));
    }
}

TEST_P(SharedBlocks, leave_nothing_behind_where_a_clone_ends_half_way) {
    os_.set_clone([](int to, int) {
        std::string other(4 * kPart, 'X');
        return ::pwrite(to, other.data(), other.size(), 0) == std::ssize(other) ? -EIO : 0;
    });
    expect_copied();
}

TEST_P(SharedBlocks, cannot_be_had_of_what_has_no_file) {
    tree_.write("dir/");
    auto directory = open("dir/");
    ASSERT_TRUE(directory);
    store::PutRequest request = request_for("to", text_);
    request.source = directory->get();
    ASSERT_TRUE(put(request, text_));
    EXPECT_TRUE(tree_.read("to") == text_);
    EXPECT_EQ(warnings_.size(), 1u);
}

TEST_P(SharedBlocks, A4_of_a_source_that_has_changed_are_written_as_they_were_read) {
    for (const std::string& now : {text_ + "more", std::string(), "!" + text_.substr(1)}) {
        tree_.write("from", text_);
        after_open_ = [&] {
            tree_.write("from", now);
            std::filesystem::last_write_time(tree_ / "from",
                                             std::filesystem::file_time_type::clock::now() + 1h);
        };
        expect_copied();
        EXPECT_TRUE(warnings_.empty());
        ASSERT_TRUE(remove("to"));
    }
}

TEST_P(SharedBlocks, A4_a_source_that_changes_behind_the_clone_is_not_what_was_cloned) {
    os_.set_clone([this](int to, int from) {
        int done = clone_by_copying(to, from);
        tree_.write("from", "a later generation");
        return done;
    });
    int before = os_.calls()["pwrite"];
    expect_copied();
    EXPECT_GT(os_.calls()["pwrite"], before);
}

TEST_P(SharedBlocks, C31_an_error_on_the_way_back_from_a_failed_clone_leaves_nothing) {
    os_.set_hook([](std::string_view call) { return call == "clone" || call == "ftruncate" ? EIO : 0; });
    auto receipt = copy();
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), "EIO");
    EXPECT_EQ(tree_.names(), std::set<std::string>{"from"});
}

TEST_P(SharedBlocks, C25_a_clone_that_cannot_be_synced_gets_no_name) {
    os_.fail("fsync", EIO);
    auto receipt = copy();
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), "EIO");
    EXPECT_EQ(tree_.names(), std::set<std::string>{"from"});
}

}  // namespace
}  // namespace godwit::posix
