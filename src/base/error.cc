#include "base/error.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/sabotage.h"

namespace godwit {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Invalid:
            return "invalid";
        case ErrorKind::NotFound:
            return "not_found";
        case ErrorKind::Exists:
            return "exists";
        case ErrorKind::Denied:
            return "denied";
        case ErrorKind::Unsupported:
            return "unsupported";
        case ErrorKind::Changed:
            return "changed";
        case ErrorKind::Corrupt:
            return "corrupt";
        case ErrorKind::Busy:
            return "busy";
        case ErrorKind::Lost:
            return "lost";
        case ErrorKind::Full:
            return "full";
        case ErrorKind::Cancelled:
            return "cancelled";
    }
    GODWIT_CHECK(false, "no such error kind: {}", static_cast<int>(kind));
}

std::string_view to_string(Scope scope) {
    constexpr std::array<std::string_view, 5> kNames{"", "SOURCE", "DESTINATION", "TRANSFER", "STATE"};
    auto number = static_cast<std::size_t>(scope);
    return number < kNames.size() ? kNames[number] : "";
}

Error::Error(ErrorKind kind, std::string operation, std::string subject, std::string cause)
    : body_(std::make_unique<Body>(Body{.kind = kind,
                                        .operation = std::move(operation),
                                        .subject = std::move(subject),
                                        .cause = std::move(cause),
                                        .code = {},
                                        .request_id = {},
                                        .retry_after = {}})) {}

Error Error::with_code(std::string code) && {
    body_->code = std::move(code);
    return std::move(*this);
}

Error Error::with_request_id(std::string id) && {
    body_->request_id = std::move(id);
    return std::move(*this);
}

Error Error::with_retry_after(std::chrono::milliseconds wait) && {
    body_->retry_after = wait;
    return std::move(*this);
}

Error Error::with_attempt(int attempt) && {
    body_->attempt = attempt;
    return std::move(*this);
}

Error Error::with_kind(ErrorKind kind) && {
    body_->kind = kind;
    return std::move(*this);
}

std::string Error::message() const {
    std::string text =
        fmt::format("{} {}: {}", body_->operation, printable(body_->subject), printable(body_->cause));
    std::string notes;
    auto note = [&](const std::string& words) { notes += (notes.empty() ? "" : ", ") + words; };
    if (!body_->code.empty()) note(printable(body_->code));
    if (!body_->request_id.empty()) note("request " + printable(body_->request_id));
    if (body_->attempt > 1) note(fmt::format("attempt {}", body_->attempt));
    return notes.empty() ? text : fmt::format("{} ({})", text, notes);
}

Error Error::with_scope(Scope scope) && {
    body_->scope = scope;
    return std::move(*this);
}

Error Error::clone() const {
    return Error(std::make_unique<Body>(*body_));
}

ErrorKind errno_kind(int error_number) {
    switch (error_number) {
        case ENOENT:
            return ErrorKind::NotFound;
        case EEXIST:
        case ENOTDIR:
        case EISDIR:
        case ENOTEMPTY:
            return ErrorKind::Exists;
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorKind::Denied;
        case ENOSPC:
        case EDQUOT:
            return ErrorKind::Full;
        case EFBIG:
        case ENAMETOOLONG:
        case EILSEQ:
        case EOPNOTSUPP:
        case ENOSYS:
        case EXDEV:
        case ELOOP:
            return ErrorKind::Unsupported;
        case EIO:
            return ErrorKind::Corrupt;
        case EAGAIN:
        case EBUSY:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS:
            return ErrorKind::Busy;
        case ESTALE:
            return ErrorKind::Changed;
        case ECANCELED:
            return ErrorKind::Cancelled;
        case ECONNRESET:
        case ECONNREFUSED:
        case ECONNABORTED:
        case EPIPE:
        case ENOTCONN:
        case ETIMEDOUT:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ENETDOWN:
        case ENETRESET:
            return ErrorKind::Lost;
        default:
            return ErrorKind::Invalid;
    }
}

Error errno_error(int error_number, std::string operation, std::string subject) {
    const char* name = strerrorname_np(error_number);
    return Error(errno_kind(error_number), std::move(operation), std::move(subject),
                 strerrordesc_np(error_number) ? strerrordesc_np(error_number) : "unknown error")
        .with_code(name ? name : fmt::format("errno {}", error_number));
}

namespace {

// The length of the well-formed UTF-8 sequence at the head of `text`, or 0 (RFC 3629 §4).
std::size_t utf8_sequence_length(std::string_view text) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto continuation = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return continuation(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        unsigned low = lead == 0xE0 ? 0xA0 : 0x80, high = lead == 0xED ? 0x9F : 0xBF;
        return continuation(1, low, high) && continuation(2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        unsigned low = lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xF4 ? 0x8F : 0xBF;
        return continuation(1, low, high) && continuation(2) && continuation(3) ? 4 : 0;
    }
    return 0;
}

// C0, DEL and the two-byte C1 controls drive terminals as well as the one-byte ones.
bool is_control(std::string_view sequence) {
    unsigned lead = static_cast<unsigned char>(sequence[0]);
    if (sequence.size() == 1) return lead < 0x20 || lead == 0x7F;
    return sequence.size() == 2 && lead == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

}  // namespace

std::string printable(std::string_view text) {
    if (GODWIT_SABOTAGE(print_control_characters)) return std::string(text);
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::size_t length = utf8_sequence_length(text);
        std::string_view sequence = text.substr(0, length ? length : 1);
        if (length == 0 || is_control(sequence)) {
            for (char c : sequence) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out += sequence;
        }
        text.remove_prefix(sequence.size());
    }
    return out;
}

}  // namespace godwit
