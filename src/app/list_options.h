// --manifest and --prefixes: a run is about what a list names, at both ends.
#pragma once

#include <optional>
#include <string>

#include "app/arguments.h"
#include "app/ends.h"
#include "model/key_list.h"

namespace godwit::app {

// What a list is called that was given as `text`; "-" is standard input.
std::string list_name(const std::string& text);

// A list that is to be read.
struct ListRequest {
    model::KeyListKind kind = model::KeyListKind::Keys;
    std::string text;  // as given: a file, "-", s3://bucket/key, http(s)://...
    EndOptions end;    // how S3 is reached

    // For messages and records: without what follows the '?' of a URL, which may be a signature.
    std::string name() const { return list_name(text); }
    std::string_view option() const { return kind == model::KeyListKind::Keys ? "--manifest" : "--prefixes"; }
};

// Absent when neither option was given. A list in S3 is reached as SRC is, if that is in S3, else as DST is.
// Fails with a usage error for what cannot be combined with a list.
Result<std::optional<ListRequest>> list_request(const Values& values, const EndsRequest& ends);

}  // namespace godwit::app
