#include "app/location.h"

#include <fmt/format.h>

#include "app/exit_code.h"

namespace godwit::app {
namespace {

constexpr std::string_view kAllowed = "a location is a path or s3://bucket/prefix";

std::string without_end_slashes(std::string text) {
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

// "gs" of "gs://bucket"; empty when the text does not begin like that.
std::string_view scheme_of(std::string_view text) {
    std::size_t end = text.find("://");
    if (end == std::string_view::npos || end == 0) return {};
    std::string_view scheme = text.substr(0, end);
    bool is_scheme =
        scheme.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-") ==
        std::string_view::npos;
    return is_scheme ? scheme : std::string_view();
}

Result<Location> parse_s3(std::string_view argument, Location location) {
    Result<s3::S3Uri> uri = s3::parse_s3_uri(location.text);
    if (!uri) {
        return usage_error(fmt::format("{} {}", argument, location.text), uri.error().cause());
    }
    location.kind = LocationKind::S3;
    location.s3 = std::move(*uri);
    std::string& prefix = location.s3.prefix;
    // Only one: "a//" is another prefix than "a/".
    if (prefix.ends_with('/')) prefix.pop_back();
    return location;
}

}  // namespace

std::string Location::name() const {
    const std::string& full = is_s3() ? s3.prefix : path;
    std::size_t slash = full.rfind('/');
    return slash == std::string::npos ? full : full.substr(slash + 1);
}

Location Location::parent() const {
    Location parent = *this;
    std::string& full = parent.is_s3() ? parent.s3.prefix : parent.path;
    std::size_t slash = full.rfind('/');
    if (slash == std::string::npos) {
        full = is_s3() ? "" : ".";
    } else {
        full.resize(slash == 0 && !is_s3() ? 1 : slash);
    }
    parent.ends_in_slash = true;
    parent.text = parent.display();
    return parent;
}

Location Location::child(std::string_view child_name) const {
    Location child = *this;
    std::string& full = child.is_s3() ? child.s3.prefix : child.path;
    if (!full.empty() && !full.ends_with('/')) full += '/';
    full += child_name;
    child.ends_in_slash = false;
    child.text = child.display();
    return child;
}

std::string Location::display() const {
    if (!is_s3()) return path;
    return s3.prefix.empty() ? fmt::format("s3://{}", s3.bucket)
                             : fmt::format("s3://{}/{}", s3.bucket, s3.prefix);
}

Result<Location> parse_location(std::string_view argument, const std::string& text) {
    Location location;
    location.text = text;
    location.ends_in_slash = text.ends_with('/');
    std::string written = fmt::format("{} {}", argument, text.empty() ? "\"\"" : text);
    if (text.empty()) return usage_error(written, fmt::format("is empty; {}", kAllowed));
    if (s3::is_s3_uri(text)) return parse_s3(argument, std::move(location));
    if (std::string_view scheme = scheme_of(text); !scheme.empty()) {
        return usage_error(written,
                           fmt::format("`{}://` is not known; {}; a path with :// in it can be written ./{}",
                                       scheme, kAllowed, text));
    }
    if (text.starts_with("s3:"))
        return usage_error(written, fmt::format("`//` is missing after `s3:`; {}", kAllowed));
    location.path = without_end_slashes(text);
    return location;
}

}  // namespace godwit::app
