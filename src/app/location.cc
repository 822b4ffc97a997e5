#include "app/location.h"

#include <fmt/format.h>

#include <algorithm>

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
    if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
    return location;
}

}  // namespace

std::string Location::name() const {
    std::string full = is_s3() ? s3.prefix : path;
    if (is_s3() && !full.empty()) full.pop_back();
    return full.substr(full.rfind('/') + 1);
}

Location Location::parent() const {
    Location parent = *this;
    if (is_s3()) {
        parent.s3.prefix.resize(s3.prefix.size() - name().size() - 1);
    } else {
        std::size_t slash = path.rfind('/');
        parent.path = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
    }
    parent.ends_in_slash = true;
    parent.text = parent.display();
    return parent;
}

Location Location::child(std::string_view child_name) const {
    Location child = *this;
    if (is_s3()) {
        child.s3.prefix.append(child_name).append("/");
    } else {
        if (!path.ends_with('/')) child.path += '/';
        child.path += child_name;
    }
    child.ends_in_slash = false;
    child.text = child.display();
    return child;
}

std::string Location::display() const {
    if (!is_s3()) return path;
    std::string uri = fmt::format("s3://{}/{}", s3.bucket, s3.prefix);
    // "s3://bucket/a//" is not "s3://bucket/a/", which is the same as "s3://bucket/a".
    if (s3.prefix != "/" && !s3.prefix.ends_with("//")) uri.pop_back();
    return uri;
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
