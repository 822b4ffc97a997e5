#include "model/manifest.h"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::model {
namespace {

// What some programs write before UTF-8.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kOpenQuote =
    "a quote within a field is doubled, or the whole field stands in quotes";

bool is_plain(char byte) {
    return byte != ',' && byte != '"' && byte != '\r' && byte != '\n' && byte != '\0';
}

}  // namespace

Error ManifestReader::wrong(std::string cause) const {
    return Error(ErrorKind::Invalid, "read manifest", fmt::format("{}:{}", name_, entry_line_),
                 std::move(cause))
        .with_code("BadManifest");
}

Result<void> ManifestReader::read(std::string_view bytes, std::vector<ManifestEntry>& entries) {
    while (!bytes.empty()) {
        char byte = bytes.front();
        if (at_begin_) {
            if (byte == kByteOrderMark[mark_bytes_]) {
                at_begin_ = ++mark_bytes_ < kByteOrderMark.size();
                bytes.remove_prefix(1);
                continue;
            }
            GODWIT_TRY_VOID(begin(entries));
        }
        if (std::size_t run = plain_run(bytes); run > 0) {
            place_ = Place::Plain;
            GODWIT_TRY_VOID(append(bytes.substr(0, run)));
            bytes.remove_prefix(run);
            continue;
        }
        GODWIT_TRY_VOID(take(byte, entries));
        bytes.remove_prefix(1);
    }
    return {};
}

// What looked like the mark is the first path's.
Result<void> ManifestReader::begin(std::vector<ManifestEntry>& entries) {
    at_begin_ = false;
    for (char byte : kByteOrderMark.substr(0, mark_bytes_)) GODWIT_TRY_VOID(take(byte, entries));
    return {};
}

// So many bytes belong to a field without quotes, and nothing has to be known of each.
std::size_t ManifestReader::plain_run(std::string_view bytes) const {
    if (after_cr_ || (place_ != Place::FieldStart && place_ != Place::Plain)) return 0;
    return static_cast<std::size_t>(std::ranges::find_if_not(bytes, is_plain) - bytes.begin());
}

Result<void> ManifestReader::take(char byte, std::vector<ManifestEntry>& entries) {
    bool second_of_crlf = std::exchange(after_cr_, byte == '\r') && byte == '\n';
    if (place_ == Place::Quoted || (place_ == Place::QuoteInQuoted && byte == '"')) {
        if (byte == '\r' || (byte == '\n' && !second_of_crlf)) ++line_;
        return take_in_quotes(byte);
    }
    if (second_of_crlf) return {};
    if (place_ == Place::QuoteInPlain) {
        if (byte != '"') return wrong(std::string(kOpenQuote));
        place_ = Place::Plain;
        return append("\"");
    }
    if (byte == '\n' || byte == '\r') {
        end_line(entries);
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
    return append({&byte, 1});
}

Result<void> ManifestReader::take_in_quotes(char byte) {
    if (place_ == Place::QuoteInQuoted) {
        place_ = Place::Quoted;
        return append("\"");
    }
    if (byte != '"') return append({&byte, 1});
    place_ = Place::QuoteInQuoted;
    return {};
}

Result<void> ManifestReader::append(std::string_view bytes) {
    if (bytes.front() == '\0') return wrong("it holds a NUL byte; is this a text file?");
    if (fields_ > 2 || too_long_) return {};
    std::string& field = fields_ == 1 ? path_ : version_;
    std::size_t most = fields_ == 1 ? kPathBytesMax : kVersionBytesMax;
    too_long_ = field.size() + bytes.size() > most;
    // A quote that nobody closes takes all that follows for one field.
    if (too_long_ && place_ == Place::Quoted)
        return wrong(fmt::format("a quote is opened and not closed within {} bytes", most));
    if (!too_long_) field += bytes;
    return {};
}

// Why the line in hand, which is not blank, names no object; empty when it does.
std::string ManifestReader::fault_of_line() const {
    if (fields_ > 2) {
        std::string fault = fmt::format(
            "it has {} fields; a line is `path` or `path,version`. If these are keys with commas between "
            "them, "
            "each needs a line of its own; a comma in a key needs quotes around it",
            fields_);
        if (entry_line_ == 1)
            fault += ". Some programs that join keys so also lose the first character of the first one";
        return fault;
    }
    if (too_long_) {
        return fmt::format("the {} is too long; {} bytes are allowed", fields_ == 1 ? "path" : "version id",
                           fields_ == 1 ? kPathBytesMax : kVersionBytesMax);
    }
    if (path_.empty()) return "its path is empty";
    if (fields_ == 2 && version_.empty()) return "a comma is at its end, and no version id behind that";
    if (path_.ends_with('/')) return "it is a directory; a manifest names objects";
    return "";
}

void ManifestReader::end_line(std::vector<ManifestEntry>& entries) {
    bool blank = fields_ == 1 && path_.empty() && place_ == Place::FieldStart;
    if (!blank) {
        std::string fault = fault_of_line();
        entries.push_back({entry_line_, std::move(path_), std::move(version_), std::move(fault)});
    }
    path_.clear();
    version_.clear();
    fields_ = 1;
    too_long_ = false;
    place_ = Place::FieldStart;
}

Result<void> ManifestReader::finish(std::vector<ManifestEntry>& entries) {
    if (at_begin_) GODWIT_TRY_VOID(begin(entries));
    if (place_ == Place::Quoted) return wrong("a quote is opened and never closed");
    if (place_ == Place::QuoteInPlain) return wrong(std::string(kOpenQuote));
    end_line(entries);
    return {};
}

std::string manifest_line(std::string_view path) {
    if (std::ranges::all_of(path, is_plain) && !path.starts_with(kByteOrderMark))
        return std::string(path) + "\n";
    std::string line = "\"";
    for (char byte : path) line += byte == '"' ? std::string("\"\"") : std::string(1, byte);
    return line + "\"\n";
}

}  // namespace godwit::model
