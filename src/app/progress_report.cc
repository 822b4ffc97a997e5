#include "app/progress_report.h"

#include "app/json_text.h"
#include "runtime/wait.h"

namespace godwit::app {

bool speaks_utf8(const Environment& environment) {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        auto locale = environment(name);
        if (!locale || locale->empty()) continue;
        return locale->find("UTF-8") != std::string::npos || locale->find("utf8") != std::string::npos;
    }
    return false;
}

ProgressReport::Form ProgressReport::form() const {
    if (!terminal_.options().progress) return Form::Nothing;
    if (format_ == OutputFormat::JsonLines) return Form::JsonLines;
    if (terminal_.options().quiet) return Form::Nothing;
    return terminal_.shows_progress() ? Form::Line : Form::Heartbeat;
}

Duration ProgressReport::interval(Form form) {
    switch (form) {
        case Form::Line:
            return std::chrono::milliseconds(200);
        case Form::JsonLines:
            return std::chrono::seconds(1);
        case Form::Heartbeat:
        case Form::Nothing:
            break;
    }
    return std::chrono::seconds(30);
}

void ProgressReport::show(Form form, const ProgressMeter& meter, std::int64_t unix_ns) {
    switch (form) {
        case Form::Line:
            terminal_.progress(progress_line(meter, terminal_.err_columns(), unicode_));
            return;
        case Form::Heartbeat:
            terminal_.say(heartbeat_line(meter));
            return;
        case Form::JsonLines:
            terminal_.out(json_line(progress_event(meter, unix_ns)));
            terminal_.flush_out();
            return;
        case Form::Nothing:
            return;
    }
}

runtime::Task<void> ProgressReport::run(runtime::Context& context) {
    Form shown = form();
    runtime::Loop& loop = context.loop();
    ProgressMeter meter(loop.now());
    for (;;) {
        Duration wait = interval(shown);
        Result<void> waited = co_await runtime::sleep(context, wait);
        if (!waited) break;
        meter.take(sample_of(progress_), loop.now());
        show(shown, meter, loop.unix_time_ns());
    }
    terminal_.end_progress();
}

}  // namespace godwit::app
