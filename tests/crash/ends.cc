#include "crash/ends.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "posix/staging.h"
#include "s3/store.h"

namespace godwit::crash {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMeta = "x-amz-meta-file-";
constexpr std::string_view kFileId = "x-amz-meta-godwit-hardlink";

bool is_directory(const Seen& seen) {
    return S_ISDIR(seen.mode);
}

struct timespec time_of(std::int64_t unix_ns) {
    return {.tv_sec = unix_ns / 1'000'000'000, .tv_nsec = unix_ns % 1'000'000'000};
}

std::string content_of(const fs::path& path, mode_t mode) {
    if (S_ISLNK(mode)) return fs::read_symlink(path).string();
    if (S_ISDIR(mode)) return {};
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

Seen look_at(const fs::path& path) {
    struct stat status{};
    GODWIT_CHECK(::lstat(path.c_str(), &status) == 0, "{}", path.string());
    std::int64_t mtime_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
    return {status.st_mode, mtime_ns, content_of(path, status.st_mode)};
}

void make_object(const fs::path& root, const std::string& key, const Seen& seen) {
    fs::path path = (root / key).lexically_normal();
    if (!seen.first_name.empty() && seen.first_name != key) {
        fs::create_hard_link(root / seen.first_name, path);
    } else if (is_directory(seen)) {
        fs::create_directory(path);
    } else if (S_ISLNK(seen.mode)) {
        fs::create_symlink(seen.bytes, path);
    } else {
        std::ofstream(path, std::ios::binary) << seen.bytes;
    }
}

void dress(const fs::path& path, const Seen& seen) {
    if (!S_ISLNK(seen.mode)) GODWIT_CHECK(::chmod(path.c_str(), seen.mode & 07777) == 0);
    struct timespec times[2] = {time_of(seen.mtime_ns), time_of(seen.mtime_ns)};
    GODWIT_CHECK(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

s3double::Attributes attributes_of(const Seen& seen) {
    auto header = [](std::string_view name, std::string value) {
        return std::pair(fmt::format("{}{}", kMeta, name), std::move(value));
    };
    s3double::Attributes attributes;
    attributes.headers = {header("owner", "0"), header("group", "0"),
                          header("permissions", fmt::format("0{:o}", seen.mode)),
                          header("mtime", fmt::format("{}ns", seen.mtime_ns)),
                          header("atime", fmt::format("{}ns", seen.mtime_ns))};
    if (!seen.first_name.empty()) {
        std::uint64_t file = std::hash<std::string>()(seen.first_name);
        attributes.headers.emplace_back(kFileId, fmt::format("1.1.{:x}", file));
    }
    return attributes;
}

Seen look_at(const s3double::ObjectVersion& object) {
    Seen seen;
    if (object.body) seen.bytes = object.body->text();
    for (const auto& [name, value] : object.attributes.headers) {
        if (name == fmt::format("{}permissions", kMeta))
            seen.mode = static_cast<std::uint32_t>(std::stoul(value, nullptr, 8));
        if (name == fmt::format("{}mtime", kMeta)) seen.mtime_ns = std::stoll(value);
    }
    return seen;
}

bool changes_something(s3double::Operation operation) {
    using enum s3double::Operation;
    switch (operation) {
        case PutObject:
        case CopyObject:
        case DeleteObject:
        case DeleteObjects:
        case PutObjectTagging:
        case DeleteObjectTagging:
        case CreateMultipartUpload:
        case UploadPart:
        case UploadPartCopy:
        case CompleteMultipartUpload:
        case AbortMultipartUpload:
            return true;
        default:
            return false;
    }
}

}  // namespace

std::unique_ptr<store::Store> Directory::connect(Life& life) {
    posix::PosixOptions options;
    options.root = tree_.path();
    options.staging_token = kToken;
    options.put_bytes_max = kPartBytes;
    options.part_bytes = kPartBytes;
    options.file_id_place = "s3://one";
    return std::make_unique<posix::PosixStore>(life.loop, life.pool, std::move(options), os_);
}

// Parents stand before what is in them, and are dressed after it.
void Directory::fill(const View& objects) {
    for (const auto& entry : fs::directory_iterator(tree_.path())) fs::remove_all(entry.path());
    for (const auto& [key, seen] : objects) make_object(tree_.path(), key, seen);
    for (auto at = objects.rbegin(); at != objects.rend(); ++at) dress(tree_ / at->first, at->second);
}

View Directory::view() const {
    View view;
    for (const auto& entry : fs::recursive_directory_iterator(tree_.path())) {
        std::string key = fs::relative(entry.path(), tree_.path()).string();
        Seen seen = look_at(entry.path());
        view[is_directory(seen) ? key + "/" : key] = std::move(seen);
    }
    std::map<std::uint64_t, std::string> first_names;
    for (auto& [key, seen] : view) {
        struct stat status{};
        GODWIT_CHECK(::lstat((tree_ / key).c_str(), &status) == 0, "{}", key);
        if (S_ISREG(status.st_mode) && status.st_nlink > 1)
            seen.first_name = first_names.try_emplace(status.st_ino, key).first->second;
    }
    return view;
}

bool Directory::is_staging(const std::string& key) const {
    return posix::StagingNames(kToken).is_ours(fs::path(key).filename().string());
}

std::unique_ptr<s3double::Server> start_server(KillSwitch& kill) {
    s3double::Options options;
    options.part_bytes_min = kPartBytes;
    options.admits = [&kill](s3double::Operation operation) {
        return changes_something(operation) ? kill.happens(to_string(operation)) : !kill.killed();
    };
    auto server = s3double::Server::start(options);
    GODWIT_CHECK(server, "{}", server.error().message());
    for (const char* bucket : {"one", "two"}) (*server)->make_bucket(bucket);
    return std::move(*server);
}

std::unique_ptr<store::Store> Bucket::connect(Life& life) {
    s3::S3Options options;
    options.bucket = name_;
    options.endpoint.url = server_->endpoint();
    options.endpoint.region = "us-east-1";
    options.credentials = s3::Credentials{"AKIATEST", "secrettest", "", std::nullopt};
    options.put_bytes_max = kPartBytes;
    options.part_step_bytes = kPartBytes;
    options.copy_bytes_max = kPartBytes;
    options.copy_part_step_bytes = kPartBytes;
    options.probe_token = kToken;
    options.retry.attempts_max = 1;
    auto http = net::HttpClient::make(life.loop, options.http);
    GODWIT_CHECK(http, "{}", http.error().message());
    life.clients.push_back(std::move(*http));
    auto store = s3::S3Store::make(life.loop, *life.clients.back(), std::move(options));
    GODWIT_CHECK(store, "{}", store.error().message());
    return std::move(*store);
}

void Bucket::fill(const View& objects) {
    for (const std::string& key : server_->keys(name_)) server_->remove_object(name_, key);
    for (const auto& [key, seen] : objects) {
        server_->put_object(name_, key, seen.bytes, attributes_of(seen));
    }
}

View Bucket::view() const {
    View view;
    std::map<std::string, std::string> first_names;
    for (const std::string& key : server_->keys(name_)) {
        s3double::ObjectVersion object = *server_->object(name_, key);
        view[key] = look_at(object);
        for (const auto& [name, value] : object.attributes.headers) {
            if (name == kFileId) view[key].first_name = first_names.try_emplace(value, key).first->second;
        }
    }
    return view;
}

// What a probe writes has a name of this program's.
bool Bucket::is_staging(const std::string& key) const {
    return key.contains(".godwit-");
}

}  // namespace godwit::crash
