// For this module's tests: a tree that removes itself, an Os whose calls can be made to fail or
// interrupted, and a loop with a pool to run tasks on.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "posix/os.h"
#include "posix/store.h"
#include "runtime/io_loop.h"
#include "runtime/pool.h"

namespace godwit::posix::testing {

// A directory of its own on the file system that holds build and test data.
class TempDirectory {
  public:
    TempDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "godwit-test-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    ~TempDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDirectory(const TempDirectory&) = delete;
    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

    // Makes the parents too. A `name` that ends in '/' is a directory.
    void write(const std::string& name, std::string_view content = "") const;
    std::string read(const std::string& name) const;
    bool has(const std::string& name) const { return std::filesystem::exists(symlink_status(name)); }
    std::filesystem::file_status symlink_status(const std::string& name) const {
        return std::filesystem::symlink_status(*this / name);
    }
    // The names in a directory, staged files included.
    std::set<std::string> names(const std::string& directory = "") const;

  private:
    std::string path_;
};

// Forwards to the kernel; a hook sees each call by its name first, and may answer with an errno.
class FaultyOs : public Os {
  public:
    // 0 lets the call through.
    using Hook = std::function<int(std::string_view call)>;
    void set_hook(Hook hook) {
        std::lock_guard lock(mutex_);
        hook_ = std::move(hook);
    }
    // The `nth` call of this name (from 1), and none else, fails with `error_number`.
    void fail(std::string call, int error_number, int nth = 1) {
        set_hook([=, seen = 0](std::string_view made) mutable {
            return made == call && ++seen == nth ? error_number : 0;
        });
    }
    // Does what the file system under the test can't: clones.
    using Clone = std::function<int(int to, int from)>;
    void set_clone(Clone clone) { clone_ = std::move(clone); }
    std::map<std::string, int> calls() const {
        std::lock_guard lock(mutex_);
        return calls_;
    }

    int openat2(int directory, const char* path, const OpenHow& how) override;
    int close(int fd) override;
    ssize_t pread(int fd, void* out, std::size_t size_bytes, std::uint64_t offset_bytes) override;
    ssize_t pwrite(int fd, const void* data, std::size_t size_bytes, std::uint64_t offset_bytes) override;
    int ftruncate(int fd, std::uint64_t size_bytes) override;
    int fsync(int fd) override;
    int clone(int to, int from) override;
    std::int64_t seek(int fd, std::uint64_t offset_bytes, int whence) override;
    void start_writeback(int fd) override;
    ssize_t getdents64(int fd, void* out, std::size_t size_bytes) override;
    int fstat(int fd, struct stat& out) override;
    int fstatat(int directory, const char* name, struct stat& out) override;
    ssize_t readlinkat(int directory, const char* name, char* out, std::size_t size_bytes) override;
    int mkdirat(int directory, const char* name, mode_t mode) override;
    int symlinkat(const char* target, int directory, const char* name) override;
    int rename(int directory, const char* from, const char* to, unsigned flags) override;
    int link(int fd, int directory, const char* name) override;
    int unlinkat(int directory, const char* name, int flags) override;
    int fchmod(int fd, mode_t mode) override;
    int fchown(int fd, uid_t uid, gid_t gid) override;
    int fchownat(int directory, const char* name, uid_t uid, gid_t gid) override;
    int futimens(int fd, const struct timespec times[2]) override;
    int utimensat(int directory, const char* name, const struct timespec times[2]) override;
    ssize_t listxattr(int fd, char* out, std::size_t size_bytes) override;
    ssize_t getxattr(int fd, const char* name, char* out, std::size_t size_bytes) override;
    int setxattr(int fd, const char* name, const void* value, std::size_t size_bytes) override;
    int removexattr(int fd, const char* name) override;

  private:
    template <class Call>
    auto forward(std::string_view name, Call call) -> decltype(call());

    mutable std::mutex mutex_;
    Hook hook_;                         // guarded by mutex_; called with it held
    std::map<std::string, int> calls_;  // guarded by mutex_
    Clone clone_;                       // set before there are threads
};

// A store on a directory with its loop and pool, and the requests that tests are made of.
class StoreFixture : public ::testing::Test {
  protected:
    StoreFixture() { connect(); }
    ~StoreFixture() override { disconnect(); }

    // A new store on the same directory, as a restarted process would make it.
    void connect(PosixOptions options = {});
    void disconnect();

    template <class T>
    T run(runtime::Task<T> task) {
        return loop_.block_on(std::move(task));
    }

    static store::PutRequest request_for(const std::string& key, std::string_view text);
    // What stands there now is replaced.
    Result<store::Receipt> put(store::PutRequest request, std::string_view text);
    Result<store::Receipt> put(const std::string& key, std::string_view text) {
        return put(request_for(key, text), text);
    }
    std::optional<store::ObjectInfo> stat(const std::string& key);
    Result<std::unique_ptr<store::Source>> open(const std::string& key, std::uint64_t whole_bytes_max = 0);
    Result<void> remove(const std::string& key);
    // Names of staged files anywhere in the tree.
    std::vector<std::string> leftovers() const;

    TempDirectory tree_;
    FaultyOs os_;
    runtime::IoLoop loop_;
    runtime::Pool pool_{loop_, 4, "posix-test"};
    runtime::Context context_{loop_};
    std::unique_ptr<PosixStore> store_;
    std::vector<std::string> warnings_;
};

std::shared_ptr<const Root> open_root(const std::string& path, Os& os = system_os());
inline constexpr std::string_view kTestToken = "a token for tests only";

}  // namespace godwit::posix::testing
