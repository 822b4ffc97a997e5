#include "posix/testing.h"

#include <fstream>

namespace godwit::posix::testing {

void TempDirectory::write(const std::string& name, std::string_view content) const {
    std::filesystem::path path = *this / name;
    std::filesystem::create_directories(name.ends_with('/') ? path : path.parent_path());
    if (name.ends_with('/')) return;
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << content;
    EXPECT_TRUE(out.flush()) << path;
}

std::string TempDirectory::read(const std::string& name) const {
    std::ifstream in(*this / name, std::ios::binary);
    EXPECT_TRUE(in) << name;
    return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> TempDirectory::names(const std::string& directory) const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(*this / directory)) {
        names.insert(entry.path().filename().string());
    }
    return names;
}

template <class Call>
auto FaultyOs::forward(std::string_view name, Call call) -> decltype(call()) {
    int error_number = 0;
    {
        std::lock_guard lock(mutex_);
        ++calls_[std::string(name)];
        if (hook_) error_number = hook_(name);
    }
    if (error_number != 0) return -error_number;
    return call();
}

int FaultyOs::openat2(int directory, const char* path, const OpenHow& how) {
    return forward("openat2", [&] { return system_os().openat2(directory, path, how); });
}
// The descriptor is gone whatever close answers.
int FaultyOs::close(int fd) {
    int closed = system_os().close(fd);
    return forward("close", [&] { return closed; });
}
ssize_t FaultyOs::pread(int fd, void* out, std::size_t size_bytes, std::uint64_t offset_bytes) {
    return forward("pread", [&] { return system_os().pread(fd, out, size_bytes, offset_bytes); });
}
ssize_t FaultyOs::pwrite(int fd, const void* data, std::size_t size_bytes, std::uint64_t offset_bytes) {
    return forward("pwrite", [&] { return system_os().pwrite(fd, data, size_bytes, offset_bytes); });
}
int FaultyOs::ftruncate(int fd, std::uint64_t size_bytes) {
    return forward("ftruncate", [&] { return system_os().ftruncate(fd, size_bytes); });
}
int FaultyOs::fsync(int fd) {
    return forward("fsync", [&] { return system_os().fsync(fd); });
}
ssize_t FaultyOs::getdents64(int fd, void* out, std::size_t size_bytes) {
    return forward("getdents64", [&] { return system_os().getdents64(fd, out, size_bytes); });
}
int FaultyOs::fstat(int fd, struct stat& out) {
    return forward("fstat", [&] { return system_os().fstat(fd, out); });
}
int FaultyOs::fstatat(int directory, const char* name, struct stat& out) {
    return forward("fstatat", [&] { return system_os().fstatat(directory, name, out); });
}
ssize_t FaultyOs::readlinkat(int directory, const char* name, char* out, std::size_t size_bytes) {
    return forward("readlinkat", [&] { return system_os().readlinkat(directory, name, out, size_bytes); });
}
int FaultyOs::mkdirat(int directory, const char* name, mode_t mode) {
    return forward("mkdirat", [&] { return system_os().mkdirat(directory, name, mode); });
}
int FaultyOs::symlinkat(const char* target, int directory, const char* name) {
    return forward("symlinkat", [&] { return system_os().symlinkat(target, directory, name); });
}
int FaultyOs::rename(int directory, const char* from, const char* to, unsigned flags) {
    return forward("rename", [&] { return system_os().rename(directory, from, to, flags); });
}
int FaultyOs::unlinkat(int directory, const char* name, int flags) {
    return forward("unlinkat", [&] { return system_os().unlinkat(directory, name, flags); });
}
int FaultyOs::fchmod(int fd, mode_t mode) {
    return forward("fchmod", [&] { return system_os().fchmod(fd, mode); });
}
int FaultyOs::fchown(int fd, uid_t uid, gid_t gid) {
    return forward("fchown", [&] { return system_os().fchown(fd, uid, gid); });
}
int FaultyOs::fchownat(int directory, const char* name, uid_t uid, gid_t gid) {
    return forward("fchownat", [&] { return system_os().fchownat(directory, name, uid, gid); });
}
int FaultyOs::futimens(int fd, const struct timespec times[2]) {
    return forward("futimens", [&] { return system_os().futimens(fd, times); });
}
int FaultyOs::utimensat(int directory, const char* name, const struct timespec times[2]) {
    return forward("utimensat", [&] { return system_os().utimensat(directory, name, times); });
}

std::shared_ptr<const Root> open_root(const std::string& path, Os& os) {
    auto root = Root::open(os, {.path = path});
    EXPECT_TRUE(root) << root.error().message();
    return std::make_shared<const Root>(std::move(*root));
}

}  // namespace godwit::posix::testing
