#include "app/overlap.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "app/command_table.h"

namespace godwit::app {
namespace {

// Without symbolic links as far as the path exists.
std::string canonical(const std::string& path) {
    std::error_code error;
    std::filesystem::path whole = std::filesystem::absolute(path, error);
    std::filesystem::path result = std::filesystem::weakly_canonical(whole, error);
    std::string text = error ? whole.lexically_normal().string() : result.string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

bool is_within(const std::string& path, const std::string& directory) {
    if (path == directory || directory == "/") return true;
    return path.starts_with(directory) && path[directory.size()] == '/';
}

struct FileId {
    dev_t device;
    ino_t inode;
    friend bool operator==(const FileId&, const FileId&) = default;
};

std::optional<FileId> file_id(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return {};
    return FileId{status.st_dev, status.st_ino};
}

// Is `directory` among `path` and the directories above it, by device and inode?
bool passes_through(std::string path, const FileId& directory) {
    for (;;) {
        if (file_id(path) == directory) return true;
        if (path == "/") return false;
        std::size_t slash = path.rfind('/');
        path.resize(slash == 0 ? 1 : slash);
    }
}

std::string read_mountinfo() {
    std::ifstream file("/proc/self/mountinfo", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// \040 and the like, as the kernel writes blanks in mountinfo.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool octal = text[i] == '\\' && i + 3 < text.size();
        for (std::size_t j = 1; octal && j <= 3; ++j) octal = text[i + j] >= '0' && text[i + j] <= '7';
        if (!octal) {
            out += text[i];
            continue;
        }
        out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
        i += 3;
    }
    return out;
}

bool mounted_within(const std::string& inner, const std::string& outer, const std::string& mountinfo) {
    DevicePath a = device_path(mountinfo, inner), b = device_path(mountinfo, outer);
    return !a.path.empty() && !b.path.empty() && a.device == b.device && is_within(a.path, b.path);
}

}  // namespace

DevicePath device_path(const std::string& mountinfo, const std::string& path) {
    DevicePath found;
    std::size_t longest = 0;
    for (std::string_view line : split_words(mountinfo, '\n')) {
        // id, parent, device, root within the file system, mount point, ...
        std::vector<std::string_view> fields = split_words(line, ' ');
        if (fields.size() < 5) continue;
        std::string mount_point = unescaped(fields[4]);
        // A later mount on the same point hides the earlier one.
        if (!is_within(path, mount_point) || mount_point.size() < longest) continue;
        longest = mount_point.size();
        found.device = fields[2];
        found.path = unescaped(fields[3]);
        std::string rest = mount_point == "/" ? path : path.substr(mount_point.size());
        if (found.path == "/" && !rest.empty()) found.path.clear();
        if (rest != "/") found.path += rest;
    }
    return found;
}

Error ends_overlap(const std::string& destination, const std::string& source, const std::string& how) {
    return Error(ErrorKind::Invalid, "copy to", destination, fmt::format("{} the source {}", how, source))
        .with_code("EndsOverlap")
        .with_scope(Scope::Destination);
}

bool prefixes_meet(const Location& a, const Location& b) {
    if (!a.is_s3() || !b.is_s3()) return false;
    return a.s3.prefix.starts_with(b.s3.prefix) || b.s3.prefix.starts_with(a.s3.prefix);
}

Result<void> check_roots_apart(const std::string& source_canonical, const std::string& source,
                               const std::string& destination_canonical, const std::string& destination) {
    if (source_canonical == destination_canonical)
        return ends_overlap(destination, source, "is the same place as");
    if (!source_canonical.starts_with("s3:")) return {};
    auto within = [](const std::string& inner, std::string outer) {
        if (!outer.ends_with('/')) outer += '/';
        return inner.starts_with(outer);
    };
    if (within(destination_canonical, source_canonical))
        return ends_overlap(destination, source, "lies within");
    if (within(source_canonical, destination_canonical)) return ends_overlap(destination, source, "contains");
    return {};
}

std::optional<std::string> key_beneath(const std::string& root, const std::string& directory) {
    std::string above = canonical(root), below = canonical(directory);
    if (below == above || !is_within(below, above)) return {};
    return below.substr(above == "/" ? 1 : above.size() + 1) + "/";
}

bool is_at_or_within(const std::string& directory, const std::string& root) {
    std::string above = canonical(root), below = canonical(directory);
    auto above_id = file_id(above);
    return is_within(below, above) || (above_id && passes_through(below, *above_id)) ||
           mounted_within(below, above, read_mountinfo());
}

Result<void> check_directories_apart(const std::string& source, const std::string& destination) {
    std::string from = canonical(source), to = canonical(destination), mounts = read_mountinfo();
    auto from_id = file_id(from), to_id = file_id(to);
    bool same = from == to || (from_id && from_id == to_id);
    if (same) return ends_overlap(destination, source, "is the same directory as");
    bool inside =
        is_within(to, from) || (from_id && passes_through(to, *from_id)) || mounted_within(to, from, mounts);
    if (inside) return ends_overlap(destination, source, "lies within");
    bool around =
        is_within(from, to) || (to_id && passes_through(from, *to_id)) || mounted_within(from, to, mounts);
    if (around) return ends_overlap(destination, source, "contains");
    return {};
}

Result<void> check_files_apart(const std::string& source, const std::string& destination) {
    auto from = file_id(source), to = file_id(destination);
    if (from && from == to) return ends_overlap(destination, source, "is the same file as");
    return {};
}

}  // namespace godwit::app
