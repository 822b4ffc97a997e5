// Extended attributes in one header's value: what is read could only have been written so, and is written so
// again; and whatever a file has comes back.
#include <map>

#include "base/check.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "s3/xattr_header.h"

namespace godwit::fuzz {
namespace {

void check_read(std::string_view text) {
    std::optional<model::NamedValues> xattrs = s3::decode_xattrs(text);
    if (!xattrs) return;
    GODWIT_CHECK(s3::encode_xattrs(*xattrs) == text, "{}", printable(text));
    for (const auto& [name, value] : *xattrs) GODWIT_CHECK(!name.empty() && !name.contains('\0'));
}

// Names and values that are cut from the input.
void check_written(Input input) {
    std::map<std::string, std::string> made;
    while (!input.empty()) {
        std::string name(input.block());
        std::erase(name, '\0');
        std::string_view value = input.block();
        if (!name.empty()) made.insert_or_assign(std::move(name), std::string(value));
    }
    if (made.empty()) return;
    model::NamedValues xattrs(made.begin(), made.end());
    GODWIT_CHECK(s3::decode_xattrs(s3::encode_xattrs(xattrs)) == xattrs);
}

}  // namespace

void run(Input input) {
    check_written(input);
    check_read(input.rest());
}

}  // namespace godwit::fuzz
