// What SRC and DST may be: read, printed and read again is the same place; what lies in a place is held by
// it.
//
// Input: a line with the location; then a name below it.
#include "app/location.h"
#include "base/check.h"
#include "base/error.h"
#include "fuzz/target.h"

namespace godwit::fuzz {
namespace {

using app::Location;

bool is_same_place(const Location& a, const Location& b) {
    return a.kind == b.kind && a.path == b.path && a.s3.bucket == b.s3.bucket && a.s3.prefix == b.s3.prefix;
}

bool is_name(std::string_view text) {
    return !text.empty() && text != "." && text != ".." &&
           text.find_first_of(std::string_view("/\0", 2)) == text.npos;
}

void check_display(const Location& location) {
    Result<Location> again = app::parse_location("SRC", location.display());
    GODWIT_CHECK(again, "{}", again.error().message());
    GODWIT_CHECK(is_same_place(*again, location), "{} became {}", printable(location.text),
                 printable(again->display()));
}

// Of keys nothing is cleaned up: all bytes behind the bucket, and one '/' at their end.
void check_prefix(const Location& location, std::string_view text) {
    constexpr std::string_view kScheme = "s3://";
    text.remove_prefix(kScheme.size() + location.s3.bucket.size());
    if (text.starts_with('/')) text.remove_prefix(1);
    std::string prefix(text);
    if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
    GODWIT_CHECK(location.s3.prefix == prefix, "{} became {}", printable(text),
                 printable(location.s3.prefix));
}

void check_child(const Location& location, std::string_view name) {
    Location child = location.child(name);
    GODWIT_CHECK(child.name() == name, "{} in {}", printable(name), printable(location.display()));
    GODWIT_CHECK(is_same_place(child.parent(), location), "{} holds {}", printable(child.parent().display()),
                 printable(child.display()));
}

}  // namespace

void run(Input input) {
    std::string text(input.line());
    Result<Location> location = app::parse_location("SRC", text);
    if (!location) {
        std::string message = location.error().message();
        GODWIT_CHECK(message == printable(message), "{}", printable(message));
        return;
    }
    if (location->is_s3()) check_prefix(*location, text);
    check_display(*location);
    std::string_view name = input.rest();
    if (is_name(name)) check_child(*location, name);
}

}  // namespace godwit::fuzz
