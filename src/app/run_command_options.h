// Options, arguments and examples of the commands that run something between two ends (copy, plan, apply,
// verify), and the options that other commands share with them. command_table.cc makes commands of them.
#pragma once

#include <array>

#include "app/command_table.h"

namespace godwit::app {

// ---- Options that several commands share

inline constexpr Option kOutputRows{.name = "output",
                                    .letter = 'o',
                                    .kind = ValueKind::Choice,
                                    .value = "FORMAT",
                                    .choices = "table|json|jsonl|csv|name",
                                    .fallback = "table",
                                    .help =
                                        "how results are written; a table is tab-separated where no terminal "
                                        "reads it"};
inline constexpr Option kOutputRun{
    .name = "output",
    .letter = 'o',
    .kind = ValueKind::Choice,
    .value = "FORMAT",
    .choices = "table|json|jsonl|name",
    .fallback = "table",
    .help =
        "how results are written: text, one JSON summary, JSON lines as things "
        "happen, or the execution's name alone"};
inline constexpr Option kVerbose{.name = "verbose",
                                 .letter = 'v',
                                 .help = "log to stderr what is worth knowing; twice: also every detail"};
inline constexpr Option kQuiet{.name = "quiet", .letter = 'q', .help = "say nothing but results and errors"};
inline constexpr Option kHelp{.name = "help", .letter = 'h', .help = "show this help"};
inline constexpr Option kDataDirectory{
    .name = "data-dir",
    .kind = ValueKind::File,
    .value = "DIR",
    .help =
        "where executions, ledgers and indexes are kept, which itself is never "
        "copied; without it $XDG_DATA_HOME/godwit, or ~/.local/share/godwit"};
inline constexpr Option kNoProgress{.name = "no-progress", .help = "no moving line, no heartbeat"};
inline constexpr Option kConcurrency{.name = "concurrency",
                                     .kind = ValueKind::Number,
                                     .value = "N",
                                     .help =
                                         "requests in flight at most; by default found while running, up to "
                                         "1024"};
inline constexpr Option kMemory{.name = "memory",
                                .kind = ValueKind::Size,
                                .value = "SIZE",
                                .help = "content held in memory at once; by default 64MiB"};
inline constexpr Option kByteRate{
    .name = "limit-bytes-per-second",
    .kind = ValueKind::Text,
    .value = "RATE",
    .help =
        "move no more than this each second, a size or `off`; or a timetable in local time, as `08:00,10MiB "
        "19:00,off` or `Mon-08:00,10MiB Fri-18:00,off`"};
inline constexpr Option kRequestRate{
    .name = "limit-requests-per-second",
    .kind = ValueKind::Number,
    .value = "N",
    .help = "send S3 servers no more requests than this each second, both ends together; 0: no limit"};
inline constexpr Option kChecksum{
    .name = "checksum",
    .kind = ValueKind::Choice,
    .value = "ALGORITHM",
    .choices = "auto|crc64nvme|crc32c|sha256|md5|none",
    .fallback = "auto",
    .help = "what an S3 server is asked to check: the first that it does, that one, its ETag, or nothing"};

inline constexpr Option kPreserveXattrs{
    .name = "preserve-xattrs",
    .help =
        "compare extended attributes user.* and make the copy's the same; an object whose attributes the "
        "other end cannot keep is not copied but reported"};
inline constexpr Option kPreserveAcls{.name = "preserve-acls",
                                      .help = "the same for POSIX access control lists"};
inline constexpr Option kPreservePrivilegedXattrs{
    .name = "preserve-privileged-xattrs",
    .help =
        "the same for trusted.* and security.capability, which take privilege to set and may give it: "
        "through an object store only where nobody else writes to it"};

inline constexpr std::array kOutputRowsOnly{kOutputRows, kVerbose, kQuiet, kHelp};
inline constexpr std::array kHelpOnly{kHelp};
inline constexpr std::array kStateOptions{kDataDirectory};

inline constexpr std::array kEndOptions{
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

inline constexpr std::array kLocationGroups{
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output", kOutputRowsOnly},
};

// ---- What a run is about: copy, verify

inline constexpr std::array kLists{
    Option{.name = "manifest",
           .kind = ValueKind::Text,
           .value = "LIST",
           .help =
               "only the objects that LIST names, one path a line (CSV), each asked for by its name: a file, "
               "`-`, s3://bucket/key or http(s)://...; not with patterns and sizes"},
    Option{.name = "prefixes",
           .kind = ValueKind::Text,
           .value = "LIST",
           .help =
               "only what begins with a prefix that LIST names, one a line, nothing else is listed; LIST as "
               "above"},
};

inline constexpr std::array kSelection{
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

inline constexpr Option kPrices{.name = "prices",
                                .kind = ValueKind::File,
                                .value = "FILE",
                                .help = "what requests and a GiB out cost, to say what the plan would"};
inline constexpr std::array kCopyPlan{
    Option{.name = "dry-run",
           .letter = 'n',
           .help = "list and compare both ends and say what would be done; nothing is written anywhere"},
    kPrices,
};
inline constexpr std::array kPlanTo{
    Option{.name = "to",
           .kind = ValueKind::File,
           .value = "FILE",
           .help = "where the plan goes: a new file, JSON lines"},
    kPrices,
};
inline constexpr std::array kCopyWhat{
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
inline constexpr std::array kCopyDeletes{
    Option{.name = "delete",
           .help =
               "remove from DST what SRC does not have any more, after everything else, and only when both "
               "were listed whole; what came to DST after the start of the run stays"},
    Option{.name = "max-delete",
           .kind = ValueKind::Text,
           .value = "N|P%",
           .help = "if more than so many objects, or so many of a hundred that DST has, would go, none does; "
                   "may be given as both; without it 50%"},
    Option{
        .name = "backup-dir",
        .kind = ValueKind::Text,
        .value = "LOCATION",
        .help =
            "copy what goes to LOCATION/<execution>/ first, and prove the copy; a path or s3://bucket/prefix "
            "apart from both ends, reached as DST is"},
    Option{.name = "delete-despite-failures",
           .help = "also when objects could not be copied: what only DST has may be the last copy there"},
    Option{.name = "delete-unconditionally",
           .help = "also where the server cannot be told to delete just the version that was listed, so that "
                   "what others write in that moment is lost; without need where the bucket keeps versions"},
};
inline constexpr std::array kCopyProof{
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
inline constexpr std::array kCopyMetadata{
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
inline constexpr std::array kCopySpeed{kConcurrency, kMemory, kByteRate, kRequestRate};
// A task report at the end of a run; task_report.h reads these.
inline constexpr std::array kCopyReport{
    Option{.name = "report",
           .kind = ValueKind::Text,
           .value = "LOCATION",
           .help =
               "write a task report in the layout of AWS DataSync below this directory or s3:// prefix at "
               "the end of the run, also of one that failed; reached with DST's options"},
    Option{.name = "report-type",
           .kind = ValueKind::Choice,
           .value = "TYPE",
           .choices = "STANDARD|SUMMARY_ONLY",
           .help = "with lists of objects (STANDARD, which holds without it), or without"},
    Option{.name = "report-level",
           .kind = ValueKind::Choice,
           .value = "LEVEL",
           .choices = "ERRORS_ONLY|SUCCESSES_AND_ERRORS",
           .help = "which objects the lists hold; ERRORS_ONLY without it"},
    Option{.name = "report-override",
           .kind = ValueKind::Text,
           .value = "LIST",
           .help = "another level for single lists: KIND=LEVEL with commas between them, of TRANSFERRED, "
                   "VERIFIED, SKIPPED, DELETED"},
};
inline constexpr std::array kCopyOutput{kOutputRun, kNoProgress, kVerbose, kQuiet, kDataDirectory, kHelp};
inline constexpr std::array kCopyGroups{
    OptionGroup{"Plan", kCopyPlan},
    OptionGroup{"What is copied", kCopyWhat},
    OptionGroup{"Selection, at both ends", kSelection},
    OptionGroup{"Lists, at both ends", kLists},
    OptionGroup{"Mirror", kCopyDeletes},
    OptionGroup{"Proof", kCopyProof},
    OptionGroup{"Attributes", kCopyMetadata},
    OptionGroup{"Task report", kCopyReport},
    OptionGroup{"Speed", kCopySpeed},
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output and state", kCopyOutput},
};
inline constexpr std::array kPlanGroups{
    OptionGroup{"Plan", kPlanTo},
    OptionGroup{"What is copied", kCopyWhat},
    OptionGroup{"Selection, at both ends", kSelection},
    OptionGroup{"Mirror", kCopyDeletes},
    OptionGroup{"Proof", kCopyProof},
    OptionGroup{"Attributes", kCopyMetadata},
    OptionGroup{"Speed", kCopySpeed},
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output and state", kCopyOutput},
};
inline constexpr std::array kApplyGroups{
    OptionGroup{"Task report", kCopyReport},
    OptionGroup{"Speed", kCopySpeed},
    OptionGroup{"Output and state", kCopyOutput},
};
inline constexpr std::array kPlanExamples{
    Example{"godwit plan /srv/data s3://backup/data --delete --to friday.plan",
            "to be looked at, and then done with `godwit apply friday.plan`"},
};
inline constexpr std::array kApplyExamples{
    Example{"godwit apply friday.plan -o jsonl", "with errors and the summary as JSON lines"},
};
inline constexpr std::array kOnePlan{
    Positional{"FILE", "what `godwit plan` has written", Arity::One, Completion::Location, {}},
};
inline constexpr std::array kCopyExamples{
    Example{"godwit copy ./photos s3://backup/photos",
            "a directory to S3; again: carries on, or brings what has changed"},
    Example{"godwit copy s3://backup/photos /srv/photos", "and back, with owners, modes and times"},
    Example{"godwit copy s3://a/data s3://b/data --destination-endpoint-url http://10.0.0.7:9000",
            "between two servers"},
    Example{"godwit copy ./photos s3://backup/photos --dry-run -o jsonl",
            "what would be done, object by object"},
    Example{"godwit copy /srv/data s3://backup/data --exclude '*.tmp' --exclude /cache/ --max-age 7d",
            "what was changed this week, without temporary files"},
    Example{"godwit copy /srv/data s3://backup/data --delete --max-delete 1000 --dry-run",
            "what a mirror would copy and delete"},
    Example{"godwit copy /srv/data s3://backup/data --report s3://audit/godwit "
            "--report-level SUCCESSES_AND_ERRORS",
            "with a list of all that was done, for whoever reads DataSync's reports"},
    Example{"godwit copy report.pdf s3://backup/2026/", "one file, under its name"},
    Example{"godwit copy /srv/data s3://backup/data --manifest keys.csv",
            "what a list names, and nothing else"},
};
inline constexpr std::array kTwoEnds{
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

inline constexpr std::array kVerifyHow{
    Option{.name = "by",
           .kind = ValueKind::Choice,
           .value = "MODE",
           .choices = "metadata|checksum|bytes",
           .fallback = "metadata",
           .help =
               "size and mtime from the listings; digests that the stores keep, else of the bytes; or the "
               "bytes of both ends"},
    Option{.name = "sample",
           .kind = ValueKind::Text,
           .value = "PART",
           .help =
               "compare so many contents, and of all others what the listings tell: `5%`, another part each "
               "time, or `1%/day` (hour, week), which has come to all of them after a hundred days"},

    Option{.name = "no-preserve-owner", .help = "do not compare user and group"},
    Option{.name = "no-preserve-mode", .help = "do not compare permission bits"},
    Option{.name = "no-preserve-mtime", .help = "do not compare modification times"},
    kPreserveXattrs,
    kPreserveAcls,
    kPreservePrivilegedXattrs,
};
inline constexpr std::array kVerifyOutput{kOutputRows, kNoProgress, kVerbose, kQuiet, kDataDirectory, kHelp};
inline constexpr std::array kVerifyGroups{
    OptionGroup{"How", kVerifyHow},
    OptionGroup{"Selection, at both ends", kSelection},
    OptionGroup{"Lists, at both ends", kLists},
    OptionGroup{"Speed", kCopySpeed},
    OptionGroup{"S3", kEndOptions},
    OptionGroup{"Output", kVerifyOutput},
};
inline constexpr std::array kVerifyExamples{
    Example{"godwit verify ./photos s3://backup/photos", "sizes and times, from the listings"},
    Example{"godwit verify ./photos s3://backup/photos --by checksum", "contents, by what the store keeps"},
    Example{"godwit verify /srv/a /srv/b --by bytes -o jsonl", "contents, read at both ends"},
    Example{"godwit verify /srv/data s3://backup/data --by bytes --sample 1%/day",
            "each content every hundred days"},
};
inline constexpr std::array kVerifyEnds{
    Positional{"SRC", "a path or s3://bucket/prefix", Arity::One, Completion::Location, {}},
    Positional{"DST", "what should be equal to it", Arity::One, Completion::Location, {}},
};

}  // namespace godwit::app
