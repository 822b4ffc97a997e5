// What stands beside an object's bytes: content headers, user metadata, storage class, encryption
// and tags; read from requests, written into answers.
#pragma once

#include <optional>
#include <string_view>

#include "s3double/http_request.h"
#include "s3double/http_response.h"
#include "s3double/operations.h"
#include "s3double/world.h"

namespace godwit::s3double {

// From the headers of PutObject, CopyObject and CreateMultipartUpload.
Outcome read_attributes(const Request& request, Attributes& out);
// "a=1&b=2", form-encoded, within S3's limits.
Outcome read_tag_header(std::string_view header, TagList& out);
// S3's limits: 10 tags, keys of 128 and values of 256 characters, no key twice.
Outcome check_tags(const TagList& tags);

// Content headers, user metadata, storage class, encryption and the number of tags.
void add_attributes(Response& response, const Attributes& attributes);
void add_encryption(Response& response, const Attributes& attributes);
// Objects in these classes cannot be read before they are restored.
bool is_archived(const Attributes& attributes);

}  // namespace godwit::s3double
