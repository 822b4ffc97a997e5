#include "s3/metadata_headers.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.h"
#include "base/time_format.h"
#include "s3/checksum_headers.h"
#include "s3/encoded_words.h"
#include "s3/hard_link_header.h"
#include "s3/hole_header.h"
#include "s3/xattr_header.h"

namespace godwit::s3 {

namespace {

constexpr std::string_view kOwner = "file-owner";
constexpr std::string_view kGroup = "file-group";
constexpr std::string_view kPermissions = "file-permissions";
constexpr std::string_view kMtime = "file-mtime";
constexpr std::string_view kAtime = "file-atime";
constexpr std::array kPosixNames{kOwner, kGroup, kPermissions, kMtime, kAtime};

constexpr std::uint32_t kModeMax = 0177777;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

struct ContentHeader {
    std::string_view name;
    std::string model::ContentHeaders::* value;
};
constexpr std::array kContentHeaders = std::to_array<ContentHeader>({
    {"content-type", &model::ContentHeaders::content_type},
    {"content-encoding", &model::ContentHeaders::content_encoding},
    {"content-language", &model::ContentHeaders::content_language},
    {"content-disposition", &model::ContentHeaders::content_disposition},
    {"cache-control", &model::ContentHeaders::cache_control},
    {"expires", &model::ContentHeaders::expires},
});

bool is_posix_name(std::string_view name) {
    return std::ranges::find(kPosixNames, name) != kPosixNames.end();
}

bool is_control(char c) {
    return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f';
}

// RFC 9110 §5.6.2, lower case only.
bool is_header_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").contains(c);
    });
}

Error invalid(std::string_view subject, std::string cause) {
    return Error(ErrorKind::Invalid, "store metadata of", std::string(subject), std::move(cause));
}

Result<void> check_value(std::string_view subject, std::string_view name, std::string_view value) {
    if (std::ranges::none_of(value, is_control)) return {};
    return invalid(subject, fmt::format("{} holds a control character, which no header can carry: '{}'", name,
                                        printable(value.substr(0, 100))));
}

template <class T>
std::optional<T> parse_whole(std::string_view text, int base = 10) {
    T value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::int64_t> scaled(std::optional<std::int64_t> value, std::int64_t factor) {
    std::int64_t product = 0;
    if (!value || __builtin_mul_overflow(*value, factor, &product)) return std::nullopt;
    return product;
}

std::optional<std::int64_t> sum(std::optional<std::int64_t> seconds, std::int64_t nanoseconds) {
    std::optional<std::int64_t> whole = scaled(seconds, kNsPerSecond);
    std::int64_t total = 0;
    if (!whole || __builtin_add_overflow(*whole, nanoseconds, &total)) return std::nullopt;
    return total;
}

// "1595002920.25": decimals beyond nanoseconds are cut off.
std::optional<std::int64_t> parse_decimal_seconds(std::string_view text) {
    std::size_t point = std::min(text.find('.'), text.size());
    std::string decimals(text.substr(std::min(point + 1, text.size())));
    if (!std::ranges::all_of(decimals, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
    decimals.resize(9, '0');
    std::int64_t nanoseconds = parse_whole<std::int64_t>(decimals).value_or(0);
    return sum(parse_whole<std::int64_t>(text.substr(0, point)),
               text.starts_with('-') ? -nanoseconds : nanoseconds);
}

// The value of `name` in "atime:1/ctime:2/mtime:3".
std::string_view find_attribute(std::string_view attributes, std::string_view name) {
    while (!attributes.empty()) {
        std::string_view item = attributes.substr(0, attributes.find('/'));
        attributes.remove_prefix(std::min(item.size() + 1, attributes.size()));
        std::size_t colon = item.find(':');
        if (item.substr(0, colon) == name && colon != std::string_view::npos) return item.substr(colon + 1);
    }
    return {};
}

std::string_view find(const model::NamedValues& values, std::string_view name) {
    auto found =
        std::ranges::find(values, name, [](const auto& item) -> std::string_view { return item.first; });
    return found == values.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view find(const std::vector<net::HttpHeader>& headers, std::string_view name) {
    auto found = std::ranges::find(headers, name, &net::HttpHeader::name);
    return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

std::optional<model::PosixAttributes> read_posix(const model::NamedValues& user) {
    auto uid = parse_whole<std::uint32_t>(find(user, kOwner));
    auto gid = parse_whole<std::uint32_t>(find(user, kGroup));
    auto mode = parse_whole<std::uint32_t>(find(user, kPermissions), 8);
    auto mtime = parse_file_time(find(user, kMtime));
    if (!uid || !gid || !mode || *mode > kModeMax || !mtime) return std::nullopt;
    auto atime = parse_file_time(find(user, kAtime));
    return model::PosixAttributes{
        .mode = *mode, .uid = *uid, .gid = *gid, .mtime_ns = *mtime, .atime_ns = atime.value_or(*mtime)};
}

std::optional<std::int64_t> read_fallback_mtime(const model::NamedValues& user) {
    if (auto time = parse_file_time(find(user, kMtime))) return time;
    if (auto time = parse_decimal_seconds(find(user, "mtime"))) return time;
    return parse_decimal_seconds(find_attribute(find(user, "s3cmd-attrs"), "mtime"));
}

// The framing of an upload is no property of the object; servers that keep it by mistake exist.
std::string without_aws_chunked(std::string_view encodings) {
    constexpr std::string_view kFraming = "aws-chunked";
    if (encodings == kFraming) return {};
    if (encodings.starts_with(kFraming) && encodings.substr(kFraming.size()).starts_with(',')) {
        std::size_t rest = encodings.find_first_not_of(", ", kFraming.size());
        return std::string(encodings.substr(std::min(rest, encodings.size())));
    }
    return std::string(encodings);
}

// A name that comes twice is one value with a comma, as HTTP has it (RFC 9110 §5.3).
void add_user_value(model::NamedValues& user, std::string_view name, std::string value) {
    for (auto& [known, text] : user) {
        if (known == name) {
            text.append(",").append(value);
            return;
        }
    }
    user.emplace_back(std::string(name), std::move(value));
}

model::NamedValues::iterator find_user(model::Metadata& metadata, std::string_view name) {
    return std::ranges::find(metadata.user, name,
                             [](const auto& item) -> std::string_view { return item.first; });
}

void take_xattrs(model::Metadata& metadata) {
    metadata.told_xattrs = model::XattrClasses::all();
    auto found = find_user(metadata, kXattrsName);
    if (found == metadata.user.end()) return;
    std::optional<model::NamedValues> xattrs = decode_xattrs(found->second);
    metadata.xattrs_malformed = !xattrs;
    if (!xattrs) return;
    metadata.xattrs = *std::move(xattrs);
    metadata.user.erase(found);
}

void take_holes(model::Metadata& metadata) {
    auto found = find_user(metadata, kHolesName);
    if (found == metadata.user.end()) return;
    metadata.holes = decode_holes(found->second);
    if (metadata.holes) metadata.user.erase(found);
}

void take_file_id(model::Metadata& metadata) {
    auto found = find_user(metadata, kHardLinkName);
    if (found == metadata.user.end()) return;
    metadata.file_id = decode_file_id(found->second);
    if (metadata.file_id) metadata.user.erase(found);
}

// Seven digits at least.
std::string octal(std::uint32_t mode) {
    constexpr std::size_t kDigitsMin = 7;
    char digits[16];
    char* end = std::to_chars(digits, digits + sizeof digits, mode, 8).ptr;
    auto count = static_cast<std::size_t>(end - digits);
    return std::string(kDigitsMin - std::min(kDigitsMin, count), '0').append(digits, count);
}

void add_posix(const model::PosixAttributes& posix, HeaderList& out) {
    auto text = [](const fmt::format_int& number) { return std::string_view(number.data(), number.size()); };
    auto nanoseconds = [&](std::int64_t time_ns) {
        return std::string(text(fmt::format_int(time_ns))) + "ns";
    };
    out.add("x-amz-meta-file-owner", text(fmt::format_int(posix.uid)));
    out.add("x-amz-meta-file-group", text(fmt::format_int(posix.gid)));
    out.add("x-amz-meta-file-permissions", octal(posix.mode));
    out.add("x-amz-meta-file-mtime", nanoseconds(posix.mtime_ns));
    out.add("x-amz-meta-file-atime", nanoseconds(posix.atime_ns));
}

std::size_t user_metadata_bytes(const HeaderList& headers) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        std::string_view name = headers.name(i);
        if (name.starts_with(kUserMetadataPrefix))
            bytes += name.size() - kUserMetadataPrefix.size() + headers.value(i).size();
    }
    return bytes;
}

// A line that was asked for: whoever did must not learn years later that it was left out. `what` is for the
// message.
Result<void> add_whole(std::string_view name, const std::string& value, std::string_view what,
                       std::string_view subject, HeaderList& out) {
    std::size_t others = user_metadata_bytes(out), own = name.size() + value.size();
    if (others + own > kUserMetadataBytesMax) {
        return Error(ErrorKind::Unsupported, "store metadata of", std::string(subject),
                     fmt::format("{} {} bytes of user metadata and the rest of it {}; S3 keeps at most {}",
                                 what, own, others, kUserMetadataBytesMax))
            .with_code("UnrepresentableMetadata");
    }
    out.add(std::string(kUserMetadataPrefix).append(name), value);
    return {};
}

// Without them zeros tell where holes may be, so nothing fails for want of room.
void add_holes(const model::Metadata& metadata, HeaderList& out) {
    if (!metadata.holes) return;
    std::string value = encode_holes(*metadata.holes);
    if (user_metadata_bytes(out) + kHolesName.size() + value.size() > kUserMetadataBytesMax) return;
    out.add(std::string(kUserMetadataPrefix).append(kHolesName), value);
}

// The rest of the user metadata; counts what S3 counts.
Result<void> add_user(const model::Metadata& metadata, std::string_view subject, HeaderList& out) {
    std::size_t counted = 0;
    std::string header;
    for (const auto& [name, value] : metadata.user) {
        if (metadata.posix && is_posix_name(name)) continue;
        if (!is_header_name(name)) {
            return invalid(subject, fmt::format("'{}' is no name for user metadata; allowed are a-z, 0-9 and "
                                                "!#$%&'*+-.^_`|~",
                                                printable(name)));
        }
        GODWIT_TRY_VOID(check_value(subject, name, value));
        counted += name.size() + value.size();
        header.assign(kUserMetadataPrefix).append(name);
        out.add(header, encode_words(value));
    }
    if (counted <= kUserMetadataBytesMax) return {};
    return invalid(subject, fmt::format("user metadata has {} bytes, S3 keeps at most {}", counted,
                                        kUserMetadataBytesMax))
        .with_code("MetadataTooLarge");
}

}  // namespace

Result<void> add_metadata_without_tags(const model::Metadata& metadata, std::string_view subject,
                                       HeaderList& out) {
    for (const ContentHeader& header : kContentHeaders) {
        const std::string& value = metadata.headers.*header.value;
        if (value.empty()) continue;
        GODWIT_TRY_VOID(check_value(subject, header.name, value));
        out.add(header.name, value);
    }
    if (metadata.posix) add_posix(*metadata.posix, out);
    GODWIT_TRY_VOID(add_user(metadata, subject, out));
    if (metadata.file_id) {
        std::string id = encode_file_id(*metadata.file_id);
        GODWIT_TRY_VOID(add_whole(kHardLinkName, id, "the id of its file takes", subject, out));
    }
    if (!metadata.xattrs.empty()) {
        std::string xattrs = encode_xattrs(metadata.xattrs);
        GODWIT_TRY_VOID(add_whole(kXattrsName, xattrs, "extended attributes take", subject, out));
    }
    add_holes(metadata, out);
    return {};
}

Result<void> add_metadata(const model::Metadata& metadata, std::string_view subject, HeaderList& out) {
    GODWIT_TRY_VOID(add_metadata_without_tags(metadata, subject, out));
    if (!metadata.tags || metadata.tags->empty()) return {};
    if (metadata.tags->size() > kTagsMax) {
        return invalid(subject, fmt::format("{} tags, S3 keeps at most {}", metadata.tags->size(), kTagsMax));
    }
    out.add("x-amz-tagging", tagging_value(*metadata.tags));
    return {};
}

model::Metadata metadata_from(const std::vector<net::HttpHeader>& headers) {
    model::Metadata metadata;
    for (const net::HttpHeader& header : headers) {
        if (header.name.starts_with(kUserMetadataPrefix)) {
            add_user_value(metadata.user, std::string_view(header.name).substr(kUserMetadataPrefix.size()),
                           decode_words(header.value));
            continue;
        }
        auto known = std::ranges::find(kContentHeaders, std::string_view(header.name), &ContentHeader::name);
        if (known != kContentHeaders.end()) metadata.headers.*known->value = header.value;
    }
    take_xattrs(metadata);
    take_holes(metadata);
    take_file_id(metadata);
    metadata.headers.content_encoding = without_aws_chunked(metadata.headers.content_encoding);
    metadata.posix = read_posix(metadata.user);
    if (metadata.posix) {
        std::erase_if(metadata.user, [](const auto& item) { return is_posix_name(item.first); });
    } else {
        metadata.fallback_mtime_ns = read_fallback_mtime(metadata.user);
    }
    return metadata;
}

model::ObjectType type_of(std::string_view key, const model::Metadata& metadata) {
    if (key.ends_with('/')) return model::ObjectType::Directory;
    bool symlink = metadata.posix && S_ISLNK(metadata.posix->mode);
    return symlink ? model::ObjectType::Symlink : model::ObjectType::File;
}

bool is_archive_class(std::string_view storage_class) {
    return storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
}

bool is_archived(const std::vector<net::HttpHeader>& headers) {
    if (find(headers, "x-amz-restore").contains("ongoing-request=\"false\"")) return false;
    return is_archive_class(find(headers, "x-amz-storage-class")) ||
           !find(headers, "x-amz-archive-status").empty();
}

std::string tagging_value(const model::NamedValues& tags) {
    std::string out;
    for (const auto& [name, value] : tags) {
        if (!out.empty()) out += '&';
        out.append(percent_encode(name, Keep::Unreserved))
            .append("=")
            .append(percent_encode(value, Keep::Unreserved));
    }
    return out;
}

std::optional<std::int64_t> parse_file_time(std::string_view text) {
    if (text.ends_with("ns")) return parse_whole<std::int64_t>(text.substr(0, text.size() - 2));
    std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return scaled(parse_whole<std::int64_t>(text), 1'000'000);
    auto nanoseconds = parse_whole<std::int64_t>(text.substr(slash + 1));
    if (!nanoseconds || *nanoseconds < 0 || *nanoseconds >= kNsPerSecond) return std::nullopt;
    return sum(parse_whole<std::int64_t>(text.substr(0, slash)), *nanoseconds);
}

}  // namespace godwit::s3
