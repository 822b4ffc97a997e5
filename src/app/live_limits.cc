#include "app/live_limits.h"

#include <fmt/format.h>

#include "app/advice.h"
#include "app/process.h"
#include "runtime/wait.h"

namespace godwit::app {

LiveLimits::LiveLimits(Session& session, runtime::Loop& loop, const ledger::StateDirectory& state,
                       std::string execution, std::string text, LimitSettings settings, Apply apply)
    : session_(session),
      pool_(loop, 1, "limits"),
      state_(state),
      execution_(std::move(execution)),
      text_(std::move(text)),
      settings_(std::move(settings)),
      apply_(std::move(apply)),
      in_force_(settings_.at(session.clock.unix_time_ns())),
      requests_in_force_(settings_.requests_per_second) {}

runtime::Task<void> LiveLimits::run(runtime::Context& context) {
    auto read = [this] { return state_.limits(execution_); };
    for (;;) {
        Result<void> waited = co_await runtime::sleep(context, kLookEvery);
        if (!waited) co_return;
        look(co_await pool_.run(read));
        put_in_force();
    }
}

void LiveLimits::look(Result<std::string> text) {
    if (text && *text == text_) return;
    Result<void> taken = text ? take(*text) : std::move(text.error());
    if (taken || std::exchange(warned_, true)) return;
    session_.terminal.warn("warning: the limits stay as they were: " + taken.error().message());
}

Result<void> LiveLimits::take(const std::string& text) {
    GODWIT_TRY(Values values, limit_values(text));
    GODWIT_TRY(settings_, limit_settings(values, descriptor_limit()));
    text_ = text;
    session_.terminal.say("limits from now on: " + text);
    return {};
}

void LiveLimits::put_in_force() {
    engine::Limits now = settings_.at(session_.clock.unix_time_ns());
    if (now == in_force_ && settings_.requests_per_second == requests_in_force_) return;
    in_force_ = now;
    requests_in_force_ = settings_.requests_per_second;
    apply_(in_force_, requests_in_force_);
}

}  // namespace godwit::app
