// What the engine is asked to do, from the command line's values.
#pragma once

#include "app/arguments.h"
#include "app/rows.h"
#include "engine/options.h"

namespace godwit::app {

// -o of any command; Table where it has none.
OutputFormat output_of(const Values& values);

// How --verify was answered.
enum class VerifyMode : std::uint8_t {
    Transferred,  // "on", ONLY_FILES_TRANSFERRED
    Everything,   // POINT_IN_TIME_CONSISTENT: also compare the whole of both ends after the copy
    Nothing,      // "off", NONE
};
VerifyMode verify_mode(const Values& values);

// Options of `copy`, without limits (limit_settings.h). Fails with a usage error where two of them contradict
// each other or a number is out of its range.
Result<engine::ExecutionOptions> copy_options(const Values& values);
// Options of `verify`, without limits.
Result<engine::ExecutionOptions> compare_options(const Values& values);

}  // namespace godwit::app
