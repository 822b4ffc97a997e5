#include "s3double/s3_error.h"

#include <array>

namespace godwit::s3double {

namespace {

constexpr std::array kRows = std::to_array<ErrorRow>({
    {"AccessDenied", 403, "Access Denied"},
    {"AuthorizationHeaderMalformed", 400, "The authorization header that you provided is not valid."},
    {"AuthorizationQueryParametersError", 400, "The query parameters of the signature are not valid."},
    {"BadDigest", 400, "The checksum that you specified did not match what we received."},
    {"BucketAlreadyExists", 409, "The requested bucket name is not available."},
    {"BucketAlreadyOwnedByYou", 409, "The bucket that you tried to create already exists, and you own it."},
    {"BucketNotEmpty", 409, "The bucket that you tried to delete is not empty."},
    {"EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed object size."},
    {"EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed object size."},
    {"ExpiredToken", 400, "The provided token has expired."},
    {"IncompleteBody", 400,
     "You did not provide the number of bytes specified by the Content-Length header."},
    {"InternalError", 500, "We encountered an internal error. Please try again."},
    {"InvalidAccessKeyId", 403, "The AWS access key ID that you provided does not exist in our records."},
    {"InvalidArgument", 400, "Invalid Argument"},
    {"InvalidBucketName", 400, "The specified bucket is not valid."},
    {"InvalidDigest", 400, "The Content-MD5 or checksum value that you specified is not valid."},
    {"InvalidObjectState", 403, "The operation is not valid for the object's storage class."},
    {"InvalidPart", 400, "One or more of the specified parts could not be found, or its ETag did not match."},
    {"InvalidPartOrder", 400, "The list of parts was not in ascending order."},
    {"InvalidRange", 416, "The requested range is not satisfiable"},
    {"InvalidRequest", 400, "The request is not valid."},
    {"InvalidToken", 400, "The provided token is malformed or otherwise not valid."},
    {"KeyTooLongError", 400, "Your key is too long."},
    {"MalformedXML", 400, "The XML that you provided was not well formed or did not validate."},
    {"MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size."},
    {"MethodNotAllowed", 405, "The specified method is not allowed against this resource."},
    {"MissingContentLength", 411, "You must provide the Content-Length HTTP header."},
    {"NoSuchBucket", 404, "The specified bucket does not exist"},
    {"NoSuchKey", 404, "The specified key does not exist."},
    {"NoSuchUpload", 404, "The specified multipart upload does not exist."},
    {"NoSuchVersion", 404, "The specified version does not exist."},
    {"NotImplemented", 501, "A header that you provided implies functionality that is not implemented."},
    {"OperationAborted", 409, "A conflicting conditional operation is in progress against this resource."},
    {"PermanentRedirect", 301, "The bucket that you are attempting to access must be addressed elsewhere."},
    {"PreconditionFailed", 412, "At least one of the pre-conditions that you specified did not hold"},
    {"RequestTimeTooSkewed", 403, "The difference between the request time and the server's is too large."},
    {"RequestTimeout", 400, "Your socket connection to the server was not read from or written to in time."},
    {"SignatureDoesNotMatch", 403, "The request signature that we calculated does not match yours."},
    {"SlowDown", 503, "Please reduce your request rate."},
    {"ServiceUnavailable", 503, "Please reduce your request rate."},
    {"TooManyRequests", 429, "Please reduce your request rate."},
    {"XAmzContentSHA256Mismatch", 400, "The provided 'x-amz-content-sha256' header does not match the body."},
});

}  // namespace

ErrorRow error_row(std::string_view code) {
    for (const ErrorRow& row : kRows)
        if (row.code == code) return row;
    return {code, 400, ""};
}

}  // namespace godwit::s3double
