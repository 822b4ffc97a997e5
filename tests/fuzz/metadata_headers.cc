// An object's metadata as its headers tell it, and on to another store: what is read, written and read again
// is the same.
#include "s3/metadata_headers.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "fuzz/headers.h"
#include "s3/checksum_headers.h"
#include "s3/lineage.h"

namespace godwit::fuzz {
namespace {

using model::Metadata;

std::vector<net::HttpHeader> on_the_wire(const s3::HeaderList& list) {
    std::vector<net::HttpHeader> headers;
    for (std::size_t i = 0; i < list.size(); ++i) headers.push_back({list.name(i), list.value(i)});
    return headers;
}

bool equal(const Metadata& a, const Metadata& b) {
    return a.posix == b.posix && a.headers == b.headers && a.user == b.user && a.xattrs == b.xattrs &&
           a.xattrs_malformed == b.xattrs_malformed && (a.holes == b.holes || !a.holes);
}

// Other bytes cannot travel in a header: they are taken for ISO-8859-1.
bool is_text(const Metadata& metadata) {
    return std::ranges::all_of(metadata.user, [](const auto& item) { return is_utf8(item.second); });
}

void check_written(const Metadata& metadata) {
    s3::HeaderList list;
    Result<void> added = s3::add_metadata(metadata, "s3://bucket/key", list);
    if (!added || !is_text(metadata)) return;
    Metadata again = s3::metadata_from(on_the_wire(list));
    // Without attributes the time is a property of the answer, which is not written.
    GODWIT_CHECK(equal(again, metadata));
}

void check_lineage(Metadata metadata, std::string_view path) {
    s3::add_lineage(path, metadata);
    auto is = [](std::string_view name) { return [name](const auto& item) { return item.first == name; }; };
    auto told = std::ranges::count_if(metadata.user, is("source-path"));
    auto hashed = std::ranges::count_if(metadata.user, is("source-path-sha256"));
    GODWIT_CHECK(told <= 1 && hashed <= told);
    auto line = std::ranges::find_if(metadata.user, is("source-path"));
    if (line == metadata.user.end()) return;
    GODWIT_CHECK((line->second == path) == (hashed == 0), "{}", printable(path));
}

void check_digest(const std::vector<net::HttpHeader>& headers) {
    for (int i = 1; i <= 6; ++i) {
        auto wanted = static_cast<DigestAlgorithm>(i);
        std::optional<Digest> digest = s3::stored_digest(headers, wanted);
        if (!digest) continue;
        std::string_view header = s3::checksum_header(digest->algorithm());
        bool written = std::ranges::any_of(headers, [&](const net::HttpHeader& line) {
            return line.name == header && line.value == digest->base64();
        });
        GODWIT_CHECK(written, "{} was never said", digest->display());
    }
}

}  // namespace

void run(Input input) {
    Headers headers = read_headers(input);
    check_digest(headers);
    s3::is_archived(headers);
    Metadata metadata = s3::metadata_from(headers);
    GODWIT_CHECK(!metadata.tags);
    check_written(metadata);
    check_lineage(metadata, input.rest());
}

}  // namespace godwit::fuzz
