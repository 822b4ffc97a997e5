// --include, --exclude and their kin: which objects a run is about.
#pragma once

#include <memory>

#include "app/arguments.h"
#include "app/exit_code.h"
#include "app/rows.h"
#include "app/session.h"
#include "model/selection.h"

namespace godwit::app {

// Null when no such option was given. Ages are counted back from `now_unix_ns`. Fails with a usage error.
Result<std::shared_ptr<const model::Selection>> selection_from(const Values& values,
                                                               std::int64_t now_unix_ns);

// --explain: tells whether the selection takes the key, and why. Null selects everything.
ExitCode explain(const model::Selection* selection, const std::string& key, OutputFormat output,
                 Session& session);

}  // namespace godwit::app
