// Extended attributes that travel with an object, by request alone, in three classes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/named_values.h"

namespace godwit::model {

struct Metadata;

// Bits; stored in the ledger: never renumber.
enum class XattrClass : std::uint8_t {
    User = 1,        // user.*
    Acls = 2,        // system.posix_acl_access and _default, in the kernel's own form
    Privileged = 4,  // trusted.* and security.capability: whoever may set them may gain privilege by them
};

// Labels of a machine's own policy (security.selinux, security.ima and the like) are in no class.
class XattrClasses {
  public:
    XattrClasses() = default;
    static XattrClasses all();
    // Absent for bits that are no class.
    static std::optional<XattrClasses> from_bits(std::uint8_t bits);
    std::uint8_t bits() const { return bits_; }

    void add(XattrClass one) { bits_ |= static_cast<std::uint8_t>(one); }
    bool any() const { return bits_ != 0; }
    bool has(XattrClass one) const { return bits_ & static_cast<std::uint8_t>(one); }
    // Does this hold all of `others`?
    bool covers(XattrClasses others) const { return (others.bits_ & ~bits_) == 0; }
    // Is an attribute of this name, "user.comment", in one of the classes?
    bool include(std::string_view name) const;
    // Those of `xattrs` that are, in the same order.
    NamedValues chosen_from(const NamedValues& xattrs) const;

    friend bool operator==(XattrClasses, XattrClasses) = default;

  private:
    std::uint8_t bits_ = 0;
};

// `metadata` for an object that has `before`: of what is not told, what was there stays.
void keep_untold_xattrs(Metadata& metadata, const Metadata& before);

// Are those of the classes the same at both? False when either cannot be understood.
bool same_xattrs(const Metadata& a, const Metadata& b, XattrClasses classes);

}  // namespace godwit::model
