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
    check_display(*location);
    std::string_view name = input.rest();
    if (is_name(name)) check_child(*location, name);
}

}  // namespace godwit::fuzz
