#include "s3/encoded_words.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/utf8.h"

namespace godwit::s3 {
namespace {

TEST(EncodeWords, plain_text_stays) {
    for (std::string_view value : {"", "a", "a b", "path/to file.txt", "100%", "~!@#$%^&*()_+", "a = ?b?"}) {
        EXPECT_EQ(encode_words(value), value);
    }
}

TEST(EncodeWords, writes_what_s3_returns_for_text_that_is_not_ascii) {
    EXPECT_EQ(encode_words("\xc3\x84MÄZÕÑ S3"), "=?UTF-8?B?w4RNw4Raw5XDkSBTMw==?=");
    EXPECT_EQ(encode_words("\xe4"), "=?ISO-8859-1?B?5A==?=");
    EXPECT_EQ(encode_words(" a"), "=?UTF-8?B?IGE=?=");
}

TEST(EncodeWords, G73_every_value_survives_and_travels) {
    std::vector<std::string> values{
        "a  b",
        " lead",
        "trail ",
        "tab\there",
        "=?UTF-8?B?w4Q=?=",
        "x=?y",
        "日本語のとても長いファイル名がここにあり、一語には収まらないので分けられる.txt",
        std::string(500, 'a') + "é",
        "a\xc3\xa9 b\xc3\xa9"};
    for (int c = 0x20; c < 0x7f; ++c) values.push_back(std::string("é") + static_cast<char>(c));
    for (const std::string& value : values) {
        std::string encoded = encode_words(value);
        EXPECT_EQ(decode_words(encoded), value);
        EXPECT_TRUE(std::ranges::all_of(encoded, [](char c) { return c >= ' ' && c <= '~'; })) << encoded;
        EXPECT_FALSE(encoded.contains("  "));
        EXPECT_EQ(encoded, value == "" ? "" : encoded);
    }
}

TEST(EncodeWords, no_word_is_longer_than_75_characters_or_cuts_a_character) {
    std::string value;
    for (int i = 0; i < 200; ++i) value += i % 3 ? "é" : "日";
    std::string encoded = encode_words(value);
    std::size_t begin = 0;
    int words = 0;
    while (begin < encoded.size()) {
        std::size_t end = std::min(encoded.find(' ', begin), encoded.size());
        std::string word = encoded.substr(begin, end - begin);
        EXPECT_LE(word.size(), 75u);
        EXPECT_TRUE(is_utf8(decode_words(word)));
        begin = end + 1;
        ++words;
    }
    EXPECT_GT(words, 1);
}

TEST(DecodeWords, reads_the_forms_of_others) {
    EXPECT_EQ(decode_words("=?UTF-8?Q?=C3=84_b=3D?="), "Ä b=");
    EXPECT_EQ(decode_words("=?utf-8?q?a%41?="), "a%41");
    EXPECT_EQ(decode_words("=?iso-8859-1?Q?=E4?="), "ä");
    EXPECT_EQ(decode_words("=?US-ASCII?B?YQ==?="), "a");
    EXPECT_EQ(decode_words("plain =?UTF-8?B?w4Q=?= text"), "plain Ä text");
    EXPECT_EQ(decode_words("=?UTF-8?B?w4Q=?= =?UTF-8?B?w4Q=?="), "ÄÄ");
}

TEST(DecodeWords, what_is_no_word_stays) {
    for (std::string_view value :
         {"=?", "=?UTF-8?B?", "=?UTF-8?B?***?=", "=?UTF-8?X?YQ==?=", "=?KOI8-R?B?YQ==?=", "x=?UTF-8?B?YQ==?=",
          "=?UTF-8?Q?=4?=", "a  b", "=??B?YQ==?=", "=?UTF-8?B?YQ==?=x"}) {
        EXPECT_EQ(decode_words(value), value);
    }
}

TEST(Utf8Cut, never_cuts_a_sequence) {
    EXPECT_EQ(utf8_cut("aé日", 10), 6u);
    EXPECT_EQ(utf8_cut("aé日", 5), 3u);
    EXPECT_EQ(utf8_cut("aéé日", 4), 3u);
    EXPECT_EQ(utf8_cut("abcdef", 4), 4u);
}

}  // namespace
}  // namespace godwit::s3
