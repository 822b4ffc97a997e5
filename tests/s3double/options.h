// How a server is set up. Everything has a default that suits a test.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "s3double/operation.h"
#include "s3double/sigv4.h"

namespace godwit::s3double {

enum class ChecksumMode : std::uint8_t {
    On,       // computed, compared, stored, answered, as S3 does
    Off,      // their headers are refused with 501
    Ignored,  // accepted, neither compared nor stored: an old RGW
};

enum class EtagMode : std::uint8_t {
    Md5,     // as S3 does; costs 7 us for 4 KiB
    Opaque,  // never 32 hexadecimal digits, so that no client takes it for an MD5
};

enum class TlsFault : std::uint8_t { None, Expired, WrongHost };

struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    bool tls = false;
    TlsFault tls_fault = TlsFault::None;
    // Virtual addressing: Host BUCKET.DOMAIN.
    std::string domain = "localhost";

    // False: signatures are not looked at.
    bool auth = true;
    // Requests without any signature are served too.
    bool anonymous = false;
    std::vector<Credentials> credentials = {{"AKIATEST", "secrettest", ""}};
    std::string region = "us-east-1";
    // Added to the machine's wall clock.
    std::int64_t clock_offset_s = 0;

    ChecksumMode checksums = ChecksumMode::On;
    EtagMode etag = EtagMode::Md5;
    // Benchmarks: of a body only size and digests are kept; GET answers with a pattern of that size.
    bool discard = false;
    // Asked on the server's thread before each operation is carried out. False: it is not, and the
    // connection is cut, as when the client was killed before it sent the request.
    std::function<bool(Operation)> admits = {};
    // Before each answer.
    std::uint32_t latency_ms = 0;
    std::uint64_t part_bytes_min = 5u << 20;
    std::uint64_t put_bytes_max = 5ull << 30;

    // Counts are kept always.
    bool audit = true;
    // Records also tell what stood in the requests' heads, and in their queries.
    bool audit_headers = false;
    // Empty: only in memory.
    std::string audit_file;
};

}  // namespace godwit::s3double
