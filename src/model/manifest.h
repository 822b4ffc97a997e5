// Manifests: lists of objects to transfer, one a line.
//
//   path                    relative to the location's root
//   path,version            an S3 version id
//   "a path, with a comma"  quoted where it holds a comma, a quote or the end of a line; a quote within is
//                           doubled, also in a field without quotes
//
// Lines end in LF, CR or CRLF; lines without anything are passed over, spaces are data.
// (https://docs.aws.amazon.com/datasync/latest/userguide/transferring-with-manifest.html)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace godwit::model {

struct ManifestEntry {
    std::uint64_t line = 0;  // where it begins, from 1
    std::string path;
    std::string version;  // empty: the newest
    // Not empty: why the entry can name no object. What follows it can be read all the same.
    std::string fault = {};
};

// Reads a manifest in pieces that may end anywhere. Holds one line at most.
class ManifestReader {
  public:
    static constexpr std::size_t kPathBytesMax = 4096;
    static constexpr std::size_t kVersionBytesMax = 1024;

    // `name` is what errors call the manifest.
    explicit ManifestReader(std::string name) : name_(std::move(name)) {}

    // Adds the entries that `bytes` completes. Fails with Invalid, naming the line and what is wrong there,
    // when nobody can tell where the next line begins; then the reader is done for.
    Result<void> read(std::string_view bytes, std::vector<ManifestEntry>& entries);
    // There are no more bytes.
    Result<void> finish(std::vector<ManifestEntry>& entries);

  private:
    enum class Place : std::uint8_t { FieldStart, Plain, QuoteInPlain, Quoted, QuoteInQuoted };
    Result<void> begin(std::vector<ManifestEntry>& entries);
    std::size_t plain_run(std::string_view bytes) const;
    Result<void> take(char byte, std::vector<ManifestEntry>& entries);
    Result<void> take_in_quotes(char byte);
    Result<void> append(std::string_view bytes);
    void end_line(std::vector<ManifestEntry>& entries);
    std::string fault_of_line() const;
    Error wrong(std::string cause) const;

    std::string name_;
    std::uint64_t line_ = 1;        // where the next byte stands
    std::uint64_t entry_line_ = 1;  // where the entry in hand began
    // Nothing was read but perhaps so many bytes of a byte order mark.
    bool at_begin_ = true;
    std::size_t mark_bytes_ = 0;
    Place place_ = Place::FieldStart;
    bool after_cr_ = false;
    std::uint64_t fields_ = 1;  // of the line in hand; those behind the second are only counted
    bool too_long_ = false;
    std::string path_, version_;
};

// The line of a manifest, with its line end, that names the newest object of this path.
std::string manifest_line(std::string_view path);

}  // namespace godwit::model
