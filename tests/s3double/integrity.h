// What a request says about its body's digests, and whether that is true. The names and the order
// of checks follow "Checking object integrity" in the S3 user guide.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "s3double/exchange.h"
#include "s3double/operations.h"
#include "s3double/options.h"

namespace godwit::s3double {

// The additional checksum that came with a body, in a header or as trailer.
struct DeclaredChecksum {
    DigestAlgorithm algorithm;
    // Absent: it comes as trailer.
    std::optional<std::string> text;
};
// Refuses two at once, unknown ones, and an announced one that is missing.
Outcome read_declared_checksum(const Request& request, std::optional<DeclaredChecksum>& out);

// Digests that must be computed to check what the head promised.
Outcome digests_to_check(const Exchange& x, const Options& options, std::vector<DigestAlgorithm>& out);
// Compares them; the body is whole.
Outcome check_integrity(const Exchange& x, const Options& options);

// The x-amz-checksum-* header and its type for answers.
void add_checksum_headers(Response& response, const StoredChecksum& checksum);
// And as XML elements.
void add_checksum_elements(class XmlWriter& xml, const StoredChecksum& checksum);

// MD5 for the ETag, or an opaque tag from the digest that is there anyway.
std::string make_etag(const Exchange& x, const Options& options, const Attributes& attributes);

}  // namespace godwit::s3double
