#include "net/url.h"

#include <gtest/gtest.h>

#include "net/address.h"

namespace godwit::net {
namespace {

TEST(Url, takes_scheme_host_port_path_and_query_apart) {
    Url url = parse_url("https://Bucket.s3.Example.com:8443/a/b%20c?list-type=2&x").value();
    EXPECT_TRUE(url.origin.tls);
    EXPECT_EQ(url.origin.host, "bucket.s3.example.com");
    EXPECT_EQ(url.origin.port, 8443);
    EXPECT_EQ(url.path, "/a/b%20c");
    EXPECT_EQ(url.query, "list-type=2&x");
}

TEST(Url, fills_in_the_default_port_and_path) {
    EXPECT_EQ(parse_url("https://h")->origin.port, 443);
    EXPECT_EQ(parse_url("http://h")->origin.port, 80);
    EXPECT_EQ(parse_url("HTTP://h")->path, "/");
    Url query_only = parse_url("http://h?q").value();
    EXPECT_EQ(query_only.path, "/");
    EXPECT_EQ(query_only.query, "q");
}

TEST(Url, keeps_ipv6_without_brackets_in_its_shortest_form) {
    Origin origin = parse_url("http://[2001:DB8:0::1]:9000/")->origin;
    EXPECT_EQ(origin.host, "2001:db8::1");
    EXPECT_EQ(origin.authority(), "[2001:db8::1]:9000");
    EXPECT_EQ(origin.display(), "http://[2001:db8::1]:9000");
    EXPECT_EQ(parse_url("http://[::1]")->origin.authority(), "[::1]");
}

TEST(Url, writes_the_port_in_an_authority_only_when_it_is_not_the_schemes) {
    EXPECT_EQ(parse_url("https://h:443")->origin.authority(), "h");
    EXPECT_EQ(parse_url("http://h:443")->origin.authority(), "h:443");
    EXPECT_EQ(parse_url("http://h")->origin.display(), "http://h:80");
}

TEST(Url, refuses_what_is_no_url) {
    for (const char* text : {"",
                             "h",
                             "ftp://h",
                             "http",
                             "https",
                             "http:",
                             "http:/",
                             "http://",
                             "http:///p",
                             "http://:80",
                             "http://h:0",
                             "http://h:65536",
                             "http://h:8 0",
                             "http://h:",
                             "http://h:-1",
                             "http://h:+80",
                             "http://[::1",
                             "http://[::1]x",
                             "http://[fe80::1%25eth0]/",
                             "http://[1.2.3.4]",
                             "http://a b/",
                             "http://h/a b",
                             "http://h/\r\nX: y",
                             "http://h/\x01",
                             "http://h/#f",
                             "http://h\\x",
                             "http://h/\xc3\xa9",
                             "//h/p"}) {
        auto url = parse_url(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().kind(), ErrorKind::Invalid) << text;
    }
    EXPECT_FALSE(parse_url("http://" + std::string(254, 'a')));
    EXPECT_FALSE(parse_url(std::string_view("http://h\0x/", 11)));
}

TEST(Url, refuses_user_information_without_repeating_it) {
    auto url = parse_url("https://AKIA:s3cr3t@host/p?X-Amz-Signature=feed");
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().message().find("s3cr3t"), std::string::npos);
    EXPECT_EQ(url.error().message().find("AKIA"), std::string::npos);
    EXPECT_EQ(url.error().message().find("feed"), std::string::npos);
    EXPECT_NE(url.error().message().find("user information"), std::string::npos);
}

TEST(Url, splits_user_information_off_the_authority_only) {
    SplitUserInfo split = split_user_info("http://u:p@h:1/a@b");
    EXPECT_EQ(split.user_info, "u:p");
    EXPECT_EQ(split.url, "http://h:1/a@b");
    EXPECT_EQ(split_user_info("http://h/a@b").user_info, "");
}

TEST(Address, is_parsed_from_literals_only) {
    EXPECT_EQ(Address::parse("192.0.2.1", 80)->display(), "192.0.2.1:80");
    EXPECT_EQ(Address::parse("2001:db8::1", 443)->display(), "[2001:db8::1]:443");
    for (std::string_view text : {"", "h", "1.2.3", "1.2.3.4.5", "2130706433", "0x7f.1", "::1%lo", "[::1]"}) {
        EXPECT_FALSE(Address::parse(text, 1)) << text;
    }
    EXPECT_FALSE(Address::parse(std::string_view("::1\0", 4), 1));
}

TEST(Address, is_ordered_and_equal_by_family_port_and_bytes) {
    Address a = *Address::parse("10.0.0.1", 1);
    EXPECT_EQ(a, *Address::parse("10.0.0.1", 1));
    EXPECT_FALSE(a == a.with_port(2));
    EXPECT_TRUE(a < *Address::parse("10.0.0.2", 1));
    EXPECT_EQ(a.ip_bytes(), std::string_view("\x0a\0\0\x01", 4));
}

}  // namespace
}  // namespace godwit::net
