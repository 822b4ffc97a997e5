// What a Sink needs to go on after a crash, as the opaque bytes that the ledger keeps.
//
// Format, version 1: "godwit-s3-upload 1 PART_BYTES BEGUN_UNIX_NS CHECKSUM UPLOAD_ID KEY", separated by
// single spaces; CHECKSUM is an algorithm's name or "-"; the last two are percent-encoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/digest.h"
#include "s3/multipart.h"

namespace godwit::s3 {

struct Checkpoint {
    UploadId upload;
    std::uint64_t part_bytes = 0;
    std::int64_t begun_unix_ns = 0;
    // What the upload was begun with.
    std::optional<DigestAlgorithm> checksum;
};

std::string write_checkpoint(const Checkpoint& checkpoint);
// Absent for bytes that write_checkpoint() has not written.
std::optional<Checkpoint> read_checkpoint(const std::string& bytes);

}  // namespace godwit::s3
