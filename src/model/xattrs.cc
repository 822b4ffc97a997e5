#include "model/xattrs.h"

#include <algorithm>
#include <iterator>

#include "model/object.h"

namespace godwit::model {
namespace {

constexpr std::uint8_t kAllBits = 7;

std::optional<XattrClass> class_of(std::string_view name) {
    if (name.starts_with("user.")) return XattrClass::User;
    if (name == "system.posix_acl_access" || name == "system.posix_acl_default") return XattrClass::Acls;
    if (name.starts_with("trusted.") || name == "security.capability") return XattrClass::Privileged;
    return std::nullopt;
}

}  // namespace

XattrClasses XattrClasses::all() {
    return *from_bits(kAllBits);
}

std::optional<XattrClasses> XattrClasses::from_bits(std::uint8_t bits) {
    if (bits > kAllBits) return std::nullopt;
    XattrClasses classes;
    classes.bits_ = bits;
    return classes;
}

bool XattrClasses::include(std::string_view name) const {
    std::optional<XattrClass> found = class_of(name);
    return found && has(*found);
}

NamedValues XattrClasses::chosen_from(const NamedValues& xattrs) const {
    NamedValues chosen;
    std::ranges::copy_if(xattrs, std::back_inserter(chosen),
                         [this](const auto& xattr) { return include(xattr.first); });
    return chosen;
}

void keep_untold_xattrs(Metadata& metadata, const Metadata& before) {
    NamedValues kept = metadata.told_xattrs.chosen_from(metadata.xattrs);
    std::ranges::copy_if(before.xattrs, std::back_inserter(kept),
                         [&](const auto& xattr) { return !metadata.told_xattrs.include(xattr.first); });
    std::ranges::sort(kept);
    metadata.xattrs = std::move(kept);
}

bool same_xattrs(const Metadata& a, const Metadata& b, XattrClasses classes) {
    if (!classes.any()) return true;
    if (a.xattrs_malformed || b.xattrs_malformed) return false;
    return classes.chosen_from(a.xattrs) == classes.chosen_from(b.xattrs);
}

}  // namespace godwit::model
