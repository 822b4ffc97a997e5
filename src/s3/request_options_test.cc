#include "s3/request_options.h"

#include <gtest/gtest.h>

#include <map>

namespace godwit::s3 {
namespace {

using Headers = std::map<std::string, std::string>;

Headers headers_of(const HeaderList& list) {
    Headers headers;
    for (std::size_t i = 0; i < list.size(); ++i) headers[std::string(list.name(i))] = list.value(i);
    return headers;
}

ObjectOptions with_customer_key() {
    ObjectOptions options;
    options.customer_key = std::string(32, 'k');
    return options;
}

TEST(ObjectOptions, none_add_nothing) {
    HeaderList list;
    add_object_options({}, list);
    add_bytes_options({}, list);
    add_copy_source_options({}, list);
    add_request_payer({}, list);
    EXPECT_EQ(list.size(), 0u);
}

TEST(ObjectOptions, go_where_an_object_comes_into_being) {
    ObjectOptions options;
    options.storage_class = "STANDARD_IA";
    options.acl = "bucket-owner-full-control";
    options.encryption = "aws:kms";
    options.kms_key_id = "alias/x";
    options.request_payer = true;
    ASSERT_TRUE(check(options));
    HeaderList object, bytes;
    add_object_options(options, object);
    add_bytes_options(options, bytes);
    EXPECT_EQ(headers_of(object), (Headers{{"x-amz-storage-class", "STANDARD_IA"},
                                           {"x-amz-acl", "bucket-owner-full-control"},
                                           {"x-amz-server-side-encryption", "aws:kms"},
                                           {"x-amz-server-side-encryption-aws-kms-key-id", "alias/x"},
                                           {"x-amz-request-payer", "requester"}}));
    EXPECT_EQ(headers_of(bytes), (Headers{{"x-amz-request-payer", "requester"}}));
    EXPECT_TRUE(options.hides_md5());
}

TEST(ObjectOptions, whoever_pays_for_either_side_of_a_copy_says_so_once) {
    ObjectOptions payer;
    payer.request_payer = true;
    for (bool destination_too : {false, true}) {
        HeaderList list;
        if (destination_too) add_object_options(payer, list);
        add_copy_source_options(payer, list);
        ASSERT_EQ(list.size(), 1u);
        EXPECT_EQ(list.name(0), "x-amz-request-payer");
    }
}

TEST(ObjectOptions, encryption_counts_only_where_the_server_confirms_it) {
    ObjectOptions plain, kms, own = with_customer_key();
    kms.encryption = "aws:kms";
    EXPECT_EQ(encryption_lacking(plain, {}), "");
    EXPECT_EQ(encryption_lacking(kms, {}), "sse aws:kms");
    EXPECT_EQ(encryption_lacking(kms, {{"x-amz-server-side-encryption", "AES256"}}), "sse aws:kms");
    EXPECT_EQ(encryption_lacking(kms, {{"x-amz-server-side-encryption", "aws:kms"}}), "");
    EXPECT_EQ(encryption_lacking(own, {}), "encryption by a key of ours");
    EXPECT_EQ(encryption_lacking(own, {{"x-amz-server-side-encryption-customer-algorithm", "AES256"}}), "");
}

// The key's MD5 was computed with another tool.
TEST(ObjectOptions, a_customer_key_goes_with_every_byte_and_both_sides_of_a_copy) {
    HeaderList bytes, source;
    add_bytes_options(with_customer_key(), bytes);
    add_copy_source_options(with_customer_key(), source);
    std::string key = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";
    std::string prefix = "x-amz-server-side-encryption-customer",
                from = "x-amz-copy-source-server-side-encryption-customer";
    Headers told = headers_of(bytes);
    EXPECT_EQ(told[prefix + "-algorithm"], "AES256");
    EXPECT_EQ(told[prefix + "-key"], key);
    EXPECT_EQ(told[prefix + "-key-md5"], "mT2HRsMGJ5IX5C+0rreZ8Q==");
    EXPECT_EQ(headers_of(source)[from + "-key"], key);
}

TEST(ObjectOptions, what_cannot_be_is_refused_by_name) {
    ObjectOptions unknown, no_kms, short_key, both = with_customer_key(), header;
    unknown.encryption = "rot13";
    no_kms.kms_key_id = "alias/x";
    short_key.customer_key = "short";
    both.encryption = "AES256";
    header.storage_class = "STANDARD\r\nx-evil: 1";
    EXPECT_TRUE(check(with_customer_key()));
    for (const ObjectOptions& options : {unknown, no_kms, short_key, both, header}) {
        auto checked = check(options);
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().kind(), ErrorKind::Invalid);
        EXPECT_EQ(checked.error().message().find("kkkk"), std::string::npos) << "a secret in a message";
    }
}

}  // namespace
}  // namespace godwit::s3
