// How one end is reached, and how objects are written there: from the command line's values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/arguments.h"
#include "posix/attributes.h"
#include "s3/probe.h"
#include "s3/request_options.h"

namespace godwit::store {
class Store;
}

namespace godwit::app {

enum class End : std::uint8_t { Source, Destination, Only };

struct EndOptions {
    std::string endpoint_url, profile, region, ca_file;
    s3::AddressStyle addressing = s3::AddressStyle::Auto;
    bool verify_tls = true;
    bool anonymous = false;
    bool request_payer = false;
};
// What was given for that end alone, else what was given for both.
EndOptions end_options(const Values& values, End end);

struct WriteOptions {
    s3::ObjectOptions s3_objects;
    s3::ChecksumChoice checksum = s3::ChecksumChoice::Auto;
    // The source path of a destination key; empty: no lineage is written.
    std::function<std::string(const std::string& key)> lineage;
    posix::AttributeOptions attributes;
    // Where it comes from, if the keys of both would meet in one bucket (s3::S3Options::source).
    const store::Store* source = nullptr;
};
// Fails with a usage error naming the option. Lineage and source are not filled in.
Result<WriteOptions> write_options(const Values& values);

}  // namespace godwit::app
