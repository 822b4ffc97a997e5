#include "base/hmac.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace godwit {
namespace {

std::string hmac(const std::string& key, const std::string& message) {
    return HmacSha256(bytes_of(key)).of(bytes_of(message)).hex();
}

// RFC 4231, test cases 1, 2, 3, 6.
TEST(HmacSha256, gives_the_rfc_4231_vectors) {
    EXPECT_EQ(hmac(std::string(20, '\x0b'), "Hi There"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hmac("Jefe", "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac(std::string(20, '\xaa'), std::string(50, '\xdd')),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    EXPECT_EQ(hmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, can_be_used_again) {
    HmacSha256 keyed(bytes_of("key"));
    Digest first = keyed.of(bytes_of("a"));
    EXPECT_NE(keyed.of(bytes_of("b")), first);
    EXPECT_EQ(keyed.of(bytes_of("a")), first);
}

}  // namespace
}  // namespace godwit
