// odd_mount [--fold|--decompose] BACKING FAULTS fuse-argument...: shows the directory BACKING as a file
// system with faults, for tests.
//
// --fold takes names that differ in the case of ASCII letters for one, and keeps them in lower case;
// --decompose those that differ in how letters are composed, and keeps them decomposed (Unicode's NFD). While
// a file of that name stands in the directory FAULTS,
//   flush      closing a written file fails with ENOSPC, as it does on a network file system that is full,
//   fsyncdir   directories cannot be synced (EINVAL).
#define FUSE_USE_VERSION 35

#include <dirent.h>
#include <fcntl.h>
#include <fuse.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utf8proc.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::string backing, faults;
bool fold = false, decompose = false;

std::string decomposed(const char* name) {
    auto* bytes = utf8proc_NFD(reinterpret_cast<const utf8proc_uint8_t*>(name));
    std::string result = bytes ? reinterpret_cast<const char*>(bytes) : name;
    std::free(bytes);
    return result;
}

std::string real(const char* path) {
    std::string name = decompose ? decomposed(path) : path;
    for (char& c : name) {
        if (fold && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return backing + name;
}

bool is_faulty(const char* what) {
    return ::access((faults + "/" + what).c_str(), F_OK) == 0;
}

int answer(long result) {
    return result < 0 ? -errno : static_cast<int>(result);
}

// The descriptor below, and beside it whether it may be written to: flush does not tell.
int handle(const fuse_file_info* file) {
    return static_cast<int>(file->fh / 2);
}

int on_open(const char* path, fuse_file_info* file, int flags, mode_t mode) {
    int fd = ::open(real(path).c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) return -errno;
    file->fh = static_cast<std::uint64_t>(fd) * 2 + ((flags & O_ACCMODE) != O_RDONLY ? 1 : 0);
    return 0;
}

int on_getattr(const char* path, struct stat* out, fuse_file_info* file) {
    return answer(file ? ::fstat(handle(file), out) : ::lstat(real(path).c_str(), out));
}

int on_readdir(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*,
               fuse_readdir_flags) {
    DIR* directory = ::opendir(real(path).c_str());
    if (!directory) return -errno;
    while (const dirent* entry = ::readdir(directory)) {
        struct stat status{};
        status.st_ino = entry->d_ino;
        status.st_mode = static_cast<mode_t>(entry->d_type) << 12;
        fill(buffer, entry->d_name, &status, 0, {});
    }
    ::closedir(directory);
    return 0;
}

int on_flush(const char*, fuse_file_info* file) {
    return file->fh % 2 == 1 && is_faulty("flush") ? -ENOSPC : 0;
}

int on_truncate(const char* path, off_t size, fuse_file_info* file) {
    return answer(file ? ::ftruncate(handle(file), size) : ::truncate(real(path).c_str(), size));
}

int on_rename(const char* from, const char* to, unsigned flags) {
    return answer(::renameat2(AT_FDCWD, real(from).c_str(), AT_FDCWD, real(to).c_str(), flags));
}

fuse_operations operations() {
    fuse_operations all{};
    all.init = [](fuse_conn_info*, fuse_config* config) -> void* {
        config->use_ino = 1;
        // What changes below is seen at once.
        config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
        return nullptr;
    };
    all.getattr = on_getattr;
    all.readdir = on_readdir;
    all.open = [](const char* path, fuse_file_info* file) { return on_open(path, file, file->flags, 0); };
    all.create = [](const char* path, mode_t mode, fuse_file_info* file) {
        return on_open(path, file, file->flags, mode);
    };
    all.release = [](const char*, fuse_file_info* file) { return answer(::close(handle(file))); };
    all.flush = on_flush;
    all.read = [](const char*, char* out, std::size_t size, off_t offset, fuse_file_info* file) {
        return answer(::pread(handle(file), out, size, offset));
    };
    all.write = [](const char*, const char* data, std::size_t size, off_t offset, fuse_file_info* file) {
        return answer(::pwrite(handle(file), data, size, offset));
    };
    all.fsync = [](const char*, int, fuse_file_info* file) { return answer(::fsync(handle(file))); };
    all.fsyncdir = [](const char*, int, fuse_file_info*) { return is_faulty("fsyncdir") ? -EINVAL : 0; };
    all.truncate = on_truncate;
    all.rename = on_rename;
    all.mkdir = [](const char* path, mode_t mode) { return answer(::mkdir(real(path).c_str(), mode)); };
    all.unlink = [](const char* path) { return answer(::unlink(real(path).c_str())); };
    all.rmdir = [](const char* path) { return answer(::rmdir(real(path).c_str())); };
    all.symlink = [](const char* target, const char* path) {
        return answer(::symlink(target, real(path).c_str()));
    };
    all.readlink = [](const char* path, char* out, std::size_t size) {
        ssize_t got = ::readlink(real(path).c_str(), out, size - 1);
        if (got >= 0) out[got] = '\0';
        return got < 0 ? -errno : 0;
    };
    all.chmod = [](const char* path, mode_t mode, fuse_file_info*) {
        return answer(::chmod(real(path).c_str(), mode));
    };
    all.chown = [](const char* path, uid_t user, gid_t group, fuse_file_info*) {
        return answer(::lchown(real(path).c_str(), user, group));
    };
    all.utimens = [](const char* path, const timespec times[2], fuse_file_info*) {
        return answer(::utimensat(AT_FDCWD, real(path).c_str(), times, AT_SYMLINK_NOFOLLOW));
    };
    all.statfs = [](const char* path, struct statvfs* out) {
        return answer(::statvfs(real(path).c_str(), out));
    };
    return all;
}

}  // namespace

int main(int count, char** values) {
    std::vector<char*> arguments(values, values + count);
    if (arguments.size() > 1) {
        std::string option = arguments[1];
        fold = option == "--fold";
        decompose = option == "--decompose";
        if (fold || decompose) arguments.erase(arguments.begin() + 1);
    }
    if (arguments.size() < 4) {
        std::fputs("usage: odd_mount [--fold|--decompose] BACKING FAULTS fuse-argument...\n", stderr);
        return 2;
    }
    backing = arguments[1];
    faults = arguments[2];
    arguments.erase(arguments.begin() + 1, arguments.begin() + 3);
    fuse_operations all = operations();
    return fuse_main(static_cast<int>(arguments.size()), arguments.data(), &all, nullptr);
}
