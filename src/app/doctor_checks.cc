#include "app/doctor_checks.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/command_table.h"
#include "app/quantity.h"
#include "base/crc64.h"
#include "base/md5_lanes.h"
#include "db/file_system.h"

namespace godwit::app {
namespace {

constexpr std::uint64_t kDescriptorsWanted = 4096;
constexpr std::uint64_t kFreeBytesWanted = 1ull << 30;

Finding open_files() {
    Finding finding{"machine", "open files", Verdict::Good, ""};
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {"machine", "open files", Verdict::Note, "unknown"};
    finding.detail = fmt::format("{} may be open at once", with_thousands(limit.rlim_cur));
    if (limit.rlim_cur < kDescriptorsWanted) {
        finding.verdict = Verdict::Warning;
        finding.detail +=
            fmt::format("; {} connections and files are usual: raise the hard limit (ulimit -Hn)",
                        with_thousands(kDescriptorsWanted));
    }
    return finding;
}

Finding kernel() {
    utsname name{};
    ::uname(&name);
    std::string_view release = name.release;
    int major = 0, minor = 0;
    auto [rest, error] = std::from_chars(release.data(), release.data() + release.size(), major);
    if (error == std::errc() && rest != release.data() + release.size()) {
        std::from_chars(rest + 1, release.data() + release.size(), minor);
    }
    bool has_openat2 = major > 5 || (major == 5 && minor >= 6);
    if (has_openat2) return {"machine", "kernel", Verdict::Good, fmt::format("Linux {}", release)};
    return {"machine", "kernel", Verdict::Bad,
            fmt::format("Linux {} lacks openat2 (5.6), without which nothing is kept inside a location",
                        release)};
}

Finding digests() {
    Crc64Variant variant = fastest_crc64_variant();
    Verdict verdict = variant == Crc64Variant::Table ? Verdict::Note : Verdict::Good;
    return {
        "machine", "digests", verdict,
        fmt::format("CRC-64/NVME by {}, MD5 of up to {} bodies at once", to_string(variant), md5_lanes())};
}

std::string read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

Finding privileges() {
    std::uint64_t held = effective_capabilities(read_text("/proc/self/status"));
    auto holds = [&](int capability) { return (held >> capability & 1) != 0; };
    std::string missing;
    auto want = [&](int capability, std::string_view what) {
        if (!holds(capability)) missing += fmt::format("{}{}", missing.empty() ? "" : "; ", what);
    };
    want(CAP_DAC_READ_SEARCH, "files of others may be unreadable (CAP_DAC_READ_SEARCH)");
    want(CAP_CHOWN, "owners cannot be kept (CAP_CHOWN)");
    want(CAP_FOWNER, "modes and times of others' files cannot be set (CAP_FOWNER)");
    std::string who = fmt::format("uid {}", ::geteuid());
    if (missing.empty())
        return {"machine", "privileges", Verdict::Good, who + ": all that copying with owners needs"};
    return {"machine", "privileges", Verdict::Note, who + ": " + missing};
}

// The path itself, or what of it exists.
std::string existing_part(const std::string& path) {
    std::error_code error;
    std::filesystem::path part = std::filesystem::absolute(path, error);
    while (!part.empty() && part != part.root_path() && !std::filesystem::exists(part, error))
        part = part.parent_path();
    return part.empty() ? "/" : part.string();
}

Finding free_space(const std::string& subject, const std::string& path) {
    struct statvfs status{};
    if (::statvfs(path.c_str(), &status) != 0) return {subject, "free space", Verdict::Note, "unknown"};
    std::uint64_t bytes = std::uint64_t{status.f_bavail} * status.f_frsize;
    Verdict verdict = bytes < kFreeBytesWanted ? Verdict::Warning : Verdict::Good;
    return {subject, "free space", verdict, iec_bytes(bytes)};
}

std::string file_system_name(const std::string& path, db::FileSystemVerdict& verdict) {
    struct statfs status{};
    if (::statfs(path.c_str(), &status) != 0) return "unknown";
    db::FileSystemKind kind = db::classify_file_system(static_cast<std::uint64_t>(status.f_type));
    verdict = kind.verdict;
    return kind.name.empty() ? "local" : std::string(kind.name);
}

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::Good:
            return "ok";
        case Verdict::Note:
            return "note";
        case Verdict::Warning:
            return "warning";
        case Verdict::Bad:
            return "failed";
    }
    return "";
}

std::uint64_t effective_capabilities(std::string_view status) {
    constexpr std::string_view kName = "CapEff:";
    for (std::string_view line : split_words(status, '\n')) {
        if (!line.starts_with(kName)) continue;
        std::size_t digits = line.find_first_not_of(" \t", kName.size());
        if (digits == std::string_view::npos) return 0;
        std::uint64_t value = 0;
        std::from_chars(line.data() + digits, line.data() + line.size(), value, 16);
        return value;
    }
    return 0;
}

std::vector<Finding> check_machine() {
    return {kernel(), digests(), open_files(), privileges()};
}

std::vector<Finding> check_data_directory(const std::string& directory) {
    std::string existing = existing_part(directory);
    std::error_code error;
    bool there = std::filesystem::exists(directory, error);
    std::vector<Finding> findings;
    findings.push_back(
        {"state", "data directory", Verdict::Good, directory + (there ? "" : " (not there yet)")});
    db::FileSystemVerdict verdict = db::FileSystemVerdict::Unknown;
    std::string name = file_system_name(existing, verdict);
    if (verdict == db::FileSystemVerdict::Network) {
        findings.push_back(
            {"state", "file system", Verdict::Bad,
             name + ": state on a network file system is refused; choose a local disk with --data-dir"});
    } else if (verdict == db::FileSystemVerdict::Unknown) {
        findings.push_back(
            {"state", "file system", Verdict::Warning, name + ": may be a network's; a local disk is safer"});
    } else {
        findings.push_back({"state", "file system", Verdict::Good, name});
    }
    if (::access(existing.c_str(), W_OK) != 0) {
        findings.push_back({"state", "writable", Verdict::Bad, existing + " cannot be written to"});
    }
    findings.push_back(free_space("state", existing));
    return findings;
}

std::vector<Finding> check_directory(const Location& location) {
    const std::string& path = location.path;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        return {{location.text, "exists", Verdict::Note, "not there; a copy to it makes it"}};
    }
    if (!std::filesystem::is_directory(path, error)) {
        return {{location.text, "exists", Verdict::Note, "is no directory"}};
    }
    std::vector<Finding> findings;
    db::FileSystemVerdict verdict = db::FileSystemVerdict::Unknown;
    findings.push_back({location.text, "file system", Verdict::Good, file_system_name(path, verdict)});
    bool readable = ::access(path.c_str(), R_OK | X_OK) == 0;
    findings.push_back(
        {location.text, "readable", readable ? Verdict::Good : Verdict::Bad, readable ? "yes" : "no"});
    bool writable = ::access(path.c_str(), W_OK) == 0;
    findings.push_back(
        {location.text, "writable", writable ? Verdict::Good : Verdict::Note, writable ? "yes" : "no"});
    findings.push_back(free_space(location.text, path));
    return findings;
}

}  // namespace godwit::app
