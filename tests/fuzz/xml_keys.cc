// Any bytes that are a key: a page that a server writes of them tells exactly those keys, whether it encodes
// them or not. Two keys that became one would be one object lost.
#include "base/encoding.h"
#include "base/utf8.h"
#include "fuzz/s3_answers.h"
#include "fuzz/target.h"

namespace godwit::fuzz {
namespace {

// As XML wants it, written apart from the product: all but letters and digits by number.
std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        bool plain =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
        out += plain ? std::string(1, c) : "&#" + std::to_string(static_cast<int>(c)) + ";";
    }
    return out;
}

// As S3 writes keys with encoding-type=url: a space is '+'.
std::string form_encoded(std::string_view text) {
    std::string out;
    for (char c : text) out += c == ' ' ? "+" : percent_encode({&c, 1}, Keep::UnreservedSlash);
    return out;
}

std::string contents(std::string_view key) {
    std::string out = "<Contents><Key>";
    out.append(key).append("</Key><LastModified>2026-11-21T21:30:17.000Z</LastModified>");
    return out + "<ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>";
}

void check(std::span<const std::string> keys, bool encoded) {
    std::string body = "<ListBucketResult><IsTruncated>false</IsTruncated>";
    if (encoded) body += "<EncodingType>url</EncodingType>";
    for (const std::string& key : keys) body += contents(encoded ? form_encoded(key) : escaped(key));
    body += "</ListBucketResult>";
    Result<s3::ListPage> page = s3::parse_list_page(kOperation, answer_head(), body);
    GODWIT_CHECK(page, "{}", page.error().message());
    GODWIT_CHECK(page->objects.size() == keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const std::string& read = page->objects[i].key;
        GODWIT_CHECK(read == keys[i], "{} became {}", printable(keys[i]), printable(read));
    }
}

}  // namespace

void run(Input input) {
    std::vector<std::string> keys, xml_keys;
    while (!input.empty()) {
        std::string key(input.block());
        if (key.empty()) continue;
        if (is_utf8(key) && !key.contains('\0')) xml_keys.push_back(key);
        keys.push_back(std::move(key));
    }
    check(keys, true);
    check(xml_keys, false);
}

}  // namespace godwit::fuzz
