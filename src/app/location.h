// What SRC, DST and URI may be: a path of this machine, or s3://bucket/prefix.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "s3/addressing.h"

namespace godwit::app {

enum class LocationKind : std::uint8_t { Posix, S3 };

struct Location {
    LocationKind kind = LocationKind::Posix;
    std::string text;  // as written
    // Posix: as written, without slashes at the end ("/" stays).
    std::string path;
    // S3: the prefix is empty or ends in '/', once more than it was written with if it did not: "a//" and "/"
    // are prefixes of their own.
    s3::S3Uri s3;
    // It ends in '/': of a single file or object this says "into it".
    bool ends_in_slash = false;

    bool is_s3() const { return kind == LocationKind::S3; }
    // Its last name: "b.csv" of "/a/b.csv". Empty for "/" and for a whole bucket.
    std::string name() const;
    // What holds it. Must have a name.
    Location parent() const;
    // What lies in it under `name`.
    Location child(std::string_view name) const;
    // In its shortest written form.
    std::string display() const;
};

// `argument` is what the text was given as ("SRC"). Fails with a usage error that says what is wrong
// and what is allowed.
Result<Location> parse_location(std::string_view argument, const std::string& text);

}  // namespace godwit::app
