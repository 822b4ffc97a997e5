#include "posix/sink.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/encoding.h"
#include "posix/testing.h"

namespace godwit::posix {
namespace {

using model::EvidenceLevel;
using testing::StoreFixture;

constexpr std::uint64_t kPart = 1u << 20;

class PosixSinkTest : public StoreFixture {
  protected:
    PosixSinkTest() { connect(); }
    void connect() { StoreFixture::connect({.part_bytes = kPart}); }

    std::unique_ptr<store::Sink> begin(const store::PutRequest& request) {
        auto sink = run(store_->begin(context_, request));
        EXPECT_TRUE(sink) << sink.error().message();
        return sink ? std::move(*sink) : nullptr;
    }
    Result<void> write(store::Sink& sink, std::string_view text, std::size_t number) {
        auto bytes = bytes_of(text.substr(number * kPart, kPart));
        Digest digest = digest_of(DigestAlgorithm::Crc64Nvme, bytes);
        return run(sink.write(context_, number * kPart, bytes, digest));
    }
    void write_all(store::Sink& sink, std::string_view text) {
        for (std::size_t number = 0; number * kPart < text.size(); ++number)
            ASSERT_TRUE(write(sink, text, number));
    }
    Result<store::Receipt> commit(store::Sink& sink, std::string_view text,
                                  DigestAlgorithm algorithm = DigestAlgorithm::Crc64Nvme) {
        Digest digest = digest_of(algorithm, bytes_of(text));
        return run(sink.commit(context_, digest));
    }
    static std::string pattern(std::size_t size) {
        std::string text(size, '\0');
        for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 2654435761u >> 23);
        return text;
    }
};

TEST_F(PosixSinkTest, A9_leaves_parts_of_zeros_as_holes) {
    std::string text(8 * kPart, '\0');
    text[3 * kPart + 5] = 'x';
    auto sink = begin(request_for("sparse", text));
    write_all(*sink, text);
    auto receipt = commit(*sink, text);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(tree_.read("sparse"), text);
    struct stat status{};
    ASSERT_EQ(::stat((tree_ / "sparse").c_str(), &status), 0);
    EXPECT_LE(status.st_blocks * 512, static_cast<blkcnt_t>(2 * kPart));
}

TEST_F(PosixSinkTest, proves_what_digests_cannot_combine_as_well) {
    std::string text = pattern(40 * kPart + 7);
    for (DigestAlgorithm algorithm : {DigestAlgorithm::Sha256, DigestAlgorithm::Crc32c}) {
        store::PutRequest request = request_for("file", text);
        if (auto here = stat("file")) request.replaces = here->entry.identity;
        auto sink = begin(request);
        write_all(*sink, text);
        auto receipt = commit(*sink, text, algorithm);
        ASSERT_TRUE(receipt) << receipt.error().message();
        EXPECT_EQ(receipt->stored_digest, digest_of(algorithm, bytes_of(text)));
        EXPECT_EQ(receipt->level, store_->capabilities().commit_evidence);
    }
}

TEST_F(PosixSinkTest, B22_finds_bytes_that_rot_before_the_commit) {
    ASSERT_TRUE(put("file", "old"));
    std::string text = pattern(3 * kPart);
    store::PutRequest request = request_for("file", text);
    request.replaces = stat("file")->entry.identity;
    auto sink = begin(request);
    write_all(*sink, text);
    ASSERT_EQ(leftovers().size(), 1u);
    int fd = ::open(leftovers()[0].c_str(), O_WRONLY);
    ASSERT_EQ(::pwrite(fd, "!", 1, 2 * kPart), 1);
    ::close(fd);
    auto receipt = commit(*sink, text);
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), "Mismatch");
    EXPECT_EQ(tree_.read("file"), "old");
    EXPECT_TRUE(leftovers().empty()) << "what is wrong is not kept";
}

TEST_F(PosixSinkTest, B22_finds_bytes_that_are_missing_at_the_end) {
    std::string text = pattern(3 * kPart);
    auto sink = begin(request_for("file", text));
    write_all(*sink, text);
    ASSERT_EQ(::truncate(leftovers()[0].c_str(), 2 * kPart), 0);
    auto receipt = commit(*sink, text);
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Corrupt);
    EXPECT_FALSE(tree_.has("file"));
}

TEST_F(PosixSinkTest, names_the_part_that_was_not_written) {
    std::string text = pattern(3 * kPart);
    auto sink = begin(request_for("file", text));
    ASSERT_TRUE(write(*sink, text, 0));
    ASSERT_TRUE(write(*sink, text, 2));
    auto receipt = commit(*sink, text);
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Invalid);
    EXPECT_EQ(receipt.error().cause(), "part 2 of 3 was not written");
}

TEST_F(PosixSinkTest, a_resumed_one_writes_only_what_is_not_there) {
    std::string text = pattern(4 * kPart);
    store::PutRequest request = request_for("file", text);
    std::string checkpoint;
    {
        auto sink = begin(request);
        ASSERT_TRUE(write(*sink, text, 0));
        ASSERT_TRUE(write(*sink, text, 2));
        checkpoint = sink->checkpoint();
    }
    connect();
    auto resumed = run(store_->resume(context_, request, checkpoint));
    ASSERT_TRUE(resumed) << resumed.error().message();
    int before = os_.calls()["pwrite"];
    write_all(**resumed, text);
    EXPECT_EQ(os_.calls()["pwrite"], before + 2);
    ASSERT_TRUE(commit(**resumed, text));
    EXPECT_TRUE(tree_.read("file") == text);
}

TEST_F(PosixSinkTest, A9_a_resumed_one_takes_no_old_bytes_for_a_hole) {
    std::string old = pattern(2 * kPart), text(2 * kPart, '\0');
    store::PutRequest request = request_for("file", text);
    std::string checkpoint;
    {
        auto sink = begin(request);
        write_all(*sink, old);
        checkpoint = sink->checkpoint();
    }
    auto resumed = run(store_->resume(context_, request, checkpoint));
    ASSERT_TRUE(resumed);
    write_all(**resumed, text);
    ASSERT_TRUE(commit(**resumed, text));
    EXPECT_TRUE(tree_.read("file") == text);
}

TEST_F(PosixSinkTest, does_not_resume_another_file_of_the_same_name) {
    std::string text = pattern(2 * kPart);
    store::PutRequest request = request_for("file", text);
    auto sink = begin(request);
    std::string checkpoint = sink->checkpoint();
    sink.reset();
    std::string staged = leftovers()[0];
    std::filesystem::rename(staged, tree_ / "kept-so-that-its-inode-is");
    tree_.write(std::filesystem::path(staged).filename(), text);
    EXPECT_EQ(run(store_->resume(context_, request, checkpoint)).error().kind(), ErrorKind::NotFound);
    request.size_bytes += 1;
    EXPECT_EQ(run(store_->resume(context_, request, checkpoint)).error().kind(), ErrorKind::NotFound);
}

TEST_F(PosixSinkTest, C25_a_failed_fsync_takes_the_staged_bytes_with_it) {
    std::string text = pattern(2 * kPart);
    auto sink = begin(request_for("file", text));
    write_all(*sink, text);
    os_.fail("fsync", EIO);
    auto receipt = commit(*sink, text);
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), "EIO");
    EXPECT_TRUE(leftovers().empty());
}

TEST_F(PosixSinkTest, is_only_for_files) {
    EXPECT_EQ(run(store_->begin(context_, request_for("dir/", ""))).error().kind(), ErrorKind::Unsupported);
}

TEST(Checkpoint, survives_the_round_trip_and_nothing_else_does) {
    std::string name = StagingNames(testing::kTestToken).name_for(model::Key("k"));
    Checkpoint checkpoint{.staged_name = name, .inode = 12345, .size_bytes = ~std::uint64_t{0}};
    std::string text = format_checkpoint(checkpoint);
    auto parsed = parse_checkpoint(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->staged_name, name);
    EXPECT_EQ(parsed->inode, 12345u);
    EXPECT_EQ(parsed->size_bytes, ~std::uint64_t{0});
    for (const std::string& bad :
         {std::string(), std::string("posix-1"), std::string("posix-1 ../../etc/passwd 1 1"),
          "posix-2 " + name + " 1 1", "posix-1 " + name + " 1", "posix-1 " + name + " -1 1",
          "posix-1 " + name + " 1 1 1", "posix-1 " + name + " 1 99999999999999999999", text + "x",
          "posix-1  " + name + " 1 1", "posix-1 " + name + " 01 1"}) {
        EXPECT_FALSE(parse_checkpoint(bad)) << bad;
    }
}

}  // namespace
}  // namespace godwit::posix
