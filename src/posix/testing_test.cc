#include "posix/testing.h"

#include <fstream>

#include "base/encoding.h"

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
void FaultyOs::start_writeback(int fd) {
    forward("start_writeback", [&] { return system_os().start_writeback(fd), 0; });
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
int FaultyOs::link(int fd, int directory, const char* name) {
    return forward("link", [&] { return system_os().link(fd, directory, name); });
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

int FaultyOs::clone(int to, int from) {
    return forward("clone", [&] { return clone_ ? clone_(to, from) : system_os().clone(to, from); });
}
std::int64_t FaultyOs::seek(int fd, std::uint64_t offset_bytes, int whence) {
    return forward("seek", [&] { return system_os().seek(fd, offset_bytes, whence); });
}

ssize_t FaultyOs::listxattr(int fd, char* out, std::size_t size_bytes) {
    return forward("listxattr", [&] { return system_os().listxattr(fd, out, size_bytes); });
}

ssize_t FaultyOs::getxattr(int fd, const char* name, char* out, std::size_t size_bytes) {
    return forward("getxattr", [&] { return system_os().getxattr(fd, name, out, size_bytes); });
}

int FaultyOs::setxattr(int fd, const char* name, const void* value, std::size_t size_bytes) {
    return forward("setxattr", [&] { return system_os().setxattr(fd, name, value, size_bytes); });
}

int FaultyOs::removexattr(int fd, const char* name) {
    return forward("removexattr", [&] { return system_os().removexattr(fd, name); });
}

void StoreFixture::connect(PosixOptions options) {
    if (options.root.empty()) options.root = tree_.path();
    options.staging_token = kTestToken;
    options.on_warning = [this](const Error& warning) { warnings_.push_back(warning.message()); };
    store_ = std::make_unique<PosixStore>(loop_, pool_, std::move(options), os_);
    auto attached = run(store_->attach(context_, store::Role::Destination));
    EXPECT_TRUE(attached) << attached.error().message();
}

void StoreFixture::disconnect() {
    os_.set_hook(nullptr);
    auto closing = [](store::Store& store) -> runtime::Task<bool> {
        co_await store.close();
        co_return true;
    };
    if (store_) run(closing(*store_));
    store_.reset();
}

store::PutRequest StoreFixture::request_for(const std::string& key, std::string_view text) {
    store::PutRequest request;
    request.key = model::Key(key);
    request.size_bytes = text.size();
    if (key.ends_with('/')) request.type = model::ObjectType::Directory;
    return request;
}

Result<store::Receipt> StoreFixture::put(store::PutRequest request, std::string_view text) {
    auto here = run(store_->stat(context_, request.key, false));
    if (here && *here) request.replaces = (*here)->entry.identity;
    Digest digest = digest_of(request.digest, bytes_of(text));
    return run(store_->put(context_, request, bytes_of(text), digest));
}

std::optional<store::ObjectInfo> StoreFixture::stat(const std::string& key) {
    model::Key name(key);
    auto info = run(store_->stat(context_, name, false));
    EXPECT_TRUE(info) << info.error().message();
    if (!info) return std::nullopt;
    return std::move(*info);
}

Result<std::unique_ptr<store::Source>> StoreFixture::open(const std::string& key,
                                                          std::uint64_t whole_bytes_max) {
    auto info = stat(key);
    if (!info) return Error(ErrorKind::NotFound, "open", key, "absent");
    store::OpenRequest request;
    request.key = info->entry.key;
    request.expected = info->entry.identity;
    request.type = info->entry.type;
    request.whole_bytes_max = whole_bytes_max;
    return run(store_->open(context_, request));
}

Result<void> StoreFixture::remove(const std::string& key) {
    auto info = stat(key);
    model::Key name(key);
    return run(store_->remove(context_, name, info ? info->entry.identity : model::Identity{}));
}

std::vector<std::string> StoreFixture::leftovers() const {
    std::vector<std::string> left;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(tree_.path())) {
        std::string name = entry.path().filename().string();
        if (StagingNames::has_the_form(name)) left.push_back(entry.path().string());
    }
    return left;
}

std::shared_ptr<const Root> open_root(const std::string& path, Os& os) {
    auto root = Root::open(os, {.path = path});
    EXPECT_TRUE(root) << root.error().message();
    return std::make_shared<const Root>(std::move(*root));
}

}  // namespace godwit::posix::testing
