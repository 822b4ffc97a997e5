// What the process says with its exit code. Stable: scripts rely on it; `godwit help exit-codes`
// prints this table.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"

namespace godwit::app {

enum class ExitCode : int {
    Clean = 0,
    NotClean = 1,       // finished, but objects failed or were deferred, or two ends differ
    Usage = 2,          // the command line cannot be carried out as it is written
    NotVerified = 3,    // an object that was copied did not verify
    Denied = 4,         // credentials or permissions
    NotFound = 5,       // a location, bucket, execution or object; also an S3 prefix with no objects
    BadConfig = 6,      // configuration or state that cannot be used
    Unreachable = 7,    // an endpoint did not answer
    SafetyStop = 8,     // stopped rather than guess: a listing failed, somebody else is at work
    Empty = 9,          // nothing matched, where something was demanded
    Internal = 70,      // a bug in Godwit
    Timeout = 124,      // a wait ran out
    HungUp = 129,       // SIGHUP
    Interrupted = 130,  // SIGINT
    Terminated = 143,   // SIGTERM
};

struct ExitCodeRow {
    ExitCode code;
    std::string_view meaning;
};
// Every exit code once, ascending.
std::span<const ExitCodeRow> exit_codes();

// Of an error whose code() says more than its kind; absent for all others.
std::optional<ExitCode> exit_code_by_code(const Error& error);

// The exit code of a command that ends with `error`. By code() where one says more than the kind,
// else by kind.
ExitCode exit_code_for(const Error& error);

// The worse of two: which of them a script must hear of. NotVerified is worst of all that a finished
// run can say; signals and internal errors come before anything.
ExitCode worse(ExitCode a, ExitCode b);

// An error in what the user wrote: `what` he wrote, and why it cannot be. Exit code Usage.
Error usage_error(std::string what, std::string why);

}  // namespace godwit::app
