#include "model/manifest.h"

#include <fmt/format.h>

namespace godwit::model {
namespace {

// What some programs write before UTF-8.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

Error ManifestReader::wrong(std::string cause) const {
    return Error(ErrorKind::Invalid, "read manifest", fmt::format("{}:{}", name_, entry_line_),
                 std::move(cause))
        .with_code("BadManifest");
}

Result<void> ManifestReader::read(std::string_view bytes, std::vector<ManifestEntry>& entries) {
    for (char byte : bytes) {
        if (at_begin_) {
            if (byte == kByteOrderMark[mark_bytes_]) {
                at_begin_ = ++mark_bytes_ < kByteOrderMark.size();
                continue;
            }
            GODWIT_TRY_VOID(begin(entries));
        }
        GODWIT_TRY_VOID(take(byte, entries));
    }
    return {};
}

// What looked like the mark is the first path's.
Result<void> ManifestReader::begin(std::vector<ManifestEntry>& entries) {
    at_begin_ = false;
    for (char byte : kByteOrderMark.substr(0, mark_bytes_)) GODWIT_TRY_VOID(take(byte, entries));
    return {};
}

Result<void> ManifestReader::take(char byte, std::vector<ManifestEntry>& entries) {
    bool second_of_crlf = std::exchange(after_cr_, byte == '\r') && byte == '\n';
    if (place_ == Place::Quoted || (place_ == Place::QuoteInQuoted && byte == '"')) {
        if (byte == '\r' || (byte == '\n' && !second_of_crlf)) ++line_;
        return take_in_quotes(byte);
    }
    if (second_of_crlf) return {};
    if (place_ == Place::QuoteInPlain) {
        if (byte != '"')
            return wrong("a quote within a field is doubled, or the whole field stands in quotes");
        place_ = Place::Plain;
        return append('"');
    }
    if (byte == '\n' || byte == '\r') {
        GODWIT_TRY_VOID(end_line(entries));
        ++line_;
        entry_line_ = line_;
        return {};
    }
    if (byte == ',') {
        ++fields_;
        place_ = Place::FieldStart;
        return {};
    }
    if (place_ == Place::QuoteInQuoted)
        return wrong("something stands between a closing quote and the comma");
    if (byte == '"') {
        place_ = place_ == Place::FieldStart ? Place::Quoted : Place::QuoteInPlain;
        return {};
    }
    place_ = Place::Plain;
    return append(byte);
}

Result<void> ManifestReader::take_in_quotes(char byte) {
    if (place_ == Place::QuoteInQuoted) {
        place_ = Place::Quoted;
        return append('"');
    }
    if (byte != '"') return append(byte);
    place_ = Place::QuoteInQuoted;
    return {};
}

Result<void> ManifestReader::append(char byte) {
    if (byte == '\0') return wrong("it holds a NUL byte; is this a text file?");
    if (fields_ > 2) return {};
    std::string& field = fields_ == 1 ? path_ : version_;
    std::size_t most = fields_ == 1 ? kPathBytesMax : kVersionBytesMax;
    if (field.size() >= most) {
        return wrong(fmt::format("the {} has more than {} bytes, which are allowed",
                                 fields_ == 1 ? "path" : "version id", most));
    }
    field += byte;
    return {};
}

Result<void> ManifestReader::end_line(std::vector<ManifestEntry>& entries) {
    bool blank = fields_ == 1 && path_.empty() && place_ == Place::FieldStart;
    if (fields_ > 2) {
        return wrong(
            fmt::format("it has {} fields; a line is `path` or `path,version`. If these are keys with "
                        "commas between them, each needs a line of its own; a comma in a key needs "
                        "quotes around it",
                        fields_));
    }
    if (!blank && path_.empty()) return wrong("its path is empty");
    if (fields_ == 2 && version_.empty())
        return wrong("a comma is at its end, and no version id behind that");
    if (path_.ends_with('/')) {
        return wrong(fmt::format("\"{}\" is a directory; a manifest names objects", printable(path_)));
    }
    if (!blank) entries.push_back({entry_line_, std::move(path_), std::move(version_)});
    path_.clear();
    version_.clear();
    fields_ = 1;
    place_ = Place::FieldStart;
    return {};
}

Result<void> ManifestReader::finish(std::vector<ManifestEntry>& entries) {
    if (at_begin_) GODWIT_TRY_VOID(begin(entries));
    if (place_ == Place::Quoted) return wrong("a quote is opened and never closed");
    if (place_ == Place::QuoteInPlain)
        return wrong("a quote within a field is doubled, or the whole field stands in quotes");
    return end_line(entries);
}

}  // namespace godwit::model
