// Where a bucket's objects are on the network: URI, endpoint, region and addressing style in, origin
// and request path out.
//
// Keys become paths by percent-encoding every byte but unreserved ones and '/', exactly once:
// "a//b", "../x" and "%41" are keys like others, and arrive as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_client.h"

namespace godwit::s3 {

struct S3Uri {
    std::string bucket;
    // The bytes after "s3://bucket/", as written: nothing in them is decoded or normalised.
    std::string prefix;
};

// Parses "s3://bucket" and "s3://bucket/prefix". Fails with Invalid naming what is wrong and what is
// allowed (bucket 3 to 255 of A-Z a-z 0-9 . _ -; prefix up to 1,024 bytes without NUL), and with
// Unsupported for access point ARNs.
Result<S3Uri> parse_s3_uri(std::string_view text);
bool is_s3_uri(std::string_view text);

enum class AddressStyle : std::uint8_t {
    Auto,     // virtual at AWS unless the bucket's name has dots or is no DNS label; path elsewhere
    Path,     // https://host/bucket/key
    Virtual,  // https://bucket.host/key
};
// "auto", "path", "virtual": the values of the `addressing_style` setting.
std::optional<AddressStyle> address_style_from(std::string_view name);

struct EndpointOptions {
    // "https://host[:port][/base]"; empty: AWS, by region.
    std::string url = {};
    // Empty: us-east-1.
    std::string region = {};
    AddressStyle style = AddressStyle::Auto;
};

// One bucket at one endpoint. Immutable.
class Address {
  public:
    // Fails with Invalid when the URL is none, the region is no region name, or the style cannot
    // name that bucket there.
    static Result<Address> make(const EndpointOptions& options, std::string_view bucket);

    const net::Origin& origin() const { return origin_; }
    // The value of the Host header.
    const std::string& host() const { return host_; }
    const std::string& region() const { return region_; }
    const std::string& bucket() const { return bucket_; }
    bool virtual_hosted() const { return virtual_hosted_; }
    // An AWS host: retrying in another region makes sense, and all checksums are known there.
    bool is_aws() const { return is_aws_; }

    // The path of a key for the request line and the signature; an empty key is the bucket itself.
    std::string path(std::string_view key) const;
    // For x-amz-copy-source: "bucket/key", percent-encoded, with "?versionId=..." unless empty.
    std::string copy_source(std::string_view key, std::string_view version_id) const;
    // "https://host:port/base", the endpoint without the bucket: two addresses with equal endpoints
    // can copy inside the server.
    const std::string& endpoint() const { return endpoint_; }
    // "s3:https://host:port/bucket"
    std::string canonical() const;

  private:
    Address() = default;

    net::Origin origin_;
    std::string host_;
    std::string endpoint_;
    std::string base_path_;  // what stands before a key: "/", "/bucket/" or "/base/bucket/"
    std::string region_;
    std::string bucket_;
    bool virtual_hosted_ = false;
    bool is_aws_ = false;
};

// "amazonaws.com", "amazonaws.com.cn", ...: the DNS suffix of the partition that a region is in.
std::string_view aws_dns_suffix(std::string_view region);
// 1 to 63 of a-z 0-9 and '-', not '-' at either end: what can stand in a host name and a scope.
bool is_region_name(std::string_view text);

}  // namespace godwit::s3
