// An Error says what failed, on what, why, and, by its kind, what can be done about it.
//
// Adapters make Errors from what their world tells them (errno, HTTP status, SQLite code), each in
// one tested table. Nobody parses a message: what a caller may decide on is in kind() and code().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace godwit {

// The kind says what to do. `runtime/retry.h` holds the one table from kind to action.
enum class ErrorKind : std::uint8_t {
    Invalid,      // the request or the data is wrong: fail the item
    NotFound,     // it is not there: fail the item (or GONE, if it was there when listed)
    Exists,       // something else is in the way: fail the item
    Denied,       // no permission: fail the item
    Unsupported,  // the store or Godwit cannot do this: fail the item
    Changed,      // the source is no longer what was listed or opened: plan again later
    Corrupt,      // bytes or answers that cannot be true: do it again, keep the evidence
    Busy,         // overloaded: again, later and slower
    Lost,         // connection or reply lost, outcome unknown: reconnect and do again
    Full,         // no space or quota: pause
    Cancelled,    // somebody asked to stop, or a deadline of ours ran out
};

// The kind's name as it stands in output and in the ledger ("not_found").
std::string_view to_string(ErrorKind kind);

// Whose failure it is: errors are grouped and shown by it. Stored in the ledger: never renumber.
enum class Scope : std::uint8_t {
    None = 0,  // nobody has said
    Source = 1,
    Destination = 2,
    Transfer = 3,  // both or neither: the way between them
    State = 4,     // files of our own
};

// "SOURCE" and so on; empty for None and for numbers that are none of these.
std::string_view to_string(Scope scope);

class Error {
  public:
    // `operation` is a verb phrase ("open", "put part 3 of"), `subject` what it was done to
    // (a path or URI), `cause` one phrase. None may contain a secret.
    Error(ErrorKind kind, std::string operation, std::string subject, std::string cause);

    // The native name of the failure ("ENOSPC", "SlowDown"): errors are grouped by it.
    Error with_code(std::string code) &&;
    Error with_request_id(std::string id) &&;
    // The other side asked us to wait at least this long.
    Error with_retry_after(std::chrono::milliseconds wait) &&;
    // How many attempts had been made when this error was given up on, from 1.
    Error with_attempt(int attempt) &&;
    Error with_kind(ErrorKind kind) &&;
    Error with_scope(Scope scope) &&;

    ErrorKind kind() const { return body_->kind; }
    const std::string& operation() const { return body_->operation; }
    const std::string& subject() const { return body_->subject; }
    const std::string& cause() const { return body_->cause; }
    // Empty when the failure has no native name.
    const std::string& code() const { return body_->code; }
    Scope scope() const { return body_->scope; }
    const std::string& request_id() const { return body_->request_id; }
    std::optional<std::chrono::milliseconds> retry_after() const { return body_->retry_after; }
    int attempt() const { return body_->attempt; }

    // "operation subject: cause (CODE, request ID, attempt N)". One line; control characters of
    // the subject are escaped.
    std::string message() const;

    Error clone() const;

  private:
    struct Body {
        ErrorKind kind;
        int attempt = 0;
        Scope scope = Scope::None;
        std::string operation, subject, cause, code, request_id;
        std::optional<std::chrono::milliseconds> retry_after;
    };
    explicit Error(std::unique_ptr<Body> body) : body_(std::move(body)) {}
    std::unique_ptr<Body> body_;
};

// Error from errno: kind by the one table of errno values, code "ENOENT", cause strerror's text.
Error errno_error(int error_number, std::string operation, std::string subject);
ErrorKind errno_kind(int error_number);

// `text` with control characters, DEL and invalid UTF-8 written as \xNN, so that a hostile key can
// neither break a line of output nor drive a terminal.
std::string printable(std::string_view text);

}  // namespace godwit
