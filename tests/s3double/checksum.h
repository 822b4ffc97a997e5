// The additional checksums of S3: their names in headers, in XML and in requests, and the digests
// of a body that arrives in pieces. Names are those of the S3 API reference, "Checking object
// integrity".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace godwit::s3double {

struct ChecksumName {
    DigestAlgorithm algorithm;
    std::string_view wire;     // "CRC64NVME", as in x-amz-checksum-algorithm
    std::string_view header;   // "x-amz-checksum-crc64nvme"
    std::string_view element;  // "ChecksumCRC64NVME"
    bool full_object_only;     // S3 takes no composite of it
    bool composite_only;       // hashes do not combine
};
// The five that S3 knows; MD5 travels in Content-MD5 and is none of them.
std::span<const ChecksumName> checksum_names();
const ChecksumName& checksum_name(DigestAlgorithm algorithm);
// Either case. Absent for what S3 would refuse.
std::optional<DigestAlgorithm> checksum_from_wire(std::string_view wire);

// What S3 answers about an object's checksum.
struct StoredChecksum {
    Digest digest;
    // Parts when the checksum is of the parts' checksums, written "base64-N"; else 0.
    int composite_parts = 0;

    std::string text() const;
    std::string_view type() const { return composite_parts ? "COMPOSITE" : "FULL_OBJECT"; }
};

// Several digests over one run of bytes, each computed once.
class DigestSet {
  public:
    void want(DigestAlgorithm algorithm);
    // `last` promises that nothing follows: a body in one piece needs no running state.
    void update(std::span<const std::byte> bytes, bool last);
    // Absent when nobody wanted it.
    std::optional<Digest> digest(DigestAlgorithm algorithm) const;
    void clear() { wanted_.clear(); }

  private:
    struct Wanted {
        DigestAlgorithm algorithm;
        std::optional<Hasher> running;
        std::optional<Digest> finished;
    };
    std::vector<Wanted> wanted_;
};

}  // namespace godwit::s3double
