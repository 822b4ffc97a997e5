// One HTTP/1.1 request head, read strictly (RFC 9112): what a careful server would refuse is
// refused, so that a client that frames its requests wrongly is found out here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace godwit::s3double {

constexpr std::size_t kHeadBytesMax = 64u << 10;
constexpr std::size_t kHeadersMax = 128;

struct HeaderView {
    std::string_view name;   // lower case
    std::string_view value;  // without surrounding white space
};

struct QueryItem {
    std::string name, value;  // decoded
};

class Request {
  public:
    // Takes `head`, which ends with the empty line. Fails with Invalid for anything malformed.
    Result<void> parse(std::string_view head);

    std::string_view method() const { return method_; }
    // As sent, still encoded.
    std::string_view path() const { return path_; }
    std::string_view query() const { return query_; }
    const std::vector<HeaderView>& headers() const { return headers_; }
    const std::vector<QueryItem>& parameters() const { return parameters_; }

    // `name` in lower case. Absent is not the same as empty.
    std::optional<std::string_view> header(std::string_view name) const;
    std::string_view header_or_empty(std::string_view name) const { return header(name).value_or(""); }
    std::optional<std::string_view> parameter(std::string_view name) const;
    bool has_parameter(std::string_view name) const { return parameter(name).has_value(); }

    // Split from the path (or the Host) and decoded.
    const std::string& bucket() const { return bucket_; }
    const std::string& key() const { return key_; }
    // "bucket.DOMAIN" in Host names the bucket; everything else is path style.
    Result<void> split_target(std::string_view domain);

    // Absent: no Content-Length. Its form was checked by parse().
    std::optional<std::uint64_t> content_length() const { return content_length_; }
    bool chunked() const { return chunked_; }
    bool expects_continue() const { return expects_continue_; }
    bool wants_close() const { return wants_close_; }

  private:
    Result<void> parse_request_line(std::string_view line);
    Result<void> parse_header(std::size_t begin, std::size_t end);
    Result<void> note_framing();
    Result<void> parse_query();

    // Owns what the views point into; names of headers are lowered in place.
    std::string text_;
    std::string_view method_, path_, query_;
    std::vector<HeaderView> headers_;
    std::vector<QueryItem> parameters_;
    std::string bucket_, key_;
    std::optional<std::uint64_t> content_length_;
    bool chunked_ = false, expects_continue_ = false, wants_close_ = false;
};

// A whole decimal number. Absent for signs, spaces, overflow and an empty text.
std::optional<std::uint64_t> parse_number(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace godwit::s3double
