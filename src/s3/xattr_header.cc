#include "s3/xattr_header.h"

#include <algorithm>

#include "base/encoding.h"

namespace godwit::s3 {
namespace {

using NamedValue = model::NamedValues::value_type;

std::optional<NamedValue> decode_one(std::string_view text) {
    std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
    std::optional<std::string> name = percent_decode(text.substr(0, equals));
    auto value = base64_decode(text.substr(equals + 1));
    // A NUL ends a name wherever it is handed on.
    if (!name || !value || name->contains('\0')) return std::nullopt;
    // What two texts could stand for is none of ours.
    if (percent_encode(*name, Keep::Unreserved) != text.substr(0, equals)) return std::nullopt;
    return NamedValue(*std::move(name),
                      std::string(reinterpret_cast<const char*>(value->data()), value->size()));
}

}  // namespace

std::string encode_xattrs(const model::NamedValues& xattrs) {
    std::string text;
    for (const auto& [name, value] : xattrs) {
        if (!text.empty()) text += ',';
        text += percent_encode(name, Keep::Unreserved);
        text += '=';
        text += base64_encode(bytes_of(value));
    }
    return text;
}

std::optional<model::NamedValues> decode_xattrs(std::string_view value) {
    model::NamedValues xattrs;
    for (bool more = true; more;) {
        std::string_view one = value.substr(0, value.find(','));
        more = one.size() < value.size();
        value.remove_prefix(std::min(one.size() + 1, value.size()));
        std::optional<NamedValue> decoded = decode_one(one);
        if (!decoded) return std::nullopt;
        bool in_order = xattrs.empty() || xattrs.back().first < decoded->first;
        if (!in_order) return std::nullopt;
        xattrs.push_back(*std::move(decoded));
    }
    return xattrs;
}

}  // namespace godwit::s3
