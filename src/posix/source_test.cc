#include "posix/source.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "base/encoding.h"
#include "posix/testing.h"

namespace godwit::posix {
namespace {

using model::EvidenceLevel;
using model::Key;
using model::ObjectType;
using testing::StoreFixture;

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 2654435761u >> 24);
    return text;
}

class PosixSource : public StoreFixture {
  protected:
    store::OpenRequest request_for_open(const std::string& key) {
        store::OpenRequest request;
        auto info = stat(key);
        request.key = Key(key);
        if (info) request.expected = info->entry.identity;
        if (info) request.type = info->entry.type;
        return request;
    }
    Result<Digest> read(store::Source& source, std::uint64_t offset, std::string& out) {
        return run(source.read(context_, offset, std::as_writable_bytes(std::span(out))));
    }
    // Runs `change` before the nth call of this name.
    void change_before(const std::string& call, int nth, std::function<void()> change) {
        os_.set_hook([=, seen = 0](std::string_view made) mutable {
            if (made == call && ++seen == nth) change();
            return 0;
        });
    }
};

TEST_F(PosixSource, reads_a_small_file_whole_in_four_calls) {
    tree_.write("file", "content");
    store::OpenRequest request = request_for_open("file");
    request.whole_bytes_max = 100;
    auto before = os_.calls();
    auto source = run(store_->open(context_, request));
    ASSERT_TRUE(source) << source.error().message();
    auto after = os_.calls();
    EXPECT_EQ(after["openat2"] - before["openat2"], 1);
    EXPECT_EQ(after["fstat"] - before["fstat"], 1);
    EXPECT_EQ(after["pread"] - before["pread"], 1);
    auto whole = (*source)->take_whole();
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->digest, digest_of(DigestAlgorithm::Crc64Nvme, bytes_of("content")));
    EXPECT_EQ((*source)->info().metadata.posix->mode & 0170000, 0100000u);
}

TEST_F(PosixSource, A2_a_file_that_shrinks_while_it_is_read_has_changed) {
    tree_.write("file", pattern(10'000));
    for (const char* call : {"pread", "fstat"}) {
        tree_.write("file", pattern(10'000));
        store::OpenRequest request = request_for_open("file");
        request.whole_bytes_max = 100'000;
        change_before(call, 1, [&] { EXPECT_EQ(::truncate((tree_ / "file").c_str(), 5000), 0); });
        auto source = run(store_->open(context_, request));
        ASSERT_FALSE(source) << call;
        EXPECT_EQ(source.error().kind(), ErrorKind::Changed) << source.error().message();
    }
}

TEST_F(PosixSource, A1_a_file_that_grows_while_it_is_read_has_changed) {
    tree_.write("file", pattern(10'000));
    store::OpenRequest request = request_for_open("file");
    request.whole_bytes_max = 100'000;
    change_before("pread", 1, [&] { std::ofstream(tree_ / "file", std::ios::app) << "more"; });
    auto source = run(store_->open(context_, request));
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().kind(), ErrorKind::Changed);
}

TEST_F(PosixSource, A3_a_same_size_overwrite_with_its_mtime_put_back_is_seen) {
    tree_.write("file", pattern(10'000));
    auto overwrite = [&] {
        struct stat before{};
        ASSERT_EQ(::stat((tree_ / "file").c_str(), &before), 0);
        // The coarse clock behind ctime must have moved on, as it has between real writes.
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        int fd = ::open((tree_ / "file").c_str(), O_WRONLY);
        ASSERT_EQ(::pwrite(fd, "other", 5, 100), 5);
        struct timespec times[2] = {before.st_atim, before.st_mtim};
        ASSERT_EQ(::futimens(fd, times), 0);
        ::close(fd);
    };
    store::OpenRequest request = request_for_open("file");
    auto source = run(store_->open(context_, request));
    ASSERT_TRUE(source);
    std::string first(5000, '\0');
    ASSERT_TRUE(read(**source, 0, first));
    ASSERT_TRUE(run((*source)->verify_unchanged(context_)));
    overwrite();
    auto same = run((*source)->verify_unchanged(context_));
    ASSERT_FALSE(same);
    EXPECT_EQ(same.error().kind(), ErrorKind::Changed);
    EXPECT_FALSE(run(store_->open(context_, request))) << "nor is it the one that was listed";
}

TEST_F(PosixSource, A4_a_file_that_was_renamed_over_is_still_one_generation_but_not_unchanged) {
    tree_.write("file", pattern(10'000));
    auto source = run(store_->open(context_, request_for_open("file")));
    ASSERT_TRUE(source);
    tree_.write("new", std::string(10'000, 'n'));
    std::filesystem::rename(tree_ / "new", tree_ / "file");
    std::string out(10'000, '\0');
    ASSERT_TRUE(read(**source, 0, out));
    EXPECT_EQ(out, pattern(10'000)) << "what was opened is what is read";
    EXPECT_FALSE(run((*source)->verify_unchanged(context_)));
}

TEST_F(PosixSource, A5_a_vanished_file_is_not_found) {
    tree_.write("file", "x");
    store::OpenRequest request = request_for_open("file");
    std::filesystem::remove(tree_ / "file");
    EXPECT_EQ(run(store_->open(context_, request)).error().kind(), ErrorKind::NotFound);
}

TEST_F(PosixSource, A6_a_file_that_has_become_something_else_is_neither_followed_nor_waited_for) {
    tree_.write("file", "x");
    store::OpenRequest request = request_for_open("file");
    auto becomes = [&](const std::function<void(const char*)>& make) {
        std::filesystem::remove_all(tree_ / "file");
        make((tree_ / "file").c_str());
        auto source = run(store_->open(context_, request));
        ASSERT_FALSE(source);
        EXPECT_EQ(source.error().kind(), ErrorKind::Changed) << source.error().message();
    };
    becomes([](const char* path) { ASSERT_EQ(::mkfifo(path, 0600), 0); });
    becomes([](const char* path) { ASSERT_EQ(::symlink("/etc/passwd", path), 0); });
    becomes([](const char* path) { ASSERT_EQ(::mkdir(path, 0700), 0); });
}

TEST_F(PosixSource, G72_special_files_are_never_opened) {
    ASSERT_EQ(::mkfifo((tree_ / "fifo").c_str(), 0600), 0);
    int before = os_.calls()["openat2"];
    store::OpenRequest request;
    request.key = Key("fifo");
    request.type = ObjectType::Special;
    auto source = run(store_->open(context_, request));
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().kind(), ErrorKind::Unsupported);
    EXPECT_EQ(os_.calls()["openat2"], before);
}

TEST_F(PosixSource, does_not_move_the_access_time) {
    tree_.write("file", "x");
    struct timespec old[2] = {{.tv_sec = 1000, .tv_nsec = 0}, {.tv_sec = 2000, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (tree_ / "file").c_str(), old, 0), 0);
    ASSERT_TRUE(open("file", 100));
    EXPECT_EQ(stat("file")->metadata.posix->atime_ns, 1000ll * 1'000'000'000);
}

TEST_F(PosixSource, reads_a_link_as_its_target_even_when_that_leads_nowhere) {
    std::string target = "../../no/such\nplace";
    ASSERT_EQ(::symlink(target.c_str(), (tree_ / "link").c_str()), 0);
    auto source = open("link");
    ASSERT_TRUE(source) << source.error().message();
    EXPECT_FALSE((*source)->take_whole());
    std::string out(target.size(), '\0');
    ASSERT_TRUE(read(**source, 0, out));
    EXPECT_EQ(out, target);
    EXPECT_TRUE(run((*source)->verify_unchanged(context_)));
    std::filesystem::remove(tree_ / "link");
    ASSERT_EQ(::symlink("elsewhere", (tree_ / "link").c_str()), 0);
    EXPECT_FALSE(run((*source)->verify_unchanged(context_)));
}

TEST_F(PosixSource, gives_a_directory_as_an_object_without_bytes) {
    tree_.write("dir/child");
    auto source = open("dir/", 100);
    ASSERT_TRUE(source) << source.error().message();
    EXPECT_EQ((*source)->take_whole()->bytes.size(), 0u);
    tree_.write("dir/another");
    EXPECT_TRUE(run((*source)->verify_unchanged(context_))) << "children are their own objects";
}

// The level that is claimed must be the one that the file system gives.
TEST_F(PosixSource, reads_from_the_medium_at_any_offset_and_says_whether_it_did) {
    std::string text = pattern(3'000'001);
    ASSERT_TRUE(put("file", text));
    store::OpenRequest request = request_for_open("file");
    request.from_medium = true;
    auto source = run(store_->open(context_, request));
    ASSERT_TRUE(source) << source.error().message();
    EXPECT_EQ((*source)->read_level(), store_->capabilities().commit_evidence);
    for (auto [offset, size] : {std::pair<std::size_t, std::size_t>{0, 3'000'001},
                                {1, 1},
                                {4095, 2},
                                {4096, 4096},
                                {1'000'000, 1'500'000},
                                {3'000'000, 1},
                                {2'999'000, 1001}}) {
        std::string out(size, '\0');
        auto digest = read(**source, offset, out);
        ASSERT_TRUE(digest) << digest.error().message();
        EXPECT_TRUE(out == text.substr(offset, size)) << offset << " " << size;
        EXPECT_EQ(*digest, digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(out)));
    }
    std::string beyond(2, '\0');
    EXPECT_EQ(read(**source, 3'000'000, beyond).error().kind(), ErrorKind::Changed);
    EXPECT_TRUE(run((*source)->verify_unchanged(context_)));
    auto cached = open("file");
    EXPECT_EQ((*cached)->read_level(), EvidenceLevel::ReadBackCached);
}

TEST_F(PosixSource, C26_short_reads_are_carried_on) {
    std::string text = pattern(1'000'000);
    tree_.write("file", text);
    struct ShortReads : testing::FaultyOs {
        ssize_t pread(int fd, void* out, std::size_t size, std::uint64_t offset) override {
            return FaultyOs::pread(fd, out, size > 1000 ? 777 : size, offset);
        }
    } os;
    PosixOptions options{.root = tree_.path(), .staging_token = std::string(testing::kTestToken)};
    PosixStore store(loop_, pool_, options, os);
    ASSERT_TRUE(run(store.attach(context_, store::Role::Source)));
    store::OpenRequest request = request_for_open("file");
    request.whole_bytes_max = 1 << 20;
    auto source = run(store.open(context_, request));
    ASSERT_TRUE(source) << source.error().message();
    EXPECT_EQ((*source)->take_whole()->digest, digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(text)));
}

// Writes to a file through a mapping. The kernel moves the mtime when a clean page is written to for the
// first time, and not again until the page has been written back.
class MappedWriter {
  public:
    explicit MappedWriter(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
        void* mapped = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
        EXPECT_NE(mapped, MAP_FAILED);
        bytes_ = static_cast<volatile char*>(mapped);
    }
    ~MappedWriter() {
        ::munmap(const_cast<char*>(bytes_), kBytes);
        ::close(fd_);
    }
    void write(char byte) { bytes_[100] = byte; }
    // A file system in memory writes nothing back: there the mtime moves once for all writes.
    bool has_a_medium() const {
        struct statfs system{};
        return ::fstatfs(fd_, &system) == 0 && system.f_type != TMPFS_MAGIC;
    }
    static constexpr std::size_t kBytes = 10'000;

  private:
    int fd_;
    volatile char* bytes_;
};

TEST_F(PosixSource, A7_a_write_through_a_mapping_is_a_change) {
    for (std::uint64_t whole_bytes_max : {std::uint64_t{0}, std::uint64_t{100'000}}) {
        tree_.write("file", pattern(MappedWriter::kBytes));
        MappedWriter writer(tree_ / "file");
        if (!writer.has_a_medium()) GTEST_SKIP() << "NOT TESTED: the temporary directory is in memory";
        writer.write('1');
        store::OpenRequest request = request_for_open("file");
        request.whole_bytes_max = whole_bytes_max;
        change_before("pread", 1, [&] { writer.write('2'); });
        auto source = run(store_->open(context_, request));
        std::string out(MappedWriter::kBytes, '\0');
        Result<void> unchanged = source ? Result<void>() : std::move(source.error());
        if (source) ASSERT_TRUE(read(**source, 0, out));
        if (source) unchanged = run((*source)->verify_unchanged(context_));
        ASSERT_FALSE(unchanged) << whole_bytes_max;
        EXPECT_EQ(unchanged.error().kind(), ErrorKind::Changed) << unchanged.error().message();
    }
}

TEST_F(PosixSource, A7_a_write_through_a_mapping_after_the_read_is_seen_by_the_next_listing) {
    tree_.write("file", pattern(MappedWriter::kBytes));
    MappedWriter writer(tree_ / "file");
    if (!writer.has_a_medium()) GTEST_SKIP() << "NOT TESTED: the temporary directory is in memory";
    writer.write('1');
    store::OpenRequest request = request_for_open("file");
    request.whole_bytes_max = 100'000;
    ASSERT_TRUE(run(store_->open(context_, request)));
    writer.write('2');
    EXPECT_NE(stat("file")->entry.identity, request.expected);
}

}  // namespace
}  // namespace godwit::posix
