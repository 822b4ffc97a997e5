// What `doctor` finds out, one row each. Checks look; they change nothing, except that a bucket is
// probed (s3/probe.h), which is said.
#pragma once

#include <string>
#include <vector>

#include "app/end_options.h"
#include "app/location.h"
#include "app/session.h"
#include "app/store_kit.h"
#include "runtime/context.h"

namespace godwit::app {

enum class Verdict : std::uint8_t { Good, Note, Warning, Bad };
// "ok", "note", "warning", "failed".
std::string_view to_string(Verdict verdict);

struct Finding {
    std::string subject;  // "machine", "state", a location
    std::string check;    // "open files"
    Verdict verdict = Verdict::Good;
    std::string detail;
};

// Limits and privileges of this process.
std::vector<Finding> check_machine();
// Where state is, or would be, kept.
std::vector<Finding> check_data_directory(const std::string& directory);
// A directory, without writing to it.
std::vector<Finding> check_directory(const Location& location);
// A bucket: credentials, clock, what the server does.
runtime::Task<std::vector<Finding>> check_bucket(runtime::Context& context, Session& session,
                                                 runtime::IoLoop& loop, StoreKit& kit,
                                                 const Location& location, const EndOptions& end);

// The effective capabilities (capabilities(7)) in the text of /proc/self/status; 0 when it has none.
std::uint64_t effective_capabilities(std::string_view status);

}  // namespace godwit::app
