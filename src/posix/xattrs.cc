#include "posix/xattrs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/limits.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/encoding.h"
#include "base/sabotage.h"
#include "posix/root.h"

namespace godwit::posix {
namespace {

using model::NamedValues;

// A list or value that grows while it is read is read again so often.
constexpr int kReadsMax = 5;

Error unrepresentable(std::string subject, std::string cause) {
    return Error(ErrorKind::Unsupported, "set extended attributes of", std::move(subject), std::move(cause))
        .with_code("UnrepresentableMetadata");
}

// Says nothing about the disk or the file, only about this attribute: no room beside the inode looks like a
// full disk (ext4), and a value that is too long for the file system like a bad argument.
bool is_refusal(int error_number) {
    constexpr std::array kRefusals{EOPNOTSUPP, E2BIG, ENOSPC, EDQUOT, ERANGE, EINVAL, EPERM, EACCES};
    return std::ranges::find(kRefusals, error_number) != kRefusals.end();
}

Error set_error(int error_number, const std::string& name, const std::string& subject) {
    Error error = path_error(error_number, "set extended attributes of", subject);
    if (!is_refusal(error_number)) return error;
    return unrepresentable(
        subject, fmt::format("{} is refused: {} ({})", printable(name), error.cause(), error.code()));
}

// Calls read(out, room) with more room each time, until what there is fits.
template <class Read>
Result<std::string> read_growing(Read read, const std::string& subject) {
    std::string bytes(256, '\0');
    for (int i = 0; i < kReadsMax; ++i) {
        ssize_t got = read(bytes.data(), bytes.size());
        if (got >= 0) {
            bytes.resize(static_cast<std::size_t>(got));
            return bytes;
        }
        if (got != -ERANGE) return path_error(static_cast<int>(-got), "read extended attributes of", subject);
        bytes.resize(std::max(bytes.size() * 2, std::size_t{XATTR_SIZE_MAX}));
    }
    return Error(ErrorKind::Changed, "read extended attributes of", subject,
                 "they change while they are read");
}

// Names of the classes, in byte order.
Result<std::vector<std::string>> list_names(Os& os, int fd, model::XattrClasses classes,
                                            const std::string& subject) {
    std::vector<std::string> names;
    auto list = [&](char* out, std::size_t room) {
        ssize_t got = os.listxattr(fd, out, room);
        return got == -EOPNOTSUPP ? 0 : got;
    };
    GODWIT_TRY(std::string listed, read_growing(list, subject));
    for (std::string_view rest = listed; !rest.empty();) {
        std::string_view name = rest.substr(0, rest.find('\0'));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        if (classes.include(name)) names.emplace_back(name);
    }
    std::ranges::sort(names);
    return names;
}

const std::string* find(const NamedValues& values, const std::string& name) {
    auto found =
        std::ranges::find(values, name, [](const auto& item) -> const std::string& { return item.first; });
    return found == values.end() ? nullptr : &found->second;
}

}  // namespace

Result<NamedValues> read_xattrs(Os& os, int fd, model::XattrClasses classes, const std::string& subject) {
    NamedValues xattrs;
    if (!classes.any()) return xattrs;
    GODWIT_TRY(std::vector<std::string> names, list_names(os, fd, classes, subject));
    std::size_t bytes = 0;
    for (std::string& name : names) {
        bool gone = false;
        auto get = [&](char* out, std::size_t room) {
            ssize_t got = os.getxattr(fd, name.c_str(), out, room);
            gone = got == -ENODATA;
            return gone ? 0 : got;
        };
        GODWIT_TRY(std::string value, read_growing(get, subject));
        if (gone) continue;
        bytes += name.size() + value.size();
        if (bytes > kXattrsBytesMax) {
            return Error(ErrorKind::Unsupported, "read extended attributes of", subject,
                         fmt::format("names and values have more than {} bytes", kXattrsBytesMax))
                .with_code("UnrepresentableMetadata");
        }
        xattrs.emplace_back(std::move(name), std::move(value));
    }
    return xattrs;
}

Result<void> apply_xattrs(Os& os, int fd, model::XattrClasses classes, const NamedValues& wanted,
                          const std::string& subject) {
    GODWIT_TRY(NamedValues present, read_xattrs(os, fd, classes, subject));
    if (present == wanted) return {};
    for (const auto& [name, value] : present) {
        if (find(wanted, name) || GODWIT_SABOTAGE(leave_old_xattrs)) continue;
        int failed = os.removexattr(fd, name.c_str());
        if (failed < 0 && failed != -ENODATA) return set_error(-failed, name, subject);
    }
    for (const auto& [name, value] : wanted) {
        const std::string* there = find(present, name);
        if (there && *there == value) continue;
        int failed = os.setxattr(fd, name.c_str(), value.data(), value.size());
        if (failed < 0) return set_error(-failed, name, subject);
    }
    GODWIT_TRY(NamedValues stored, read_xattrs(os, fd, classes, subject));
    if (stored == wanted || GODWIT_SABOTAGE(believe_set_xattrs)) return {};
    return unrepresentable(subject, "the file system keeps others than it was given");
}

}  // namespace godwit::posix
