#include "model/spellings.h"

#include <gmock/gmock.h>

namespace godwit::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(Spellings, F66_are_in_other_case_and_composed_otherwise) {
    EXPECT_THAT(other_spellings("ReadMe 1"), UnorderedElementsAre("README 1", "readme 1"));
    EXPECT_THAT(other_spellings("\u00e9"), UnorderedElementsAre("\u00c9", "e\u0301"));
    EXPECT_THAT(other_spellings("E\u0301"), UnorderedElementsAre("\u00c9", "e\u0301"));
    EXPECT_THAT(other_spellings("\u212b"), UnorderedElementsAre("\u00c5", "\u00e5", "A\u030a"));
    EXPECT_THAT(other_spellings("\ud55c"), ElementsAre("\u1112\u1161\u11ab"));
    EXPECT_THAT(other_spellings("\u044f"), ElementsAre("\u042f"));
}

TEST(Spellings, F66_there_are_none_of_what_has_no_letters) {
    EXPECT_THAT(other_spellings("12-34_~"), IsEmpty());
    EXPECT_THAT(other_spellings(""), IsEmpty());
    EXPECT_THAT(other_spellings("\u65e5\u672c"), IsEmpty());
}

TEST(Spellings, F66_of_what_is_no_utf8_are_in_the_other_case_of_ascii_letters_alone) {
    EXPECT_THAT(other_spellings("\xe9t\xe9"), ElementsAre("\xe9T\xe9"));
    EXPECT_THAT(other_spellings("\xff\xfe"), IsEmpty());
}

TEST(Spellings, F66_of_a_key_differ_in_one_component) {
    EXPECT_THAT(other_spellings(Key("Dir/1/a")),
                UnorderedElementsAre(Key("DIR/1/a"), Key("dir/1/a"), Key("Dir/1/A")));
    EXPECT_THAT(other_spellings(Key("a")), ElementsAre(Key("A")));
    EXPECT_THAT(other_spellings(Key("1/2")), IsEmpty());
    EXPECT_THAT(other_spellings(Key("Dir/")), IsEmpty());
    EXPECT_THAT(other_spellings(Key("")), IsEmpty());
}

}  // namespace
}  // namespace godwit::model
