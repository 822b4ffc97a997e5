#include "s3/request_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/digest.h"
#include "base/encoding.h"

namespace godwit::s3 {

namespace {

constexpr std::size_t kCustomerKeyBytes = 32;
constexpr std::string_view kRequestPayer = "x-amz-request-payer";

Error option_error(std::string_view option, std::string cause) {
    return Error(ErrorKind::Invalid, "use option", std::string(option), std::move(cause));
}

Result<void> check_text(std::string_view option, std::string_view value) {
    bool printable_ascii = std::ranges::all_of(value, [](char c) { return c > ' ' && c < '\x7f'; });
    if (printable_ascii) return {};
    return option_error(option,
                        fmt::format("'{}' is not of printable ASCII without spaces", printable(value)));
}

void add_customer_key(std::string_view prefix, std::string_view key, HeaderList& headers) {
    if (key.empty()) return;
    headers.add(fmt::format("{}-algorithm", prefix), "AES256");
    headers.add(fmt::format("{}-key", prefix), base64_encode(bytes_of(key)));
    headers.add(fmt::format("{}-key-md5", prefix), digest_of(DigestAlgorithm::Md5, bytes_of(key)).base64());
}

void add_unless_empty(std::string_view name, std::string_view value, HeaderList& headers) {
    if (!value.empty()) headers.add(name, value);
}

}  // namespace

Result<void> check(const ObjectOptions& options) {
    GODWIT_TRY_VOID(check_text("storage-class", options.storage_class));
    GODWIT_TRY_VOID(check_text("acl", options.acl));
    GODWIT_TRY_VOID(check_text("sse-kms-key-id", options.kms_key_id));
    const std::string& sse = options.encryption;
    if (!sse.empty() && sse != "AES256" && sse != "aws:kms" && sse != "aws:kms:dsse") {
        return option_error("sse",
                            fmt::format("'{}' is none of AES256, aws:kms, aws:kms:dsse", printable(sse)));
    }
    if (!options.kms_key_id.empty() && !sse.starts_with("aws:kms")) {
        return option_error("sse-kms-key-id", "a key id needs sse aws:kms or aws:kms:dsse");
    }
    std::size_t key_bytes = options.customer_key.size();
    if (key_bytes != 0 && key_bytes != kCustomerKeyBytes) {
        return option_error(
            "sse-c-key", fmt::format("the key has {} bytes; AES-256 needs {}", key_bytes, kCustomerKeyBytes));
    }
    if (key_bytes != 0 && !sse.empty()) {
        return option_error("sse-c-key", fmt::format("a key of ours and sse {} exclude each other", sse));
    }
    return {};
}

std::string encryption_lacking(const ObjectOptions& options, const std::vector<net::HttpHeader>& headers) {
    auto told = [&](std::string_view name) {
        auto found = std::ranges::find(headers, name, &net::HttpHeader::name);
        return found == headers.end() ? std::string_view() : std::string_view(found->value);
    };
    if (told("x-amz-server-side-encryption") != options.encryption && !options.encryption.empty()) {
        return "sse " + options.encryption;
    }
    bool by_our_key = !options.customer_key.empty();
    if (by_our_key && told("x-amz-server-side-encryption-customer-algorithm") != "AES256") {
        return "encryption by a key of ours";
    }
    return {};
}

void add_object_options(const ObjectOptions& options, HeaderList& headers) {
    add_unless_empty("x-amz-storage-class", options.storage_class, headers);
    add_unless_empty("x-amz-acl", options.acl, headers);
    add_unless_empty("x-amz-server-side-encryption", options.encryption, headers);
    add_unless_empty("x-amz-server-side-encryption-aws-kms-key-id", options.kms_key_id, headers);
    add_bytes_options(options, headers);
}

void add_bytes_options(const ObjectOptions& options, HeaderList& headers) {
    add_customer_key("x-amz-server-side-encryption-customer", options.customer_key, headers);
    add_request_payer(options, headers);
}

void add_copy_source_options(const ObjectOptions& source, HeaderList& headers) {
    add_customer_key("x-amz-copy-source-server-side-encryption-customer", source.customer_key, headers);
    for (std::size_t i = 0; i < headers.size(); ++i) {
        if (headers.name(i) == kRequestPayer) return;
    }
    add_request_payer(source, headers);
}

void add_request_payer(const ObjectOptions& options, HeaderList& headers) {
    if (options.request_payer) headers.add(kRequestPayer, "requester");
}

}  // namespace godwit::s3
