#include "base/encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace godwit {
namespace {

std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Base64, gives_the_rfc_4648_vectors) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(base64_encode(bytes_of(plain)), coded);
        auto decoded = base64_decode(coded);
        ASSERT_TRUE(decoded) << coded;
        EXPECT_EQ(text_of(*decoded), plain);
    }
}

TEST(Base64, refuses_what_its_encoder_does_not_write) {
    for (const char* text : {"Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Z===", "Zg==Zg==", "Zm 9",
                             "Zm9v\n", "Zm-v", "Zm_v", "=Zm9"}) {
        EXPECT_EQ(base64_decode(text), std::nullopt) << text;
    }
}

RC_GTEST_PROP(Base64, decodes_what_it_encoded, (const std::string& text)) {
    auto decoded = base64_decode(base64_encode(bytes_of(text)));
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(text_of(*decoded) == text);
}

RC_GTEST_PROP(Base64, has_one_text_for_one_value, (const std::string& text)) {
    auto decoded = base64_decode(text);
    if (decoded) RC_ASSERT(base64_encode(*decoded) == text);
}

TEST(Hex, is_lower_case_and_reads_both) {
    EXPECT_EQ(hex_encode(bytes_of("\x01\xAB\xff")), "01abff");
    EXPECT_EQ(hex_decode("01aBFf"), hex_decode("01abff"));
    EXPECT_EQ(text_of(*hex_decode("01abff")), "\x01\xAB\xff");
}

TEST(Hex, refuses_odd_length_and_foreign_characters) {
    for (const char* text : {"0", "0g", "g0", " 1", "0x"}) EXPECT_EQ(hex_decode(text), std::nullopt) << text;
}

TEST(PercentEncoding, keeps_only_the_unreserved_set) {
    std::string unreserved = "AZaz09-._~";
    EXPECT_EQ(percent_encode(unreserved, Keep::Unreserved), unreserved);
    EXPECT_EQ(percent_encode("a/b c+%\n\xff", Keep::Unreserved), "a%2Fb%20c%2B%25%0A%FF");
    EXPECT_EQ(percent_encode("a/b c+%\n\xff", Keep::UnreservedSlash), "a/b%20c%2B%25%0A%FF");
    EXPECT_EQ(percent_encode(std::string_view("\0", 1), Keep::Unreserved), "%00");
}

TEST(PercentEncoding, leaves_the_plus_sign_alone_when_decoding) {
    EXPECT_EQ(percent_decode("a+b%2b%2B"), "a+b++");
}

TEST(PercentEncoding, refuses_broken_escapes) {
    for (const char* text : {"%", "%4", "a%", "%g0", "%0g", "%%41"})
        EXPECT_EQ(percent_decode(text), std::nullopt);
}

RC_GTEST_PROP(PercentEncoding, decodes_what_it_encoded, (const std::string& text)) {
    RC_ASSERT(percent_decode(percent_encode(text, Keep::Unreserved)) == text);
    RC_ASSERT(percent_decode(percent_encode(text, Keep::UnreservedSlash)) == text);
}

}  // namespace
}  // namespace godwit
