#include "s3/lineage.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"
#include "base/utf8.h"
#include "s3/encoded_words.h"
#include "s3/metadata_headers.h"
#include "s3/sigv4.h"
#include "s3/xattr_header.h"

namespace godwit::s3 {

namespace {

constexpr std::string_view kPathName = "source-path";
constexpr std::string_view kHashName = "source-path-sha256";
constexpr std::string_view kCutMark = "...";
constexpr std::size_t kHashBytes = 64;
// Less of a path than this tells nothing.
constexpr std::size_t kUsefulBytesMin = 16;

// The room that a line takes by the strictest count of any server: with the prefix, as encoded.
std::size_t line_bytes(std::string_view name, std::size_t value_bytes) {
    return kUserMetadataPrefix.size() + name.size() + value_bytes;
}

std::size_t used_bytes(const model::Metadata& metadata) {
    std::size_t sum = metadata.posix ? kPosixHeadersBytesMax : 0;
    for (const auto& [name, value] : metadata.user) sum += line_bytes(name, encode_words(value).size());
    if (!metadata.xattrs.empty()) sum += line_bytes(kXattrsName, encode_xattrs(metadata.xattrs).size());
    return sum;
}

// The longest cut of `text` that takes at most `bytes_max` when encoded; empty when nothing useful does.
std::string cut_to_fit(std::string_view text, std::size_t bytes_max) {
    auto marked = [&](std::size_t length) { return std::string(text.substr(0, length)).append(kCutMark); };
    std::size_t low = 0, high = text.size();
    while (low < high) {
        std::size_t middle = low + (high - low + 1) / 2;
        if (encode_words(marked(utf8_cut(text, middle))).size() <= bytes_max)
            low = middle;
        else
            high = middle - 1;
    }
    std::size_t length = utf8_cut(text, low);
    return length < kUsefulBytesMin ? std::string() : marked(length);
}

}  // namespace

void add_lineage(std::string_view source_path, model::Metadata& metadata) {
    std::erase_if(metadata.user,
                  [](const auto& item) { return item.first == kPathName || item.first == kHashName; });
    std::size_t used = used_bytes(metadata) + line_bytes(kPathName, 0);
    if (used >= kUserMetadataBytesMax) return;
    std::size_t room = kUserMetadataBytesMax - used;

    std::string path = printable(source_path);
    bool whole = path == source_path && encode_words(path).size() <= room;
    if (!whole) {
        std::size_t hash_line = line_bytes(kHashName, kHashBytes);
        if (room <= hash_line) return;
        room -= hash_line;
        if (encode_words(path).size() > room) path = cut_to_fit(path, room);
        if (path.empty()) return;
    }
    metadata.user.emplace_back(kPathName, std::move(path));
    if (!whole) metadata.user.emplace_back(kHashName, payload_sha256(bytes_of(source_path)));
}

}  // namespace godwit::s3
