#include "posix/key_path.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "base/sabotage.h"

namespace godwit::posix {
namespace {

// Why the component cannot be a name in a directory; absent when it can.
std::optional<std::string> component_fault(std::string_view component) {
    if (component.empty()) return "an empty path component";
    if (GODWIT_SABOTAGE(accept_dot_dot)) return std::nullopt;
    if (component == "." || component == "..") return fmt::format("the path component \"{}\"", component);
    if (component.size() > kComponentBytesMax) {
        return fmt::format("a path component of {} bytes; {} are allowed", component.size(),
                           kComponentBytesMax);
    }
    return std::nullopt;
}

std::optional<std::string> path_fault(std::string_view path) {
    if (path.find('\0') != std::string_view::npos) return "a NUL byte";
    for (;;) {
        std::size_t slash = path.find('/');
        if (auto fault = component_fault(path.substr(0, slash))) return fault;
        if (slash == std::string_view::npos) return std::nullopt;
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

Result<KeyPath> key_path(const model::Key& key) {
    KeyPath result{.path = key.bytes(), .name_offset = 0, .is_directory = key.is_directory()};
    if (result.is_directory) result.path.pop_back();
    if (auto fault = path_fault(result.path)) {
        return Error(ErrorKind::Unsupported, "map to a path", key.bytes(), "the key has " + *fault)
            .with_code("UnrepresentableKey");
    }
    std::size_t slash = result.path.rfind('/');
    if (slash != std::string::npos) result.name_offset = slash + 1;
    return result;
}

}  // namespace godwit::posix
