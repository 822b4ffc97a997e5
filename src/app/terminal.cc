#include "app/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace godwit::app {
namespace {

std::string_view escape_of(Style style) {
    switch (style) {
        case Style::Plain:
            return "";
        case Style::Bold:
            return "\x1b[1m";
        case Style::Dim:
            return "\x1b[2m";
        case Style::Good:
            return "\x1b[32m";
        case Style::Warning:
            return "\x1b[33m";
        case Style::Bad:
            return "\x1b[31m";
    }
    return "";
}

// Writes all of it: a terminal or pipe may take less at a time.
int write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

std::string printable_lines(std::string_view lines) {
    std::string out;
    for (;;) {
        std::size_t end = lines.find('\n');
        out += printable(lines.substr(0, end));
        if (end == std::string_view::npos) return out;
        out += '\n';
        lines.remove_prefix(end + 1);
    }
}

bool is_set(const Environment& environment, const std::string& name) {
    auto value = environment(name);
    return value && !value->empty();
}

bool wants_colour(bool is_terminal, const Environment& environment) {
    if (is_set(environment, "NO_COLOR")) return false;
    auto force = environment("CLICOLOR_FORCE");
    if (force && !force->empty() && *force != "0") return true;
    return is_terminal && environment("TERM").value_or("dumb") != "dumb";
}

std::size_t columns_of(int fd) {
    constexpr std::size_t kColumnsMin = 20;
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < kColumnsMin) return 80;
    return size.ws_col;
}

}  // namespace

Stream stream_on(int fd, const Environment& environment) {
    Stream stream;
    stream.write = [fd](std::string_view text) { return write_all(fd, text); };
    stream.is_terminal = ::isatty(fd) == 1;
    stream.columns = columns_of(fd);
    stream.colour = wants_colour(stream.is_terminal, environment);
    return stream;
}

void Terminal::out(std::string_view text) {
    if (out_errno_ != 0) return;
    gathered_ += text;
    if (out_.is_terminal || gathered_.size() >= kGatheredBytesMax) flush_out();
}

void Terminal::flush_out() {
    if (out_errno_ != 0 || gathered_.empty()) return;
    if (out_.is_terminal) end_progress();
    out_errno_ = out_.write(gathered_);
    gathered_.clear();
}

void Terminal::say(std::string_view lines) {
    if (!options_.quiet) warn(lines);
}

void Terminal::warn(std::string_view lines, Style style) {
    end_progress();
    write_err(styled(err_, style, printable_lines(lines)) + "\n");
}

void Terminal::progress(std::string_view line) {
    if (!shows_progress()) return;
    write_err("\r" + std::string(line) + "\x1b[K");
    progress_shown_ = true;
}

void Terminal::end_progress() {
    if (!progress_shown_) return;
    write_err("\r\x1b[K");
    progress_shown_ = false;
}

std::string Terminal::styled(const Stream& stream, Style style, std::string_view text) {
    if (!stream.colour || style == Style::Plain) return std::string(text);
    return std::string(escape_of(style)) + std::string(text) + "\x1b[0m";
}

// Nobody can be told that stderr is gone.
void Terminal::write_err(std::string_view text) {
    [[maybe_unused]] int ignored = err_.write(text);
}

Result<void> Terminal::finish() {
    end_progress();
    flush_out();
    if (out_errno_ == 0 || out_errno_ == EPIPE) return {};
    return errno_error(out_errno_, "write", "standard output");
}

}  // namespace godwit::app
