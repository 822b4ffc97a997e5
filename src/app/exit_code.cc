#include "app/exit_code.h"

#include <algorithm>
#include <array>

namespace godwit::app {
namespace {

constexpr std::array<ExitCodeRow, 15> kRows{{
    {ExitCode::Clean, "clean: everything asked for is done and, where asked, verified"},
    {ExitCode::NotClean,
     "finished, not clean: objects failed or were deferred; `verify` found differences; "
     "no space, memory or threads left"},
    {ExitCode::Usage, "usage: the command line cannot be carried out as it is written"},
    {ExitCode::NotVerified, "an object that was copied did not verify"},
    {ExitCode::Denied, "authentication or permission"},
    {ExitCode::NotFound, "not found; also an S3 prefix with no objects"},
    {ExitCode::BadConfig, "configuration or state that cannot be used"},
    {ExitCode::Unreachable, "an endpoint cannot be reached"},
    {ExitCode::SafetyStop, "safety stop: a listing failed, or another run works on the same task"},
    {ExitCode::Empty, "nothing matched, with --fail-if-empty"},
    {ExitCode::Internal, "internal error: please report it"},
    {ExitCode::Timeout, "a wait ran out of time"},
    {ExitCode::HungUp, "stopped by SIGHUP (a terminal that went away); the same command carries on"},
    {ExitCode::Interrupted, "stopped by SIGINT (Ctrl-C); the same command carries on"},
    {ExitCode::Terminated, "stopped by SIGTERM; the same command carries on"},
}};

// Codes that say more than their kind.
struct CodeRow {
    std::string_view code;
    ExitCode exit_code;
};
constexpr std::array kCodes{
    CodeRow{"Usage", ExitCode::Usage},
    CodeRow{"EndsOverlap", ExitCode::Usage},
    CodeRow{"ReportOverlap", ExitCode::Usage},
    CodeRow{"ENOTDIR", ExitCode::Usage},
    CodeRow{"Special", ExitCode::Usage},
    CodeRow{"Mismatch", ExitCode::NotVerified},
    CodeRow{"RequestTimeTooSkewed", ExitCode::Denied},
    CodeRow{"NoCredentials", ExitCode::Denied},
    CodeRow{"InvalidBucketName", ExitCode::NotFound},
    CodeRow{"MalformedAnswer", ExitCode::Unreachable},
    CodeRow{"Locked", ExitCode::SafetyStop},
    CodeRow{"ListingOutOfOrder", ExitCode::SafetyStop},
    CodeRow{"RootReplaced", ExitCode::SafetyStop},
    CodeRow{"Empty", ExitCode::Empty},
};

ExitCode by_kind(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Denied:
            return ExitCode::Denied;
        case ErrorKind::NotFound:
            return ExitCode::NotFound;
        case ErrorKind::Invalid:
        case ErrorKind::Unsupported:
        case ErrorKind::Corrupt:
            return ExitCode::BadConfig;
        case ErrorKind::Busy:
        case ErrorKind::Lost:
            return ExitCode::Unreachable;
        case ErrorKind::Cancelled:
            return ExitCode::Interrupted;
        case ErrorKind::Exists:
            return ExitCode::Usage;
        case ErrorKind::Changed:
        case ErrorKind::Full:
            return ExitCode::NotClean;
    }
    return ExitCode::Internal;
}

// Worst last.
constexpr std::array kSeverity{
    ExitCode::Clean,      ExitCode::Empty,       ExitCode::NotClean,    ExitCode::NotFound,
    ExitCode::Usage,      ExitCode::BadConfig,   ExitCode::Denied,      ExitCode::Unreachable,
    ExitCode::Timeout,    ExitCode::SafetyStop,  ExitCode::NotVerified, ExitCode::HungUp,
    ExitCode::Terminated, ExitCode::Interrupted, ExitCode::Internal,
};

}  // namespace

std::span<const ExitCodeRow> exit_codes() {
    return kRows;
}

std::optional<ExitCode> exit_code_by_code(const Error& error) {
    auto row = std::ranges::find(kCodes, error.code(), &CodeRow::code);
    if (row == kCodes.end()) return {};
    return row->exit_code;
}

ExitCode exit_code_for(const Error& error) {
    if (auto code = exit_code_by_code(error)) return *code;
    return by_kind(error.kind());
}

ExitCode worse(ExitCode a, ExitCode b) {
    auto rank = [](ExitCode code) { return std::ranges::find(kSeverity, code); };
    return rank(a) < rank(b) ? b : a;
}

Error usage_error(std::string what, std::string why) {
    return Error(ErrorKind::Invalid, "use", std::move(what), std::move(why)).with_code("Usage");
}

}  // namespace godwit::app
