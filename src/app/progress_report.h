// Tells the person or program that waits how a run is getting on: a moving line on a terminal, a
// heartbeat line every 30 s elsewhere, JSON lines where those were asked for.
#pragma once

#include "app/progress_line.h"
#include "app/rows.h"
#include "app/terminal.h"
#include "runtime/context.h"
#include "runtime/task.h"

namespace godwit::app {

class ProgressReport {
  public:
    // All arguments outlive the report.
    ProgressReport(Terminal& terminal, OutputFormat format, bool unicode, const engine::Progress& progress)
        : terminal_(terminal), format_(format), unicode_(unicode), progress_(progress) {}

    // Reports until the context ends, then takes the line away. Never fails a run.
    runtime::Task<void> run(runtime::Context& context);

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
