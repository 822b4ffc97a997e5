#include "app/command_table.h"

#include <algorithm>
#include <array>

namespace godwit::app {
namespace {

// ---- Options that several commands share

constexpr Option kOutputRows{.name = "output",
                             .letter = 'o',
                             .kind = ValueKind::Choice,
                             .value = "FORMAT",
                             .choices = "table|json|jsonl|csv|name",
                             .fallback = "table",
                             .help =
                                 "how results are written; a table is tab-separated where no terminal "
                                 "reads it"};
constexpr Option kOutputRun{.name = "output",
                            .letter = 'o',
                            .kind = ValueKind::Choice,
                            .value = "FORMAT",
                            .choices = "table|json|jsonl|name",
                            .fallback = "table",
                            .help =
                                "how results are written: text, one JSON summary, JSON lines as things "
                                "happen, or the execution's name alone"};
constexpr Option kVerbose{.name = "verbose",
                          .letter = 'v',
                          .help = "log to stderr what is worth knowing; twice: also every detail"};
constexpr Option kQuiet{.name = "quiet", .letter = 'q', .help = "say nothing but results and errors"};
constexpr Option kHelp{.name = "help", .letter = 'h', .help = "show this help"};
constexpr Option kDataDirectory{.name = "data-dir",
                                .kind = ValueKind::File,
                                .value = "DIR",
                                .help =
                                    "where executions, ledgers and indexes are kept, which itself is never "
                                    "copied; without it $XDG_DATA_HOME/godwit, or ~/.local/share/godwit"};
constexpr Option kNoProgress{.name = "no-progress", .help = "no moving line, no heartbeat"};
constexpr Option kConcurrency{.name = "concurrency",
                              .kind = ValueKind::Number,
                              .value = "N",
                              .help =
                                  "requests in flight at most; by default found while running, up to "
                                  "1024"};
constexpr Option kMemory{.name = "memory",
                         .kind = ValueKind::Size,
                         .value = "SIZE",
                         .fallback = "64MiB",
                         .help = "content held in memory at once"};
constexpr Option kLimit{.name = "limit-bytes-per-second",
                        .kind = ValueKind::Size,
                        .value = "SIZE",
                        .help = "move no more than this each second; 0: no limit"};
constexpr Option kChecksum{
    .name = "checksum",
    .kind = ValueKind::Choice,
    .value = "ALGORITHM",
    .choices = "auto|crc64nvme|crc32c|sha256|md5|none",
    .fallback = "auto",
    .help = "what an S3 server is asked to check: the first that it does, that one, its ETag, or nothing"};

constexpr Option kPreserveXattrs{
    .name = "preserve-xattrs",
    .help =
        "compare extended attributes user.* and make the copy's the same; an object whose attributes the "
        "other end cannot keep is not copied but reported"};
constexpr Option kPreserveAcls{.name = "preserve-acls", .help = "the same for POSIX access control lists"};
constexpr Option kPreservePrivilegedXattrs{
    .name = "preserve-privileged-xattrs",
    .help =
        "the same for trusted.* and security.capability, which take privilege to set and may give it: "
        "through an object store only where nobody else writes to it"};

constexpr std::array kOutputRowsOnly{kOutputRows, kVerbose, kQuiet, kHelp};
constexpr std::array kHelpOnly{kHelp};
constexpr std::array kStateOptions{kDataDirectory};

constexpr std::array kEndOptions{
    Option{.name = "endpoint-url",
           .kind = ValueKind::Text,
           .value = "URL",
           .help = "where the S3 server is; without it as the AWS configuration says",
           .each_end = true},
    Option{.name = "profile",
           .kind = ValueKind::Text,
           .value = "NAME",
           .help = "profile of the AWS configuration files",
           .each_end = true},
    Option{.name = "region",
           .kind = ValueKind::Text,
           .value = "REGION",
           .help = "region to sign for",
           .each_end = true},
    Option{.name = "addressing",
           .kind = ValueKind::Choice,
           .value = "STYLE",
           .choices = "auto|path|virtual",
           .fallback = "auto",
           .help = "bucket in the path or in the host name",
           .each_end = true},
    Option{.name = "ca-file",
           .kind = ValueKind::File,
           .value = "FILE",
           .help = "certificate authorities to trust, PEM, in place of the system's",
           .each_end = true},
    Option{.name = "no-verify-tls",
           .help = "do not check the server's certificate: anybody on the way can read and change the data",
           .each_end = true},
    Option{.name = "anonymous", .help = "send requests without a signature", .each_end = true},
    Option{.name = "request-payer", .help = "pay for requests to buckets of others", .each_end = true},
};

constexpr std::array kLocationGroups{
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};

// ---- What a run is about: copy, verify

constexpr std::array kSelection{
    Option{.name = "include",
           .kind = ValueKind::Text,
           .value = "GLOB",
           .help = "only what matches, with all beneath it: `*` and `?` within a name, `**` across "
                   "directories, `\\` before a character that means itself; without a `/` a name at any "
                   "depth, else a path from the root on; may be given several times"},
    Option{.name = "exclude",
           .kind = ValueKind::Text,
           .value = "GLOB",
           .help = "not what matches, whatever is included; may be given several times"},
    Option{.name = "datasync-include",
           .kind = ValueKind::Text,
           .value = "PATTERNS",
           .help = "as an include filter of AWS DataSync: patterns with `|` between them, `*` only at the "
                   "end of one"},
    Option{.name = "datasync-exclude",
           .kind = ValueKind::Text,
           .value = "PATTERNS",
           .help = "as an exclude filter of AWS DataSync: `*` anywhere, and across directories"},
    Option{.name = "min-size", .kind = ValueKind::Size, .value = "SIZE", .help = "no smaller files"},
    Option{.name = "max-size", .kind = ValueKind::Size, .value = "SIZE", .help = "no larger ones"},
    Option{.name = "min-age",
           .kind = ValueKind::Duration,
           .value = "TIME",
           .help = "no files that were changed less than this ago, as 90s, 15m, 12h, 7d or 2w"},
    Option{.name = "max-age",
           .kind = ValueKind::Duration,
           .value = "TIME",
           .help = "none that were changed longer ago"},
    Option{.name = "explain",
           .kind = ValueKind::Text,
           .value = "KEY",
           .help = "only say whether the patterns select this key, a path below SRC, and why"},
};

// ---- copy

constexpr std::array kCopyWhat{
    Option{.name = "dry-run",
           .letter = 'n',
           .help = "list and compare both ends and say what would be done; nothing is written anywhere"},
    Option{.name = "compare",
           .kind = ValueKind::Choice,
           .value = "MODE",
           .choices = "metadata|size|checksum|bytes|index|index,size",
           .fallback = "metadata",
           .help = "how an object that both ends have, and the index does not know, is taken for equal: size "
                   "and mtime, size alone, stored checksums (else bytes), or bytes; `index,size` sends no "
                   "request for it"},
    Option{.name = "no-overwrite", .help = "leave what the destination has already"},
    Option{.name = "transfer-all", .help = "copy equal objects too"},
    Option{
        .name = "sparse",
        .help =
            "leave holes in files where the source has them; where nothing tells, in every 4 KiB of zeros"},
    Option{.name = "reflink",
           .help =
               "between directories of one file system that can (XFS, Btrfs): files share their blocks with "
               "their sources; a bad sector then hits both. What cannot be shared is copied"},
    Option{.name = "on-change",
           .kind = ValueKind::Choice,
           .value = "ACTION",
           .choices = "defer|publish",
           .fallback = "defer",
           .help = "a source that changes while it is read is tried again and then left out, or is stored "
                   "without evidence"},
};
constexpr std::array kCopyProof{
    Option{.name = "verify",
           .kind = ValueKind::Choice,
           .value = "MODE",
           .choices = "on|off|ONLY_FILES_TRANSFERRED|POINT_IN_TIME_CONSISTENT|NONE",
           .fallback = "on",
           .help = "prove what was copied; nothing; or, with POINT_IN_TIME_CONSISTENT, compare the whole of "
                   "both ends after the copy"},
    Option{.name = "read-back", .help = "read every object again, even where the store attests it"},
    kChecksum,
};
constexpr std::array kCopyMetadata{
    Option{.name = "no-preserve-owner", .help = "do not compare or bring over user and group"},
    Option{.name = "no-preserve-mode", .help = "do not compare or bring over permission bits"},
    Option{.name = "no-preserve-mtime", .help = "do not compare or bring over modification times"},
    Option{.name = "preserve-set-id",
           .help = "keep setuid and setgid bits that came through an object store, which others may write "
                   "to; between directories they are always kept"},
    kPreserveXattrs,
    kPreserveAcls,
    kPreservePrivilegedXattrs,
    Option{.name = "preserve-hardlinks",
           .help = "names of one file become names of one file, as far as they are selected and the file "
                   "system links them; objects in S3 tell which file they are names of"},
    Option{.name = "no-tags", .help = "leave object tags behind"},
    Option{.name = "default-mode",
           .kind = ValueKind::Text,
           .value = "OCTAL",
           .help = "permission bits of files that come without any; without it 0666 less the umask"},
    Option{.name = "default-owner",
           .kind = ValueKind::Text,
           .value = "UID:GID",
           .help = "owner of files that come without one, where we may set it"},
    Option{.name = "storage-class",
           .kind = ValueKind::Text,
           .value = "CLASS",
           .help = "storage class of the objects made"},
    Option{.name = "sse",
           .kind = ValueKind::Choice,
           .value = "ALGORITHM",
           .choices = "AES256|aws:kms",
           .help = "encryption by the server"},
    Option{.name = "sse-kms-key-id", .kind = ValueKind::Text, .value = "KEY", .help = "key of --sse aws:kms"},
    Option{.name = "lineage", .help = "write each object's source path on it as x-amz-meta-source-path"},
};
constexpr std::array kCopySpeed{kConcurrency, kMemory, kLimit};
constexpr std::array kCopyOutput{kOutputRun, kNoProgress, kVerbose, kQuiet, kDataDirectory, kHelp};
constexpr std::array kCopyGroups{
    OptionGroup{"What is copied", kCopyWhat},
    OptionGroup{"Selection, at both ends", kSelection},
    OptionGroup{"Proof", kCopyProof},
    OptionGroup{"Attributes", kCopyMetadata},
    OptionGroup{"Speed", kCopySpeed},
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output and state", kCopyOutput},
};
constexpr std::array kCopyExamples{
    Example{"godwit copy ./photos s3://backup/photos",
            "a directory to S3; again: carries on, or brings what has changed"},
    Example{"godwit copy s3://backup/photos /srv/photos", "and back, with owners, modes and times"},
    Example{"godwit copy s3://a/data s3://b/data --destination-endpoint-url http://10.0.0.7:9000",
            "between two servers"},
    Example{"godwit copy ./photos s3://backup/photos --dry-run -o jsonl",
            "what would be done, object by object"},
    Example{"godwit copy /srv/data s3://backup/data --exclude '*.tmp' --exclude /cache/ --max-age 7d",
            "what was changed this week, without temporary files"},
    Example{"godwit copy report.pdf s3://backup/2026/", "one file, under its name"},
};
constexpr std::array kTwoEnds{
    Positional{"SRC",
               "a path or s3://bucket/prefix; of a directory or prefix the contents are copied",
               Arity::One,
               Completion::Location,
               {}},
    Positional{
        "DST",
        "a path or s3://bucket/prefix; for a single file or object its new name, unless DST ends in / or "
        "is a directory",
        Arity::One,
        Completion::Location,
        {}},
};

// ---- verify

constexpr std::array kVerifyHow{
    Option{.name = "by",
           .kind = ValueKind::Choice,
           .value = "MODE",
           .choices = "metadata|checksum|bytes",
           .fallback = "metadata",
           .help =
               "size and mtime from the listings; digests that the stores keep, else of the bytes; or the "
               "bytes of both ends"},

    Option{.name = "no-preserve-owner", .help = "do not compare user and group"},
    Option{.name = "no-preserve-mode", .help = "do not compare permission bits"},
    Option{.name = "no-preserve-mtime", .help = "do not compare modification times"},
    kPreserveXattrs,
    kPreserveAcls,
    kPreservePrivilegedXattrs,
};
constexpr std::array kVerifyOutput{kOutputRows, kNoProgress, kVerbose, kQuiet, kDataDirectory, kHelp};
constexpr std::array kVerifyGroups{
    OptionGroup{"How", kVerifyHow},       OptionGroup{"Selection, at both ends", kSelection},
    OptionGroup{"Speed", kCopySpeed},     OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output", kVerifyOutput},
};
constexpr std::array kVerifyExamples{
    Example{"godwit verify ./photos s3://backup/photos", "sizes and times, from the listings"},
    Example{"godwit verify ./photos s3://backup/photos --by checksum", "contents, by what the store keeps"},
    Example{"godwit verify /srv/a /srv/b --by bytes -o jsonl", "contents, read at both ends"},
};
constexpr std::array kVerifyEnds{
    Positional{"SRC", "a path or s3://bucket/prefix", Arity::One, Completion::Location, {}},
    Positional{"DST", "what should be equal to it", Arity::One, Completion::Location, {}},
};

// ---- ls, stat, doctor

constexpr std::array kListHow{
    Option{.name = "recursive", .letter = 'r', .help = "everything below, not one level"},
    Option{.name = "long", .letter = 'l', .help = "also type, mode and owner where the listing tells them"},
};
constexpr std::array kListGroups{
    OptionGroup{"What is listed", kListHow},
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};
constexpr std::array kListExamples{
    Example{"godwit ls s3://backup/photos", "one level"},
    Example{"godwit ls -r /srv/data -o jsonl", "everything below, as JSON lines"},
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
    OptionGroup{"Speed", kCopySpeed},
    OptionGroup{"Output and state", kCopyOutput},
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

constexpr std::array<Command, 20> kCommands{{
    {"copy", "copy a tree and prove every object of it",
     "Copies what SRC holds to DST, verifies each object, and remembers the evidence. Nothing is deleted. "
     "The same command again carries an interrupted run on, or copies only what has changed since.",
     kCopyExamples, kTwoEnds, kCopyGroups, false},
    {"verify", "compare two ends without writing to either",
     "Reports objects that only SRC has (removed), only DST has (added), and that differ. Exit code 1 when "
     "there are any.",
     kVerifyExamples, kVerifyEnds, kVerifyGroups, false},
    {"ls", "list a location", "Lists the objects of a directory or prefix, in the order of their names.",
     kListExamples, kOneLocation, kListGroups, false},
    {"stat", "show all that a store tells of one object",
     "Shows size, times, attributes, content headers, user metadata, tags and the stored checksum.",
     kStatExamples, kOneObject, kLocationGroups, false},
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
    {"executions retry", "run the same again",
     "Starts a new execution between the same ends. Objects that are proved already are not copied again.",
     kExecutionsRetryExamples, kOneExecution, kRetryGroups, false},
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
