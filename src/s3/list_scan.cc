#include "s3/list_scan.h"

#include <cstring>
#include <utility>

#include "base/utf8.h"
#include "s3/xml_document.h"

namespace godwit::s3 {
namespace {

constexpr std::string_view kRoot = "ListBucketResult";
constexpr std::string_view kNamespace = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
constexpr std::string_view kQuote = "&quot;";
constexpr std::size_t kPageObjectsUsual = 1000;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_name_byte(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// What stands in the root beside the objects; of each the first counts, as it does for the parser.
struct PageText {
    std::string_view encoding_type, truncated, next_token;
    std::vector<ListedText> objects;
    std::vector<std::string_view> common_prefixes;
};

// Goes through the text once. After unusual() nothing that it returned counts.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    // The whole page; false when it is unusual.
    bool scan(PageText& page);

  private:
    struct Leaf {
        std::string_view name, text;
    };

    bool unusual() {
        unusual_ = true;
        return false;
    }
    void skip_space() {
        std::size_t count = 0;
        while (count < rest_.size() && is_space(rest_[count])) ++count;
        rest_.remove_prefix(count);
    }
    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }
    // "</name>"
    bool take_end(std::string_view name);
    // "<name>"; empty when something else stands here, which is unusual unless an end stands there.
    std::string_view take_begin();
    // The text and the end of an element that has begun. False when an element stands in it.
    bool take_text(Leaf& leaf);
    // The next leaf in `parent`; false at the parent's end, and when something is unusual.
    bool next_leaf(std::string_view parent, Leaf& leaf);

    bool scan_child(std::string_view name, PageText& page);
    bool scan_object(ListedText& object);
    bool scan_prefix(std::vector<std::string_view>& prefixes);
    bool skip_leaves(std::string_view name);

    std::string_view rest_;
    std::size_t elements_ = 0;
    bool unusual_ = false;
};

bool Scanner::take_end(std::string_view name) {
    bool stands_here = rest_.size() > name.size() + 2 && rest_[0] == '<' && rest_[1] == '/' &&
                       rest_.substr(2, name.size()) == name && rest_[name.size() + 2] == '>';
    if (stands_here) rest_.remove_prefix(name.size() + 3);
    return stands_here;
}

std::string_view Scanner::take_begin() {
    if (rest_.size() < 3 || rest_[0] != '<' || !is_name_byte(rest_[1])) {
        unusual();
        return {};
    }
    std::size_t size = 1;
    while (size + 1 < rest_.size() && is_name_byte(rest_[size + 1])) ++size;
    std::string_view name = rest_.substr(1, size);
    rest_.remove_prefix(size + 1);
    if (!take(">") || ++elements_ >= kXmlElementsMax) {
        unusual();
        return {};
    }
    return name;
}

// White space alone is no text to the parser, and line ends are changed by it.
bool Scanner::take_text(Leaf& leaf) {
    std::size_t size = rest_.find('<');
    if (size == std::string_view::npos) return unusual();
    leaf.text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    bool plain =
        leaf.text.empty() || (!is_space(leaf.text.front()) && leaf.text.find('\r') == leaf.text.npos);
    if (!plain || !take_end(leaf.name)) return unusual();
    return true;
}

bool Scanner::next_leaf(std::string_view parent, Leaf& leaf) {
    skip_space();
    if (take_end(parent)) return false;
    leaf.name = take_begin();
    return !unusual_ && take_text(leaf);
}

// The only entities that are common are the quotes of an ETag.
bool take_etag(std::string_view text, std::string_view& etag) {
    bool quoted = text.size() >= 2 * kQuote.size() && text.starts_with(kQuote) && text.ends_with(kQuote);
    etag = quoted ? text.substr(kQuote.size(), text.size() - 2 * kQuote.size()) : text;
    // One that has quotes of its own inside of these would lose them, too.
    bool odd = quoted && (etag.starts_with('"') || etag.size() + 2 > kEtagBytesMax);
    return !odd && !etag.contains('&');
}

bool Scanner::scan_object(ListedText& object) {
    Leaf leaf;
    skip_space();
    while (!take_end("Contents")) {
        leaf.name = take_begin();
        if (unusual_) return false;
        if (leaf.name == "Owner") {
            if (!skip_leaves(leaf.name)) return false;
            skip_space();
            continue;
        }
        if (!take_text(leaf)) return false;
        if (leaf.name == "ETag") {
            if (!take_etag(leaf.text, object.etag)) return unusual();
        } else if (leaf.text.contains('&')) {
            return unusual();
        } else if (leaf.name == "Key") {
            object.key = leaf.text;
        } else if (leaf.name == "Size") {
            object.size = leaf.text;
        } else if (leaf.name == "LastModified") {
            object.modified = leaf.text;
        } else if (leaf.name == "StorageClass") {
            object.storage_class = leaf.text;
        } else if (leaf.name == "RestoreStatus") {
            return unusual();
        }
        skip_space();
    }
    return true;
}

bool Scanner::scan_prefix(std::vector<std::string_view>& prefixes) {
    std::string_view prefix;
    Leaf leaf;
    bool found = false;
    while (next_leaf("CommonPrefixes", leaf)) {
        if (leaf.text.contains('&')) return unusual();
        if (leaf.name == "Prefix" && !std::exchange(found, true)) prefix = leaf.text;
    }
    prefixes.push_back(prefix);
    return !unusual_;
}

bool Scanner::skip_leaves(std::string_view name) {
    Leaf leaf;
    while (next_leaf(name, leaf)) {
        if (leaf.text.contains('&')) return unusual();
    }
    return !unusual_;
}

bool Scanner::scan_child(std::string_view name, PageText& page) {
    if (name == "Contents") return scan_object(page.objects.emplace_back());
    if (name == "CommonPrefixes") return scan_prefix(page.common_prefixes);
    Leaf leaf{name, {}};
    if (!take_text(leaf) || leaf.text.contains('&')) return unusual();
    auto first = [&](std::string_view wanted, std::string_view& text) {
        if (name == wanted && !text.data()) text = leaf.text;
    };
    first("EncodingType", page.encoding_type);
    first("IsTruncated", page.truncated);
    first("NextContinuationToken", page.next_token);
    return true;
}

bool Scanner::scan(PageText& page) {
    take(kDeclaration);
    skip_space();
    if (!take("<") || !take(kRoot)) return unusual();
    take(kNamespace);
    if (!take(">")) return unusual();
    for (skip_space(); !take_end(kRoot); skip_space()) {
        std::string_view name = take_begin();
        if (unusual_ || !scan_child(name, page)) return unusual();
    }
    skip_space();
    return rest_.empty() && !unusual_;
}

}  // namespace

ListedObject listed_object(const ListedText& text, bool encoded, Reading& reading) {
    ListedObject object;
    object.etag = reading.etag("ETag", text.etag);
    object.storage_class = text.storage_class;
    object.restored = text.restored;
    object.key = reading.name("Key", text.key, encoded);
    if (object.key.empty()) reading.fail("Key", text.key, "a key");
    object.size_bytes = reading.size("Size", text.size);
    object.mtime_ns = reading.time("LastModified", text.modified);
    return object;
}

std::optional<ListPage> scan_list_page(std::string_view body) {
    bool whole = body.size() <= kXmlBytesMax && !std::memchr(body.data(), 0, body.size()) && is_utf8(body);
    PageText text;
    text.objects.reserve(kPageObjectsUsual);
    if (!whole || !Scanner(body).scan(text)) return std::nullopt;
    Reading reading;
    ListPage page;
    page.encoded = text.encoding_type == "url";
    page.objects.reserve(text.objects.size());
    for (const ListedText& object : text.objects)
        page.objects.push_back(listed_object(object, page.encoded, reading));
    for (std::string_view prefix : text.common_prefixes)
        page.common_prefixes.push_back(reading.name("Prefix", prefix, page.encoded));
    page.truncated = reading.boolean("IsTruncated", text.truncated);
    if (page.truncated) page.next_token = reading.required("NextContinuationToken", text.next_token);
    // The parser says what cannot be true.
    if (reading.failure()) return std::nullopt;
    return page;
}

}  // namespace godwit::s3
