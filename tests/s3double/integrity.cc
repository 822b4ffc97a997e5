#include "s3double/integrity.h"

#include "base/encoding.h"
#include "s3double/xml_writer.h"

namespace godwit::s3double {

namespace {

Refusal invalid(std::string message) {
    return {"InvalidRequest", std::move(message), ""};
}

bool checksums_are_ignored(const Exchange& x, const Options& options) {
    return options.checksums != ChecksumMode::On || x.effects().ignore_checksums;
}

// CompleteMultipartUpload declares the object's checksum, not that of the XML that it sends.
bool checksum_is_of_body(const Exchange& x) {
    return x.operation != Operation::CompleteMultipartUpload;
}

// The algorithm that x-amz-trailer announces.
Outcome read_announced_trailer(const Request& request, std::optional<DeclaredChecksum>& out) {
    auto trailer = request.header("x-amz-trailer");
    if (!trailer) return std::nullopt;
    for (const ChecksumName& name : checksum_names()) {
        if (!equal_ignoring_case(*trailer, name.header)) continue;
        if (out)
            return invalid(
                "Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed.");
        out = DeclaredChecksum{name.algorithm, std::nullopt};
        return std::nullopt;
    }
    return invalid("The value specified in the x-amz-trailer header is not supported");
}

std::optional<std::string> trailer_text(const Exchange& x, std::string_view header) {
    for (const auto& [name, value] : x.receiver.trailers())
        if (name == header) return value;
    return std::nullopt;
}

Outcome check_md5(const Exchange& x) {
    auto header = x.request.header("content-md5");
    if (!header) return std::nullopt;
    auto claimed = Digest::from_base64(DigestAlgorithm::Md5, *header);
    if (!claimed) return Refusal{"InvalidDigest", "The Content-MD5 you specified was invalid.", ""};
    auto computed = x.receiver.digest(DigestAlgorithm::Md5);
    if (computed == claimed) return std::nullopt;
    return Refusal{"BadDigest", "The Content-MD5 you specified did not match what we received.",
                   "<ExpectedDigest>" + claimed->base64() + "</ExpectedDigest><CalculatedDigest>" +
                       computed->base64() + "</CalculatedDigest>"};
}

Outcome check_payload_hash(const Exchange& x) {
    if (x.authenticated.payload != PayloadHash::Signed) return std::nullopt;
    auto computed = x.receiver.digest(DigestAlgorithm::Sha256);
    if (!computed || computed->hex() == x.authenticated.payload_sha256) return std::nullopt;
    return Refusal{"XAmzContentSHA256Mismatch", "",
                   "<ClientComputedContentSHA256>" + x.authenticated.payload_sha256 +
                       "</ClientComputedContentSHA256><S3ComputedContentSHA256>" + computed->hex() +
                       "</S3ComputedContentSHA256>"};
}

Outcome check_declared(const Exchange& x) {
    std::optional<DeclaredChecksum> declared;
    if (auto refusal = read_declared_checksum(x.request, declared)) return refusal;
    if (!declared) return std::nullopt;
    const ChecksumName& name = checksum_name(declared->algorithm);
    auto text = declared->text ? declared->text : trailer_text(x, name.header);
    if (!text)
        return Refusal{"MalformedTrailerError",
                       "The request contained trailing data that was not well-formed.", ""};
    auto claimed = Digest::from_base64(declared->algorithm, *text);
    if (!claimed) return invalid("Value for " + std::string(name.header) + " header is invalid.");
    if (x.receiver.digest(declared->algorithm) == claimed) return std::nullopt;
    return Refusal{"BadDigest",
                   "The " + std::string(name.wire) + " you specified did not match the calculated checksum.",
                   ""};
}

// SSE-KMS: 32 hexadecimal digits that are no MD5, as S3 answers there.
std::string masked(std::string tag) {
    for (char& c : tag) c = c == 'f' ? '0' : c == '9' ? 'a' : static_cast<char>(c + 1);
    return tag;
}

bool is_kms(const Attributes& attributes) {
    for (const auto& [name, value] : attributes.encryption)
        if (name == "x-amz-server-side-encryption" && value.starts_with("aws:kms")) return true;
    return false;
}

}  // namespace

Outcome read_declared_checksum(const Request& request, std::optional<DeclaredChecksum>& out) {
    for (const ChecksumName& name : checksum_names()) {
        auto value = request.header(name.header);
        if (!value) continue;
        if (out)
            return invalid(
                "Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed.");
        out = DeclaredChecksum{name.algorithm, std::string(*value)};
    }
    if (auto refusal = read_announced_trailer(request, out)) return refusal;
    auto wire = request.header("x-amz-sdk-checksum-algorithm");
    if (!wire) return std::nullopt;
    if (!out)
        return invalid(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
            "headers "
            "were found.");
    if (checksum_from_wire(*wire) != out->algorithm)
        return invalid("Value for x-amz-sdk-checksum-algorithm header is invalid.");
    return std::nullopt;
}

Outcome digests_to_check(const Exchange& x, const Options& options, std::vector<DigestAlgorithm>& out) {
    if (x.request.header("content-md5")) out.push_back(DigestAlgorithm::Md5);
    if (x.authenticated.payload == PayloadHash::Signed) out.push_back(DigestAlgorithm::Sha256);
    if (checksums_are_ignored(x, options) || !checksum_is_of_body(x)) return std::nullopt;
    std::optional<DeclaredChecksum> declared;
    if (auto refusal = read_declared_checksum(x.request, declared)) return refusal;
    if (declared) out.push_back(declared->algorithm);
    return std::nullopt;
}

Outcome check_integrity(const Exchange& x, const Options& options) {
    if (auto refusal = check_payload_hash(x)) return refusal;
    if (x.effects().ignore_checksums) return std::nullopt;
    if (auto refusal = check_md5(x)) return refusal;
    if (options.checksums != ChecksumMode::On || !checksum_is_of_body(x)) return std::nullopt;
    return check_declared(x);
}

void add_checksum_headers(Response& response, const StoredChecksum& checksum) {
    response.add(checksum_name(checksum.digest.algorithm()).header, checksum.text());
    response.add("x-amz-checksum-type", checksum.type());
}

void add_checksum_elements(XmlWriter& xml, const StoredChecksum& checksum) {
    xml.raw_element(checksum_name(checksum.digest.algorithm()).element, checksum.text());
    xml.raw_element("ChecksumType", checksum.type());
}

std::string make_etag(const Exchange& x, const Options& options, const Attributes& attributes) {
    if (options.etag == EtagMode::Md5) {
        auto md5 = x.receiver.digest(DigestAlgorithm::Md5);
        return is_kms(attributes) ? masked(md5->hex()) : md5->hex();
    }
    for (DigestAlgorithm algorithm :
         {DigestAlgorithm::Crc64Nvme, DigestAlgorithm::Crc32c, DigestAlgorithm::Crc32,
          DigestAlgorithm::Sha256, DigestAlgorithm::Sha1, DigestAlgorithm::Md5})
        if (auto digest = x.receiver.digest(algorithm)) return digest->hex().substr(0, 16) + "-o";
    return "unknown-o";
}

}  // namespace godwit::s3double
