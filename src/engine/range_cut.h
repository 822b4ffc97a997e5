// Where to cut a range of keys in two, when nobody knows how its keys are spread: by asking whether there is
// anything behind this key or that. Works on flat prefixes and deep ones alike, for it needs no '/'.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/key.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace godwit::engine {

// Is there any key in the range? A hint.
using HoldsAny = std::function<runtime::Task<Result<bool>>(const model::KeyRange& range)>;

// A key inside `rest`, after which there is something, so far in the middle of what follows `rest.after` as
// can be told. It need not be a key of an object; it is valid UTF-8 without control characters other than
// those that `rest.after` has. Absent when nothing of the kind was found: there is little left, all of it
// begins with `rest.after`, or that is empty or no UTF-8. Asks some 10 to 40 times for a key of usual length,
// in three or four rounds. Fails as `holds_any` does.
runtime::Task<Result<std::optional<std::string>>> find_cut(runtime::Loop& loop, const model::KeyRange& rest,
                                                           const HoldsAny& holds_any);

}  // namespace godwit::engine
