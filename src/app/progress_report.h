// Tells the person or program that waits how a run is getting on: a moving line on a terminal, a
// heartbeat line every 30 s elsewhere, JSON lines where those were asked for.
#pragma once

#include "app/during.h"
#include "app/progress_line.h"
#include "app/rows.h"
#include "app/session.h"
#include "runtime/context.h"
#include "runtime/task.h"

namespace godwit::app {

// Does the locale (LC_ALL, LC_CTYPE, LANG, the first that is set) write UTF-8?
bool speaks_utf8(const Environment& environment);

class ProgressReport {
  public:
    // All arguments outlive the report.
    ProgressReport(Session& session, OutputFormat format, const engine::Progress& progress)
        : terminal_(session.terminal),
          format_(format),
          unicode_(speaks_utf8(session.environment)),
          progress_(progress) {}

    // Reports until the context ends, then takes the line away. Never fails a run.
    runtime::Task<void> run(runtime::Context& context);

    // Awaits `work`, reporting meanwhile.
    template <class T>
    runtime::Task<T> during(runtime::Loop& loop, runtime::Task<T> work) {
        return app::during(loop, *this, std::move(work));
    }

  private:
    // How often, and in which form.
    enum class Form : std::uint8_t { Line, Heartbeat, JsonLines, Nothing };
    Form form() const;
    static Duration interval(Form form);
    void show(Form form, const ProgressMeter& meter, std::int64_t unix_ns);

    Terminal& terminal_;
    OutputFormat format_;
    bool unicode_;
    const engine::Progress& progress_;
};

}  // namespace godwit::app
