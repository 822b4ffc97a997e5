// What the user wants of every object of a location, as headers of the requests that concern it.
// Source: Amazon S3 API Reference, PutObject, GetObject, CopyObject, UploadPart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http_client.h"
#include "s3/header_list.h"

namespace godwit::s3 {

struct ObjectOptions {
    // "STANDARD_IA", ...; empty: the bucket's default.
    std::string storage_class;
    // A canned ACL ("bucket-owner-full-control"); empty: none is sent.
    std::string acl;
    // "AES256", "aws:kms" or "aws:kms:dsse"; empty: the bucket's default.
    std::string encryption;
    // For aws:kms; empty: the account's default key.
    std::string kms_key_id;
    // SSE-C: the key itself, 32 bytes; empty: none. Also needed to read what was written with it.
    std::string customer_key;
    // We pay for requests to this bucket.
    bool request_payer = false;

    // ETags of objects written so are never their MD5.
    bool hides_md5() const { return encryption.starts_with("aws:kms") || !customer_key.empty(); }
};

// Fails with Invalid, naming option and allowed values: unknown encryption, a customer key that is
// not 32 bytes, both kinds of encryption, a key id without aws:kms, control characters.
Result<void> check(const ObjectOptions& options);

// The encryption that `options` ask for and an answer to an object's beginning does not confirm; empty:
// none is lacking.
std::string encryption_lacking(const ObjectOptions& options, const std::vector<net::HttpHeader>& headers);

// Each adds to a request of one kind what `options` ask for there.
// PutObject, CopyObject, CreateMultipartUpload: an object comes into being.
void add_object_options(const ObjectOptions& options, HeaderList& headers);
// GetObject, HeadObject, UploadPart, UploadPartCopy, CompleteMultipartUpload: bytes go in or out.
void add_bytes_options(const ObjectOptions& options, HeaderList& headers);
// The source's side of a copy; the destination's options stand in `headers` already.
void add_copy_source_options(const ObjectOptions& source, HeaderList& headers);
// All others.
void add_request_payer(const ObjectOptions& options, HeaderList& headers);

}  // namespace godwit::s3
