#include "model/xattrs.h"

#include <gtest/gtest.h>

#include "model/object.h"

namespace godwit::model {
namespace {

XattrClasses classes(std::uint8_t bits) {
    return *XattrClasses::from_bits(bits);
}

TEST(XattrClasses, G70_a_name_is_in_one_class_or_in_none) {
    struct Case {
        std::string_view name;
        std::uint8_t bits;
    };
    for (const auto& [name, bits] : std::initializer_list<Case>{{"user.comment", 1},
                                                                {"user.", 1},
                                                                {"system.posix_acl_access", 2},
                                                                {"system.posix_acl_default", 2},
                                                                {"trusted.overlay.opaque", 4},
                                                                {"security.capability", 4},
                                                                {"security.selinux", 0},
                                                                {"security.capability2", 0},
                                                                {"system.nfs4_acl", 0},
                                                                {"userx", 0},
                                                                {"", 0}}) {
        for (std::uint8_t one = 1; one <= 4; one = static_cast<std::uint8_t>(2 * one))
            EXPECT_EQ(classes(one).include(name), one == bits) << name;
        EXPECT_EQ(classes(7).include(name), bits != 0) << name;
        EXPECT_FALSE(classes(0).include(name)) << name;
    }
    EXPECT_FALSE(XattrClasses::from_bits(8));
}

TEST(XattrClasses, cover_those_that_ask_for_no_more) {
    EXPECT_TRUE(classes(3).covers(classes(1)));
    EXPECT_TRUE(classes(0).covers(classes(0)));
    EXPECT_FALSE(classes(3).covers(classes(4)));
    EXPECT_FALSE(classes(0).covers(classes(2)));
}

TEST(KeepUntoldXattrs, replaces_what_is_told_and_leaves_the_rest) {
    Metadata before, now;
    before.xattrs = {{"system.posix_acl_access", "1"}, {"trusted.a", "1"}, {"user.a", "1"}};
    now.xattrs = {{"user.b", "2"}};
    now.told_xattrs = classes(5);
    keep_untold_xattrs(now, before);
    EXPECT_EQ(now.xattrs, (NamedValues{{"system.posix_acl_access", "1"}, {"user.b", "2"}}));
    Metadata silent;
    keep_untold_xattrs(silent, before);
    EXPECT_EQ(silent.xattrs, before.xattrs);
}

TEST(SameXattrs, compares_those_of_the_classes_alone) {
    Metadata a, b;
    a.xattrs = {{"trusted.x", "1"}, {"user.a", "1"}};
    b.xattrs = {{"user.a", "1"}};
    EXPECT_TRUE(same_xattrs(a, b, classes(0)));
    EXPECT_TRUE(same_xattrs(a, b, classes(3)));
    EXPECT_FALSE(same_xattrs(a, b, classes(5)));
    b.xattrs[0].second = "2";
    EXPECT_FALSE(same_xattrs(a, b, classes(1)));
}

TEST(SameXattrs, what_cannot_be_understood_equals_nothing) {
    Metadata a, b;
    a.xattrs_malformed = true;
    EXPECT_FALSE(same_xattrs(a, b, classes(1)));
    EXPECT_FALSE(same_xattrs(b, a, classes(1)));
    EXPECT_TRUE(same_xattrs(a, b, classes(0)));
}

}  // namespace
}  // namespace godwit::model
