// --manifest and --prefixes: a run is about what a list names, at both ends.
#pragma once

#include <optional>
#include <string>

#include "app/arguments.h"
#include "app/ends.h"
#include "model/key_list.h"

namespace godwit::app {

// A list that is to be read.
struct ListRequest {
    model::KeyListKind kind = model::KeyListKind::Keys;
    std::string text;  // as given: a file, "-", s3://bucket/key, http(s)://...
    EndOptions end;    // how S3 is reached

    std::string_view option() const { return kind == model::KeyListKind::Keys ? "--manifest" : "--prefixes"; }
};

// Absent when neither option was given. A list in S3 is reached as SRC is, if that is in S3, else as DST is.
// Fails with a usage error for what cannot be combined with a list.
Result<std::optional<ListRequest>> list_request(const Values& values, const EndsRequest& ends);

}  // namespace godwit::app
