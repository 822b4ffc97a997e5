#include "s3double/attributes.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace godwit::s3double {

namespace {

constexpr std::size_t kUserMetadataBytesMax = 2048;
constexpr std::size_t kTagsMax = 10, kTagKeyBytesMax = 128, kTagValueBytesMax = 256;
constexpr std::string_view kUserPrefix = "x-amz-meta-";

// Kept and given back as they are, in this spelling.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kContentHeaders{{
    {"content-type", "Content-Type"},
    {"cache-control", "Cache-Control"},
    {"content-disposition", "Content-Disposition"},
    {"content-encoding", "Content-Encoding"},
    {"content-language", "Content-Language"},
    {"expires", "Expires"},
    {"x-amz-website-redirect-location", "x-amz-website-redirect-location"},
}};

// "aws-chunked" describes the transfer, not the object.
std::string stored_encoding(std::string_view value) {
    std::string kept;
    while (!value.empty()) {
        std::size_t comma = value.find(',');
        std::string_view item = value.substr(0, comma);
        value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (item.empty() || equal_ignoring_case(item, "aws-chunked")) continue;
        kept.append(kept.empty() ? "" : ",").append(item);
    }
    return kept;
}

void read_content_headers(const Request& request, Attributes& out) {
    for (const auto& [lower, spelled] : kContentHeaders) {
        auto value = request.header(lower);
        if (!value) continue;
        std::string kept = lower == "content-encoding" ? stored_encoding(*value) : std::string(*value);
        if (!kept.empty()) out.headers.emplace_back(spelled, std::move(kept));
    }
    if (!request.header("content-type")) out.headers.emplace_back("Content-Type", "binary/octet-stream");
}

Outcome read_user_metadata(const Request& request, Attributes& out) {
    std::size_t size = 0;
    for (const HeaderView& header : request.headers()) {
        if (!header.name.starts_with(kUserPrefix)) continue;
        size += header.name.size() - kUserPrefix.size() + header.value.size();
        out.headers.emplace_back(header.name, header.value);
    }
    if (size <= kUserMetadataBytesMax) return std::nullopt;
    return Refusal{"MetadataTooLarge", "", "<MaxSizeAllowed>2048</MaxSizeAllowed>"};
}

std::optional<std::string> form_decoded(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return percent_decode(spaced);
}

}  // namespace

Outcome read_attributes(const Request& request, Attributes& out) {
    read_content_headers(request, out);
    if (auto refusal = read_user_metadata(request, out)) return refusal;
    out.storage_class = request.header_or_empty("x-amz-storage-class");
    if (out.storage_class == "STANDARD") out.storage_class.clear();
    for (const HeaderView& header : request.headers())
        if (header.name.starts_with("x-amz-server-side-encryption") && !header.name.ends_with("customer-key"))
            out.encryption.emplace_back(header.name, header.value);
    return read_tag_header(request.header_or_empty("x-amz-tagging"), out.tags);
}

Outcome read_tag_header(std::string_view header, TagList& out) {
    while (!header.empty()) {
        std::size_t amp = header.find('&');
        std::string_view item = header.substr(0, amp);
        header = amp == std::string_view::npos ? std::string_view() : header.substr(amp + 1);
        std::size_t equals = item.find('=');
        auto key = form_decoded(item.substr(0, equals));
        auto value = form_decoded(equals == std::string_view::npos ? "" : item.substr(equals + 1));
        if (!key || !value)
            return Refusal{"InvalidArgument", "The header 'x-amz-tagging' shall be encoded.", ""};
        out.emplace_back(std::move(*key), std::move(*value));
    }
    return check_tags(out);
}

Outcome check_tags(const TagList& tags) {
    if (tags.size() > kTagsMax) return Refusal{"BadRequest", "Object tags cannot be greater than 10", ""};
    for (std::size_t i = 0; i < tags.size(); ++i) {
        if (tags[i].first.empty() || tags[i].first.size() > kTagKeyBytesMax)
            return Refusal{"InvalidTag", "The TagKey you have provided is invalid", ""};
        if (tags[i].second.size() > kTagValueBytesMax)
            return Refusal{"InvalidTag", "The TagValue you have provided is invalid", ""};
        for (std::size_t j = 0; j < i; ++j)
            if (tags[j].first == tags[i].first)
                return Refusal{"InvalidTag", "Cannot provide multiple Tags with the same key", ""};
    }
    return std::nullopt;
}

void add_encryption(Response& response, const Attributes& attributes) {
    for (const auto& [name, value] : attributes.encryption) response.add(name, value);
}

void add_attributes(Response& response, const Attributes& attributes) {
    for (const auto& [name, value] : attributes.headers) response.add(name, value);
    if (!attributes.storage_class.empty()) response.add("x-amz-storage-class", attributes.storage_class);
    add_encryption(response, attributes);
    if (!attributes.tags.empty()) response.add("x-amz-tagging-count", std::to_string(attributes.tags.size()));
}

bool is_archived(const Attributes& attributes) {
    return attributes.storage_class == "GLACIER" || attributes.storage_class == "DEEP_ARCHIVE";
}

}  // namespace godwit::s3double
