#include "app/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/exit_code.h"
#include "app/json_text.h"

namespace godwit::app {
namespace {

struct Row {
    std::string_view name;  // a code, or a kind's name
    std::string_view advice;
};

constexpr std::array kRows{
    // POSIX
    Row{"EACCES",
        "run as a user or group that may; or give the program CAP_DAC_READ_SEARCH to read, "
        "CAP_DAC_OVERRIDE to write"},
    Row{"EPERM", "run as root, or give the program CAP_CHOWN and CAP_FOWNER"},
    Row{"EROFS", "the file system is mounted read-only: mount it writable, or choose another destination"},
    Row{"ENOSPC", "make room at the destination, then run the same command: it carries on"},
    Row{"EDQUOT", "raise the quota or make room, then run the same command: it carries on"},
    Row{"ENOENT", "check the spelling, and that the file system is mounted"},
    Row{"ENOTDIR",
        "something that is no directory is in the way: remove or rename it, or choose another place"},
    Row{"EISDIR", "a directory is in the way: remove or rename it, or choose another place"},
    Row{"EEXIST", "something of this name is there already: remove or rename it, or choose another name"},
    Row{"NamesFold", "rename one of the two at the source, or choose a file system that tells them apart"},
    Row{"EFBIG", "raise the limit of a file's size (ulimit -f), or choose another file system"},
    Row{"ENAMETOOLONG", "the name is too long for this place: shorten it"},
    Row{"ELOOP", "symbolic links lead in a circle: see `namei -l` on the path"},
    Row{"Special", "name a file or a directory"},
    Row{"EMFILE", "raise the limit of open files (ulimit -Hn)"},
    Row{"EIO", "the device has failed to read or write: see the kernel's log (dmesg)"},
    Row{"SymlinkInPath", "a symbolic link stands where a directory is needed; Godwit does not follow it"},
    Row{"ManifestFileDoesNotExist",
        "check this line of the list: paths are relative to SRC, and `godwit manifest check --source` names "
        "all "
        "that are not there"},
    Row{"BadManifest", "mend the list; `godwit manifest check` names every line"},
    Row{"BadPrefixList", "mend the list; `godwit manifest check --prefixes` names every line"},
    Row{"EmptyList", "look at what makes the list"},
    Row{"UnrepresentableKey", "the destination cannot hold this name: rename the object at the source"},
    // S3
    Row{"NoSuchBucket", "check the bucket's name, and the endpoint and region it is in"},
    Row{"InvalidAccessKeyId",
        "the server does not know this key: check --profile, or the environment's AWS_*"},
    Row{"XAdminUserNotFound",
        "the server does not know this key: check --profile, or the environment's AWS_*"},
    Row{"InvalidBucketName", "check the bucket's name: this server can have none of that name"},
    Row{"SignatureDoesNotMatch",
        "the secret key is not this access key's: check --profile, or the environment's AWS_*"},
    Row{"ExpiredToken", "the session has ended: get new credentials"},
    Row{"InvalidToken", "the session token is not this key's: get new credentials"},
    Row{"TokenRefreshRequired", "the session has ended: get new credentials"},
    Row{"AccessDenied",
        "the credentials lack a permission on this bucket or key; `godwit doctor URI` shows which are used"},
    Row{"RequestTimeTooSkewed", "set this machine's clock: timedatectl set-ntp true"},
    Row{"PermanentRedirect", "name the bucket's own region with --region"},
    Row{"AuthorizationHeaderMalformed", "name the bucket's own region with --region"},
    Row{"NoCredentials",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a --profile, or use --anonymous"},
    Row{"InvalidObjectState", "the object is archived: restore it first"},
    Row{"SlowDown", "the server asks to go slower; Godwit did: lower --concurrency if it goes on"},
    Row{"QuotaExceeded", "raise the quota or make room, then run the same command: it carries on"},
    Row{"CertificateRefused",
        "name the server's authority with --ca-file; --no-verify-tls gives up all safety"},
    Row{"ConnectFailed", "check the endpoint (http or https, host name, port), and that the server is up"},
    Row{"NoLocalPort",
        "this machine's ports are taken: close other connections, lower --concurrency, or widen "
        "net.ipv4.ip_local_port_range (sysctl)"},
    Row{"MalformedAnswer",
        "this does not answer as an S3 server does: check the endpoint, and proxies or login pages on the "
        "way"},
    Row{"NameNotFound", "check the endpoint's host name, and this machine's name servers"},
    // Godwit
    Row{"EndsOverlap", "choose a destination outside the source"},
    Row{"Mismatch",
        "the stored bytes differ from the source's: run the same command; if it goes on, suspect the "
        "destination's disks or network"},
    Row{"ChecksumMismatch",
        "bytes changed on their way or in the store, and are not called verified: if it goes on, look for a "
        "proxy, memory or network card that is at fault"},
    Row{"EmptySource",
        "check SRC, and that it is mounted; to empty DST, remove what it holds by other means"},
    Row{"TooManyDeletes", "look at `--dry-run`; if all of it is to go, allow it with --max-delete"},
    Row{"FailedObjects", "see to what failed, then run the same command; or --delete-despite-failures"},
    Row{"IncompleteListing",
        "see to what hinders the listing, then run the same command; nothing was deleted on its word"},
    Row{"RootReplaced", "check that the right file system or bucket is there"},
    Row{"InexactDelete",
        "turn on versioning for the bucket; or, if nobody else writes there, "
        "--delete-unconditionally"},
    Row{"Drifted", "look at what has changed, and plan again"},
    Row{"ReportOverlap", "name a location outside it"},
    Row{"ReportExists", "name another location, or ask for the report that stands there"},
    Row{"NoPlan", "`godwit plan SRC DST --to FILE` makes one"},
    Row{"Locked", "wait for the other run, or stop it: both would do the same work"},
    Row{"NothingRecorded", "`godwit copy` begins it; if it was begun elsewhere, name that with --data-dir"},
    Row{"NotListed", "see to what hinders the listing, then run the same command: it copies what was missed"},
    Row{"NoDataDirectory", "say where with --data-dir"},
    Row{"SQLITE_FULL",
        "make room where the data directory is, or name another with --data-dir, then run the same command"},
    Row{"SQLITE_NOTADB",
        "bring a backup back with `godwit state restore`, or begin anew with another --data-dir"},
    Row{"SQLITE_CORRUPT",
        "bring a backup back with `godwit state restore`, or begin anew with another --data-dir"},
    // Kinds, for codes that nobody has named
    Row{"changed", "it changed while it was read: run again when it is quiet, or --on-change publish"},
    Row{"denied", "check permissions and credentials"},
    Row{"full", "make room, then run the same command: it carries on"},
    Row{"lost", "check the network and the endpoint, then run the same command: it carries on"},
    Row{"busy", "run the same command later: it carries on"},
};

std::string_view find(std::string_view name) {
    auto row = std::ranges::find(kRows, name, &Row::name);
    return row == kRows.end() ? std::string_view() : row->advice;
}

}  // namespace

std::string_view advice_for(std::string_view code, std::string_view kind) {
    std::string_view advice = find(code);
    return advice.empty() ? find(kind) : advice;
}

std::string_view advice_for(const Error& error) {
    return advice_for(error.code(), to_string(error.kind()));
}

std::string error_text(const Error& error) {
    if (error.code() == "Usage") {
        return fmt::format("error: {}: {}", printable(error.subject()), printable(error.cause()));
    }
    std::string_view after_scope = error.scope() == Scope::None ? "" : ": ";
    std::string text = fmt::format("error: {}{}{}", to_string(error.scope()), after_scope, error.message());
    std::string_view advice = advice_for(error);
    return advice.empty() ? text : fmt::format("{}\n  fix: {}", text, advice);
}

boost::json::object error_event(const Error& error, std::int64_t unix_ns) {
    boost::json::object event = json_event("error", unix_ns);
    event["scope"] = to_string(error.scope());
    event["kind"] = to_string(error.kind());
    event["code"] = printable(error.code());
    event["operation"] = error.operation();
    event["subject"] = printable(error.subject());
    event["message"] = error.message();
    event["fix"] = advice_for(error);
    if (!error.request_id().empty()) event["request_id"] = printable(error.request_id());
    event["exit_code"] = static_cast<int>(exit_code_for(error));
    return event;
}

}  // namespace godwit::app
