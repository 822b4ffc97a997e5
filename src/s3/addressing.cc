#include "s3/addressing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace godwit::s3 {

namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::size_t kBucketBytesMin = 3;
constexpr std::size_t kBucketBytesMax = 255;
constexpr std::size_t kDnsLabelBytesMax = 63;
constexpr std::size_t kKeyBytesMax = 1024;
constexpr std::string_view kDefaultRegion = "us-east-1";

bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_bucket_character(char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
}

// A name that can be one label of a host name: dots would fall outside a wildcard certificate.
bool is_dns_label(std::string_view text) {
    return !text.empty() && text.size() <= kDnsLabelBytesMax &&
           std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; }) &&
           text.front() != '-' && text.back() != '-';
}

bool is_ip_address(std::string_view host) {
    if (host.contains(':')) return true;
    return !host.empty() &&
           std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

Error uri_error(std::string_view uri, std::string cause) {
    return Error(ErrorKind::Invalid, "parse location", std::string(uri), std::move(cause));
}

Result<void> check_bucket(std::string_view uri, std::string_view bucket) {
    if (bucket.empty())
        return uri_error(uri, "the bucket is missing; write s3://bucket or s3://bucket/prefix");
    auto bad = std::ranges::find_if_not(bucket, is_bucket_character);
    if (bad != bucket.end()) {
        return uri_error(uri,
                         fmt::format("'{}' can't stand in a bucket's name; allowed are letters, digits, '.', "
                                     "'_' and '-'",
                                     printable(std::string_view(&*bad, 1))));
    }
    if (bucket.size() < kBucketBytesMin || bucket.size() > kBucketBytesMax) {
        return uri_error(uri, fmt::format("bucket '{}' has {} characters; allowed are {} to {}", bucket,
                                          bucket.size(), kBucketBytesMin, kBucketBytesMax));
    }
    return {};
}

Result<void> check_prefix(std::string_view uri, std::string_view prefix) {
    if (prefix.contains('\0')) return uri_error(uri, "a key can't hold a NUL byte");
    if (prefix.size() > kKeyBytesMax) {
        return uri_error(
            uri, fmt::format("the prefix has {} bytes; a key has at most {}", prefix.size(), kKeyBytesMax));
    }
    return {};
}

struct Partition {
    std::string_view region_prefix;
    std::string_view dns_suffix;
};
// Source: AWS's published partition metadata. The first that matches counts; "" is the aws partition.
constexpr std::array<Partition, 8> kPartitions{{
    {"cn-", "amazonaws.com.cn"},
    {"us-gov-", "amazonaws.com"},
    {"us-isob-", "sc2s.sgov.gov"},
    {"us-isof-", "csp.hci.ic.gov"},
    {"us-iso-", "c2s.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk"},
    {"eusc-", "amazonaws.eu"},
    {"", "amazonaws.com"},
}};

bool is_aws_host(std::string_view host) {
    return std::ranges::any_of(kPartitions, [host](const Partition& partition) {
        return host.ends_with(partition.dns_suffix) &&
               host.substr(0, host.size() - partition.dns_suffix.size()).ends_with('.');
    });
}

Error endpoint_error(std::string_view url, std::string cause) {
    return Error(ErrorKind::Invalid, "use endpoint", std::string(url), std::move(cause));
}

Result<bool> choose_virtual(AddressStyle style, const net::Origin& origin, bool is_aws,
                            std::string_view bucket) {
    if (style == AddressStyle::Path) return false;
    bool possible = is_dns_label(bucket) && !is_ip_address(origin.host);
    if (style == AddressStyle::Auto) return possible && is_aws;
    if (possible) return true;
    return endpoint_error(
        origin.display(),
        fmt::format("virtual addressing can't name bucket '{}' there: the bucket must be one DNS label (a-z, "
                    "0-9, '-') and the host no IP address; use addressing style path",
                    bucket));
}

std::string without_trailing_slashes(std::string path) {
    while (path.ends_with('/')) path.pop_back();
    return path;
}

}  // namespace

bool is_s3_uri(std::string_view text) {
    return text.starts_with(kScheme);
}

Result<S3Uri> parse_s3_uri(std::string_view text) {
    if (!is_s3_uri(text)) return uri_error(text, "no S3 URI; write s3://bucket or s3://bucket/prefix");
    std::string_view rest = text.substr(kScheme.size());
    if (rest.starts_with("arn:")) {
        return uri_error(text,
                         "access point ARNs are not supported; use the access point's alias as the bucket")
            .with_kind(ErrorKind::Unsupported);
    }
    std::size_t slash = rest.find('/');
    std::string_view bucket = rest.substr(0, slash);
    std::string_view prefix = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    GODWIT_TRY_VOID(check_bucket(text, bucket));
    GODWIT_TRY_VOID(check_prefix(text, prefix));
    return S3Uri{.bucket = std::string(bucket), .prefix = std::string(prefix)};
}

std::optional<AddressStyle> address_style_from(std::string_view name) {
    if (name == "auto") return AddressStyle::Auto;
    if (name == "path") return AddressStyle::Path;
    if (name == "virtual") return AddressStyle::Virtual;
    return std::nullopt;
}

bool is_region_name(std::string_view text) {
    return is_dns_label(text);
}

std::string_view aws_dns_suffix(std::string_view region) {
    auto found = std::ranges::find_if(
        kPartitions, [&](const Partition& partition) { return region.starts_with(partition.region_prefix); });
    return found->dns_suffix;
}

Result<Address> Address::make(const EndpointOptions& options, std::string_view bucket) {
    std::string region(options.region.empty() ? kDefaultRegion : std::string_view(options.region));
    if (!is_region_name(region)) {
        return endpoint_error(options.url,
                              fmt::format("'{}' is no region name; allowed are 1 to {} of a-z, 0-9 and "
                                          "'-', like us-east-1",
                                          printable(region), kDnsLabelBytesMax));
    }
    std::string text =
        options.url.empty() ? fmt::format("https://s3.{}.{}", region, aws_dns_suffix(region)) : options.url;
    GODWIT_TRY(net::Url url, net::parse_url(text));
    if (!url.query.empty())
        return endpoint_error(text, "an endpoint has no query; write https://host[:port][/path]");

    Address address;
    address.origin_ = std::move(url.origin);
    address.region_ = std::move(region);
    address.bucket_ = bucket;
    address.is_aws_ = is_aws_host(address.origin_.host);
    GODWIT_TRY(address.virtual_hosted_,
               choose_virtual(options.style, address.origin_, address.is_aws_, bucket));

    std::string base = without_trailing_slashes(std::move(url.path));
    address.endpoint_ = address.origin_.display() + base;
    address.base_path_ = base + "/";
    if (address.virtual_hosted_) {
        address.origin_.host = fmt::format("{}.{}", bucket, address.origin_.host);
    } else {
        address.base_path_ += percent_encode(bucket, Keep::Unreserved) + "/";
    }
    address.host_ = address.origin_.authority();
    return address;
}

std::string Address::path(std::string_view key) const {
    if (!key.empty()) return base_path_ + percent_encode(key, Keep::UnreservedSlash);
    // "/bucket/" and "/bucket" are the same to S3; the shorter one is what every client sends.
    return base_path_.size() > 1 ? base_path_.substr(0, base_path_.size() - 1) : base_path_;
}

std::string Address::copy_source(std::string_view key, std::string_view version_id) const {
    std::string out = bucket_ + "/" + percent_encode(key, Keep::UnreservedSlash);
    if (!version_id.empty()) out += "?versionId=" + percent_encode(version_id, Keep::Unreserved);
    return out;
}

std::string Address::canonical() const {
    return fmt::format("s3:{}/{}", endpoint_, bucket_);
}

}  // namespace godwit::s3
