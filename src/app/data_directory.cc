#include "app/data_directory.h"

namespace godwit::app {

Result<std::string> data_directory(const Values& values, const Environment& environment) {
    // The option's own environment variable has been looked at by the parser.
    if (auto given = values.text("data-dir")) return *given;
    auto xdg = environment("XDG_DATA_HOME");
    if (xdg && xdg->starts_with('/')) return *xdg + "/godwit";
    auto home = environment("HOME");
    if (home && home->starts_with('/')) return *home + "/.local/share/godwit";
    return Error(ErrorKind::Invalid, "find", "data directory",
                 "neither --data-dir, GODWIT_DATA_DIR, XDG_DATA_HOME nor HOME says where state is kept")
        .with_code("NoDataDirectory");
}

}  // namespace godwit::app
