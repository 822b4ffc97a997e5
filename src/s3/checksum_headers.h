// S3's additional checksums (x-amz-checksum-*) and ETags as evidence.
// Source: Amazon S3 User Guide, "Checking object integrity".
//
// A checksum proves something about a whole object only when it is of type FULL_OBJECT; a composite
// ("base64-N") is a checksum of the parts' checksums and is compared as text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "net/http_client.h"

namespace godwit::s3 {

// "x-amz-checksum-crc64nvme". Empty for MD5, which S3 has in Content-MD5 only.
std::string_view checksum_header(DigestAlgorithm algorithm);
// "ChecksumCRC64NVME", the element in XML bodies. Empty for MD5.
std::string_view checksum_element(DigestAlgorithm algorithm);
// "CRC64NVME", the value of x-amz-checksum-algorithm. Empty for MD5.
std::string_view checksum_algorithm_name(DigestAlgorithm algorithm);
std::optional<DigestAlgorithm> checksum_algorithm_from(std::string_view name);

// The value of x-amz-checksum-type for a multipart upload: "FULL_OBJECT" for CRCs, which combine,
// "COMPOSITE" for hashes.
std::string_view multipart_checksum_type(DigestAlgorithm algorithm);

// The digest of the whole object that an answer's headers tell; `wanted` first, if there are several.
// Absent when there is none, when it is composite, or when it is malformed. Not for answers to a
// range: some servers then tell a part's checksum.
std::optional<Digest> stored_digest(const std::vector<net::HttpHeader>& headers, DigestAlgorithm wanted);

// "base64-N": what S3 keeps for a COMPOSITE upload of these parts, all of one algorithm.
std::string composite_checksum(std::span<const Digest> parts);

// Is `etag` (without quotes) the MD5 that `md5` tells? False proves nothing: an ETag is the MD5 only
// for unencrypted objects that were put in one piece.
bool etag_equals(std::string_view etag, const Digest& md5);
// "hex-N": the ETag that most servers give a multipart upload of parts with these MD5s.
std::string multipart_etag(std::span<const Digest> part_md5s);
// The header's value without the quotes around it.
std::string_view unquote_etag(std::string_view value);

}  // namespace godwit::s3
