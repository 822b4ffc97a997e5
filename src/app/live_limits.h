// Limits that change while a run goes on: by `executions limit`, which writes them into the state directory,
// and by the clock, where there is a timetable.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/limit_settings.h"
#include "app/session.h"
#include "ledger/state_directory.h"
#include "runtime/pool.h"
#include "runtime/task.h"

namespace godwit::app {

class LiveLimits {
  public:
    // So often it is looked what was asked for and what time it is.
    static constexpr Duration kLookEvery = std::chrono::seconds(1);
    using Apply = std::function<void(const engine::Limits&, std::uint64_t requests_per_second)>;

    // `text`: what is in force (limits_text), and `settings` what that says. All else outlives this.
    LiveLimits(Session& session, runtime::Loop& loop, const ledger::StateDirectory& state,
               std::string execution, std::string text, LimitSettings settings, Apply apply);

    // Calls `apply` on the loop's thread whenever something has changed, until the context ends. Never fails
    // a run: limits that cannot be read stay as they were, which is said once.
    runtime::Task<void> run(runtime::Context& context);

  private:
    void look(Result<std::string> text);
    Result<void> take(const std::string& text);
    void put_in_force();

    Session& session_;
    runtime::Pool pool_;
    const ledger::StateDirectory& state_;
    const std::string execution_;
    std::string text_;
    LimitSettings settings_;
    Apply apply_;
    engine::Limits in_force_;
    std::uint64_t requests_in_force_ = 0;
    bool warned_ = false;
};

}  // namespace godwit::app
