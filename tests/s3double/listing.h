// Pages of a bucket's keys, in byte order: prefix, delimiter, where to go on. Knows no XML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "s3double/world.h"

namespace godwit::s3double {

struct PageRequest {
    std::string prefix = {}, delimiter = {};
    // Keys strictly greater than this; a common prefix equal to it is not shown again.
    std::string after = {};
    std::size_t entries_max = 1000;
    // What a server would show that has not yet heard of the last change of each key.
    bool stale = false;
};

struct PageEntry {
    std::string key;
    bool is_prefix = false;
    std::uint64_t size_bytes = 0;
    std::string etag;
    std::int64_t modified_ns = 0;
    std::string storage_class = "STANDARD";
    std::string_view checksum_algorithm, checksum_type;  // empty: none
};

struct ListPage {
    std::vector<PageEntry> entries;
    bool truncated = false;
    // `after` of the next page.
    std::string next;
};

ListPage list_page(const Bucket& bucket, const PageRequest& request);

}  // namespace godwit::s3double
