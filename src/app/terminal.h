// Terminal: where words go. Results to stdout, talk to stderr, and neither in the other's place, so
// that `godwit ... | program` always works.
//
// It knows what stands at the other end (a person or a program) and so whether there may be colour, a
// progress line and shortened numbers. It does not know what is said. One thread at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace godwit::app {

// An environment variable; absent when it is not set. Valid for ever, from any thread.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Takes text to its stream; the errno of what went wrong, or 0.
using TextSink = std::function<int(std::string_view)>;

struct Stream {
    TextSink write;
    bool is_terminal = false;
    // Of a terminal; 80 where it does not say.
    std::size_t columns = 80;
    bool colour = false;
};

struct TerminalOptions {
    bool quiet = false;    // no talk but errors
    bool progress = true;  // a moving line, where stderr is a terminal
    int verbosity = 0;     // 1: what is worth knowing, 2: every request
};

enum class Style { Plain, Bold, Dim, Good, Warning, Bad };

class Terminal {
  public:
    Terminal(Stream out, Stream err) : out_(std::move(out)), err_(std::move(err)) {}

    void configure(const TerminalOptions& options) { options_ = options; }
    const TerminalOptions& options() const { return options_; }
    bool out_is_terminal() const { return out_.is_terminal; }
    bool err_is_terminal() const { return err_.is_terminal; }
    std::size_t out_columns() const { return out_.columns; }
    std::size_t err_columns() const { return err_.columns; }

    // Result text, as it is. It is gathered unless stdout is a terminal. What cannot be written is
    // remembered for finish().
    void out(std::string_view text);
    // Hands over what was gathered: for results that somebody waits for.
    void flush_out();
    // Talk, a line or more; nothing when quiet. Whatever would drive a terminal is written as \xNN:
    // names and answers of strangers stand in it.
    void say(std::string_view lines);
    // Talk that is said even when quiet: warnings and errors.
    void warn(std::string_view lines, Style style = Style::Plain);

    // Shows `line` in place of the last progress line. Nothing unless there is a person to see it.
    void progress(std::string_view line);
    void end_progress();
    bool shows_progress() const { return err_.is_terminal && options_.progress && !options_.quiet; }

    // `text` in the style, for stdout; plain where there is no colour.
    std::string styled_out(Style style, std::string_view text) const { return styled(out_, style, text); }

    // Did all results arrive? The reader's having gone away (EPIPE) is his choice and no failure.
    Result<void> finish();
    // Nobody reads results any more: a command that only makes results may end.
    bool out_is_gone() const { return out_errno_ != 0; }

  private:
    static constexpr std::size_t kGatheredBytesMax = 64 << 10;
    static std::string styled(const Stream& stream, Style style, std::string_view text);
    void write_err(std::string_view text);

    Stream out_;
    Stream err_;
    TerminalOptions options_;
    std::string gathered_;  // at most kGatheredBytesMax and one piece of text
    int out_errno_ = 0;
    bool progress_shown_ = false;
};

// A stream on a descriptor of this process. Colour by NO_COLOR, CLICOLOR_FORCE, TERM and whether it
// is a terminal (no-color.org, bixense.com/clicolors).
Stream stream_on(int fd, const Environment& environment);

}  // namespace godwit::app
