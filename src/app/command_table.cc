#include "app/command_table.h"

#include <algorithm>
#include <array>

#include "app/run_command_options.h"

namespace godwit::app {
namespace {

// ---- ls, stat, doctor

constexpr std::array kListHow{
    Option{.name = "recursive", .letter = 'r', .help = "everything below, not one level"},
    Option{.name = "long", .letter = 'l', .help = "also type, mode and owner where the listing tells them"},
};
constexpr std::array kListGroups{
    OptionGroup{"What is listed", kListHow},
    OptionGroup{"Selection", kSelection},
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kListExamples{
    Example{"godwit ls s3://backup/photos", "one level"},
    Example{"godwit ls -r /srv/data -o jsonl", "everything below, as JSON lines"},
    Example{"godwit ls -r /srv/data --exclude '*.tmp' --max-age 7d",
            "what a copy with these options would take"},
};
constexpr std::array kStatExamples{
    Example{"godwit stat s3://backup/photos/a.jpg", "all that the store tells of one object"},
};
constexpr std::array kOneLocation{
    Positional{"URI", "a path or s3://bucket/prefix", Arity::One, Completion::Location, {}},
};
constexpr std::array kOneObject{
    Positional{"URI", "a file or s3://bucket/key", Arity::One, Completion::Location, {}},
};
constexpr std::array kDoctorGroups{
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"State", kStateOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kDoctorExamples{
    Example{"godwit doctor", "this machine: limits, privileges, data directory"},
    Example{"godwit doctor s3://backup",
            "also the bucket: credentials, clock, checksums, conditional writes"},
};
constexpr std::array kDoctorLocations{
    Positional{"URI", "locations to look at", Arity::Many, Completion::Location, {}},
};

// ---- executions, ledger, state

constexpr std::array kStateGroups{
    OptionGroup{"State", kStateOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kOneExecution{
    Positional{"EXECUTION",
               "its name, or the beginning of it; `latest` is the newest",
               Arity::One,
               Completion::Nothing,
               {}},
};
constexpr std::array kLimitRows{
    Option{.name = "limit",
           .kind = ValueKind::Number,
           .value = "N",
           .fallback = "100",
           .help = "at most so many rows; 0 is all"},
};
constexpr std::array kListedGroups{
    OptionGroup{"What is shown", kLimitRows},
    OptionGroup{"State", kStateOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kExecutionsListExamples{
    Example{"godwit executions list", "newest first"},
};
constexpr std::array kExecutionsDescribeExamples{
    Example{"godwit executions describe latest", "counts, bytes, evidence and options of one run"},
};
constexpr std::array kExecutionsErrorsExamples{
    Example{"godwit executions errors latest", "what failed, most frequent cause first"},
};
constexpr std::array kExecutionsRetryExamples{
    Example{"godwit executions retry exec-77b0", "the same ends and options again; what is proved stays"},
};
constexpr std::array kRetryHow{
    Option{.name = "failed", .help = "only what failed or was deferred is copied; the rest is left unread"},
};
constexpr std::array kRetryGroups{
    OptionGroup{"What is copied", kRetryHow},
    OptionGroup{"Task report", kCopyReport},
    OptionGroup{"Speed", kCopySpeed},
    OptionGroup{"Output and state", kCopyOutput},
};

constexpr std::array kExecutionsLimitExamples{
    Example{"godwit executions limit latest --limit-bytes-per-second 20MiB", "slower, within two seconds"},
    Example{"godwit executions limit latest --limit-bytes-per-second '08:00,20MiB 19:00,off'",
            "by day, and in the night as fast as it goes"},
    Example{"godwit executions limit latest", "shows what was asked for"},
};
constexpr std::array kExecutionsLimitGroups{
    OptionGroup{"Limits", kCopySpeed},
    OptionGroup{"State", kStateOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kReportWhat{
    Option{.name = "to",
           .kind = ValueKind::Text,
           .value = "LOCATION",
           .help =
               "a directory or s3:// prefix, outside the source; the report goes into Detailed-Reports and "
               "Summary-Reports there"},
    Option{.name = "type",
           .kind = ValueKind::Choice,
           .value = "TYPE",
           .choices = "STANDARD|SUMMARY_ONLY",
           .help = "with lists of objects (STANDARD, which holds without it), or without"},
    Option{.name = "level",
           .kind = ValueKind::Choice,
           .value = "LEVEL",
           .choices = "ERRORS_ONLY|SUCCESSES_AND_ERRORS",
           .help = "which objects the lists hold; ERRORS_ONLY without it"},
    Option{.name = "override",
           .kind = ValueKind::Text,
           .value = "LIST",
           .help = "another level for single lists: KIND=LEVEL with commas between them, of TRANSFERRED, "
                   "VERIFIED, SKIPPED, DELETED"},
};
constexpr std::array kReportGroups{
    OptionGroup{"What is reported", kReportWhat},
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"State", kStateOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kReportExamples{
    Example{"godwit report latest --to s3://audit/godwit", "what went wrong in the newest run"},
    Example{"godwit report exec-77b0 --to /srv/reports --level SUCCESSES_AND_ERRORS "
            "--override SKIPPED=ERRORS_ONLY",
            "all that was done, but not what was skipped on purpose"},
};

constexpr Option kColumns{.name = "columns",
                          .kind = ValueKind::Text,
                          .value = "LIST",
                          .help =
                              "columns and their order, commas between them; `godwit help formats` names "
                              "them"};
constexpr std::array kQueryHow{
    kColumns,
    Option{.name = "limit", .kind = ValueKind::Number, .value = "N", .help = "at most so many rows"},
    Option{.name = "fail-if-empty", .help = "exit with 9 when nothing matches"},
};
constexpr std::array kQueryGroups{
    OptionGroup{"What is shown", kQueryHow},
    OptionGroup{"State", kStateOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kQueryExamples{
    Example{"godwit ledger query 'execution=latest outcome=failed,deferred'", "what did not get there"},
    Example{"godwit ledger query 'path=projects/x/** since=7d' --columns ended,key,outcome,level -o csv",
            "a week of one folder, for a spreadsheet"},
};
constexpr std::array kQueryWords{
    Positional{"FILTER",
               "execution=, task=, outcome=, level=, code=, path=GLOB, since=AGE; values of one name with "
               "commas between them; all must hold",
               Arity::Many,
               Completion::Nothing,
               {}},
};
constexpr std::array kTraceExamples{
    Example{"godwit ledger trace s3://backup/photos/a.jpg", "is this file safe, and how do we know?"},
};
constexpr std::array kTracedObject{
    Positional{
        "URI", "an object at either end: a path or s3://bucket/key", Arity::One, Completion::Location, {}},
};
constexpr std::array kStatsExamples{
    Example{"godwit ledger stats", "objects and bytes by outcome and evidence, over all executions"},
};
constexpr std::array kOptionalExecution{
    Positional{"EXECUTION",
               "its name, the beginning of it, or `latest`; without it all",
               Arity::Optional,
               Completion::Nothing,
               {}},
};
constexpr std::array kExportHow{
    kColumns,
    Option{.name = "file",
           .kind = ValueKind::File,
           .value = "FILE",
           .help = "write there instead of to standard output; it must not exist"},
};
constexpr Option kExportOutput{.name = "output",
                               .letter = 'o',
                               .kind = ValueKind::Choice,
                               .value = "FORMAT",
                               .choices = "csv|jsonl",
                               .fallback = "csv",
                               .help = "CSV or JSON lines"};
constexpr std::array kExportOutputs{kExportOutput, kVerbose, kQuiet, kHelp};
constexpr std::array kExportGroups{
    OptionGroup{"What is exported", kExportHow},
    OptionGroup{"State", kStateOptions},
    OptionGroup{"Output", kExportOutputs},
};
constexpr std::array kExportExamples{
    Example{"godwit ledger export latest > report.csv", "every recorded object of the newest run"},
    Example{"godwit ledger export exec-77b0 -o jsonl --file run.jsonl", "as JSON lines, into a new file"},
};

constexpr std::array kBackupWhere{
    Positional{"DIR", "a directory that does not exist yet", Arity::One, Completion::Location, {}},
};
constexpr std::array kRestoreFrom{
    Positional{"DIR", "a directory that `state backup` made", Arity::One, Completion::Location, {}},
};
constexpr std::array kPruneHow{
    Option{.name = "older-than",
           .kind = ValueKind::Duration,
           .value = "AGE",
           .help = "drop ledgers of executions that ended longer ago"},
    Option{.name = "keep-bytes",
           .kind = ValueKind::Size,
           .value = "SIZE",
           .help = "drop the oldest ledgers until the rest takes no more"},
    Option{.name = "dry-run", .letter = 'n', .help = "say what would be dropped"},
};
constexpr std::array kPruneGroups{
    OptionGroup{"What is dropped", kPruneHow},
    OptionGroup{"State", kStateOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kStateInfoExamples{Example{"godwit state info", "what is kept, and how large it is"}};
constexpr std::array kBackupExamples{Example{"godwit state backup /backup/godwit", "while everything runs"}};
constexpr std::array kRestoreExamples{
    Example{"godwit state restore /backup/godwit --data-dir /srv/godwit", "into an empty data directory"}};
constexpr std::array kPruneExamples{Example{"godwit state prune --older-than 90d",
                                            "the index, which holds the last proof of each key, stays"}};

// ---- manifest

constexpr std::array kCheckHow{
    Option{.name = "prefixes", .help = "LIST is one of prefixes, one a line"},
    Option{.name = "source",
           .kind = ValueKind::Text,
           .value = "URI",
           .help = "also look whether each object is there: a path or s3://bucket/prefix"},
    kLimitRows[0],
};
constexpr std::array kCheckGroups{
    OptionGroup{"What is checked", kCheckHow},
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kCheckExamples{
    Example{"godwit manifest check keys.csv --source s3://backup/data",
            "what is wrong, and what is not there"},
};
constexpr std::array kOneList{
    Positional{"LIST", "a file, `-`, s3://bucket/key or http(s)://...", Arity::One, Completion::Location, {}},
};
constexpr std::array kBuildHow{
    Option{.name = "file",
           .kind = ValueKind::File,
           .value = "FILE",
           .help = "write there instead of to standard output; it must not exist"},
};
constexpr std::array kBuildOutput{kVerbose, kQuiet, kHelp};
constexpr std::array kBuildGroups{
    OptionGroup{"Where it goes", kBuildHow},
    OptionGroup{"Selection", std::span(kSelection).first(kSelection.size() - 1)},  // without --explain
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output", kBuildOutput},
};
constexpr std::array kBuildExamples{
    Example{"godwit manifest build /srv/data --max-age 1d --file today.csv", "what was changed today"},
};

// ---- version, help, completion, man

constexpr std::array kOutputVersion{Option{.name = "output",
                                           .letter = 'o',
                                           .kind = ValueKind::Choice,
                                           .value = "FORMAT",
                                           .choices = "table|json",
                                           .fallback = "table",
                                           .help = "text or JSON"},
                                    kHelp};
constexpr std::array kVersionGroups{OptionGroup{"Output", kOutputVersion}};
constexpr std::array kHelpGroups{OptionGroup{"Output", kHelpOnly}};
constexpr std::array kHelpTopic{
    Positional{"TOPIC", "exit-codes, environment, formats, or a command", Arity::Many, Completion::Word,
               "exit-codes|environment|formats"},
};
constexpr std::array kShell{
    Positional{"SHELL", "bash, zsh or fish", Arity::One, Completion::Word, "bash|zsh|fish"},
};
constexpr std::array kCompletionExamples{
    Example{"godwit completion bash > /etc/bash_completion.d/godwit", "for every user of bash"},
    Example{"godwit completion fish > ~/.config/fish/completions/godwit.fish", "for you, in fish"},
};
constexpr std::array kManWhere{
    Positional{"DIR", "where the pages are written", Arity::One, Completion::Location, {}},
};

constexpr std::array<Command, 26> kCommands{{
    {"copy", "copy a tree and prove every object of it",
     "Copies what SRC holds to DST, verifies each object, and remembers the evidence. Nothing is deleted "
     "without --delete. "
     "The same command again carries an interrupted run on, or copies only what has changed since.",
     kCopyExamples, kTwoEnds, kCopyGroups, false},
    {"plan", "write what a copy would do into a file",
     "Lists and compares SRC and DST as `copy` with the same options does, and writes what is to be done, "
     "object by "
     "object, into a file for `apply`. Nothing is written to either end.",
     kPlanExamples, kTwoEnds, kPlanGroups, false},
    {"apply", "do what a plan says, and nothing else",
     "Carries out a plan that `plan` has written. Both ends are listed again: an object that is not what the "
     "plan saw is "
     "refused, one that the plan says nothing of is left alone. The same command again carries an "
     "interrupted run on.",
     kApplyExamples, kOnePlan, kApplyGroups, false},
    {"verify", "compare two ends without writing to either",
     "Reports objects that only SRC has (removed), only DST has (added), and that differ. Exit code 1 when "
     "there are any.",
     kVerifyExamples, kVerifyEnds, kVerifyGroups, false},
    {"ls", "list a location", "Lists the objects of a directory or prefix, in the order of their names.",
     kListExamples, kOneLocation, kListGroups, false},
    {"stat", "show all that a store tells of one object",
     "Shows size, times, attributes, content headers, user metadata, tags and the stored checksum.",
     kStatExamples, kOneObject, kLocationGroups, false},
    {"manifest check", "look for what is wrong with a list",
     "Reads a manifest (one path a line, CSV) or, with --prefixes, a list of prefixes, and shows by line "
     "what names "
     "nothing and what is there twice; with --source also what is missing there. Exit code 1 when there is "
     "anything.",
     kCheckExamples, kOneList, kCheckGroups, false},
    {"manifest build", "write a manifest of what a location holds",
     "Writes the path of each object of a directory or prefix, one a line, for `copy --manifest`. "
     "Directories are "
     "not named.",
     kBuildExamples, kOneLocation, kBuildGroups, false},
    {"executions list",
     "list runs",
     "Lists executions, the newest first.",
     kExecutionsListExamples,
     {},
     kListedGroups,
     false},
    {"executions describe", "show one run", "Shows ends, options, counts and evidence of one execution.",
     kExecutionsDescribeExamples, kOneExecution, kStateGroups, false},
    {"executions errors", "show what failed in one run, grouped",
     "Groups errors by scope and code, the most frequent first, with a sample and a way to cure each.",
     kExecutionsErrorsExamples, kOneExecution, kListedGroups, false},
    {"executions limit", "change the limits of a run while it runs",
     "Sets bandwidth, requests, concurrency or memory of an execution, in force within two seconds. What is "
     "not "
     "named stays as it is. An execution that was interrupted keeps to them when it is carried on.",
     kExecutionsLimitExamples, kOneExecution, kExecutionsLimitGroups, false},
    {"executions retry", "run the same again",
     "Starts a new execution between the same ends. Objects that are proved already are not copied again.",
     kExecutionsRetryExamples, kOneExecution, kRetryGroups, false},
    {"report", "write a task report as AWS DataSync does",
     "Writes what became of an execution's objects, from its ledger, as JSON files in the layout of AWS "
     "DataSync's task reports. Each file is verified. The same command again writes the same files.",
     kReportExamples, kOneExecution, kReportGroups, false},
    {"ledger query", "find recorded objects", "Shows rows of the ledger that match every filter.",
     kQueryExamples, kQueryWords, kQueryGroups, false},
    {"ledger trace", "tell the history of one object",
     "Answers \"is this file safe, and how do we know?\": the last proof of the object, and what became of "
     "it "
     "in every execution.",
     kTraceExamples, kTracedObject, kStateGroups, false},
    {"ledger stats", "count objects by outcome and evidence",
     "Counts objects and bytes of one execution, or of all, by outcome and by evidence.", kStatsExamples,
     kOptionalExecution, kStateGroups, false},
    {"ledger export", "write a run's ledger as CSV or JSON lines",
     "Writes every recorded object of one execution. Objects that were unchanged are counted and have no "
     "row.",
     kExportExamples, kOneExecution, kExportGroups, false},
    {"state info",
     "show what is kept",
     "Shows tasks, executions and the sizes of their files.",
     kStateInfoExamples,
     {},
     kStateGroups,
     false},
    {"state backup", "copy the state while it is in use",
     "Writes a consistent copy of every state file into a new directory.", kBackupExamples, kBackupWhere,
     kStateGroups, false},
    {"state restore", "bring a backup back", "Restores a backup into a data directory that is still empty.",
     kRestoreExamples, kRestoreFrom, kStateGroups, false},
    {"state prune",
     "drop old ledgers",
     "Drops ledgers of ended executions by age or size. Unfinished executions and indexes stay.",
     kPruneExamples,
     {},
     kPruneGroups,
     false},
    {"doctor", "look for what would go wrong",
     "Shows limits, privileges and the data directory of this machine and, for each location, credentials, "
     "clock and what the store can do. A bucket is probed by an upload that is aborted and a tiny object of "
     "our own that is removed again.",
     kDoctorExamples, kDoctorLocations, kDoctorGroups, false},
    {"version", "show the version", "Shows the version.", {}, {}, kVersionGroups, false},
    {"help",
     "explain a command or a topic",
     "Explains a command or one of the topics.",
     {},
     kHelpTopic,
     kHelpGroups,
     false},
    {"completion", "write a shell's completion script", "Writes a completion script to standard output.",
     kCompletionExamples, kShell, kHelpGroups, false},
}};

constexpr Command kMan{
    "man", "write the man pages", "Writes the man pages into a directory.", {}, kManWhere, kHelpGroups, true};

constexpr auto with_hidden() {
    std::array<Command, kCommands.size() + 1> all{};
    std::ranges::copy(kCommands, all.begin());
    all.back() = kMan;
    return all;
}
constexpr auto kAllCommands = with_hidden();

}  // namespace

std::span<const Command> commands() {
    return kAllCommands;
}

const Command* find_command(std::string_view name) {
    auto found = std::ranges::find(kAllCommands, name, &Command::name);
    return found == kAllCommands.end() ? nullptr : &*found;
}

bool has_two_ends(const Command& command) {
    return command.positionals.size() == 2;
}

std::vector<GivenOption> given_options(const Command& command) {
    std::vector<GivenOption> all;
    for (const OptionGroup& group : command.groups) {
        for (const Option& option : group.options) {
            all.push_back({&option, std::string(option.name)});
            if (!option.each_end || !has_two_ends(command)) continue;
            for (std::string_view end : {"source-", "destination-"}) {
                all.push_back({&option, std::string(end) + std::string(option.name)});
            }
        }
    }
    return all;
}

std::string environment_name(std::string_view option_name) {
    std::string name = "GODWIT_";
    for (char c : option_name) {
        name += static_cast<char>(c == '-' ? '_' : c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
    }
    return name;
}

std::vector<std::string_view> split_words(std::string_view words, char separator) {
    std::vector<std::string_view> parts;
    while (!words.empty()) {
        std::size_t end = std::min(words.find(separator), words.size());
        parts.push_back(words.substr(0, end));
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return parts;
}

}  // namespace godwit::app
