// Keys as paths: below the root, and from the path back to the key, so that two keys never meet in one name.
#include "base/check.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "posix/key_path.h"

namespace godwit::fuzz {
namespace {

void check_component(std::string_view name) {
    GODWIT_CHECK(!name.empty() && name != "." && name != ".." && name.size() <= 255, "{}", printable(name));
}

// Every step goes down.
void check_beneath(std::string_view path) {
    GODWIT_CHECK(!path.contains('\0'));
    while (true) {
        std::size_t slash = path.find('/');
        check_component(path.substr(0, slash));
        if (slash == std::string_view::npos) return;
        path.remove_prefix(slash + 1);
    }
}

// Is there nothing about the key that a file system could not hold?
bool is_representable(std::string_view key) {
    if (key.ends_with('/')) key.remove_suffix(1);
    for (std::string_view rest = key;;) {
        std::size_t slash = rest.find('/');
        std::string_view name = rest.substr(0, slash);
        if (name.empty() || name == "." || name == ".." || name.size() > 255 || name.contains('\0'))
            return false;
        if (slash == std::string_view::npos) return true;
        rest.remove_prefix(slash + 1);
    }
}

}  // namespace

void run(Input input) {
    std::string key(input.rest());
    Result<posix::KeyPath> mapped = posix::key_path(model::Key(key));
    GODWIT_CHECK(mapped.has_value() == is_representable(key), "{}", printable(key));
    if (!mapped) {
        GODWIT_CHECK(mapped.error().code() == "UnrepresentableKey", "{}", mapped.error().message());
        return;
    }
    check_beneath(mapped->path);
    GODWIT_CHECK(mapped->path + (mapped->is_directory ? "/" : "") == key, "{}", printable(key));
    std::string parent = mapped->parent();
    GODWIT_CHECK((parent.empty() ? "" : parent + "/") + mapped->name() == mapped->path, "{}", printable(key));
}

}  // namespace godwit::fuzz
