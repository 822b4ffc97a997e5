// What an execution's ledger keeps of the command that began it: enough to run the same again, and to
// tell whether an interrupted run may be carried on by the command in hand. It holds no secrets, since
// options hold none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/arguments.h"
#include "base/result.h"

namespace godwit::app {

struct RunRecord {
    // As written, paths made absolute.
    std::string source, destination;
    // Options as given, without those that only say how fast or how loud.
    std::map<std::string, std::vector<std::string>> options;
    // Which keys alone: "failed of exec-..."; empty: all.
    std::string selection;

    // What decides which objects are copied and how they are proved. Two runs with equal plans may
    // carry each other on.
    std::string plan() const;
};

// SRC, DST, how each end is reached and what is compared, as words of a shell's command line: what `verify`
// is told to check this copy. Empty when that is too much for a line of advice.
std::string verify_arguments(const std::string& source, const std::string& destination, const Values& values);
// `text` as one word of a shell's command line.
std::string shell_word(const std::string& text);

RunRecord run_record(const std::string& source, const std::string& destination, const Values& values);
std::string to_text(const RunRecord& record);
// Fails with Corrupt for a text that none of our versions wrote.
Result<RunRecord> run_record_from(const std::string& text);

// The command that a record is of (its text), with what was given now for speed and output. Fails as
// run_record_from().
Result<Invocation> recorded_invocation(const std::string& record, const Values& now);

// `location` with a path made absolute, a slash at its end kept.
std::string absolute_location(const std::string& location);

}  // namespace godwit::app
