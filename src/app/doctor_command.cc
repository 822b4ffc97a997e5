#include "app/doctor_command.h"

#include "app/data_directory.h"
#include "app/doctor_checks.h"
#include "app/loop_run.h"
#include "app/rows.h"
#include "app/run_options.h"

namespace godwit::app {
namespace {

class DoctorRows {
  public:
    DoctorRows(Terminal& terminal, OutputFormat output)
        : rows_(terminal, output, "check", {{"subject"}, {"check"}, {"result"}, {"detail"}}) {}

    void add(const std::vector<Finding>& findings) {
        for (const Finding& finding : findings) {
            failed_ |= finding.verdict == Verdict::Bad;
            rows_.add({text_cell(finding.subject), text_cell(finding.check),
                       text_cell(to_string(finding.verdict)), text_cell(finding.detail)});
        }
    }
    ExitCode finish() {
        rows_.finish();
        return failed_ ? ExitCode::NotClean : ExitCode::Clean;
    }

  private:
    Rows rows_;
    bool failed_ = false;
};

runtime::Task<Result<ExitCode>> check_all(LoopRun& run, StoreKit& kit, const std::vector<Location>& locations,
                                          const EndOptions& end, DoctorRows& rows) {
    for (const Location& location : locations) {
        if (!location.is_s3()) {
            rows.add(check_directory(location));
            continue;
        }
        std::vector<Finding> findings =
            co_await check_bucket(run.context(), run.session(), run.loop(), kit, location, end);
        rows.add(findings);
        GODWIT_CO_TRY_VOID(run.context().check());
    }
    co_return rows.finish();
}

}  // namespace

Result<ExitCode> run_doctor(const Invocation& invocation, Session& session) {
    std::vector<Location> locations;
    for (const std::string& word : invocation.words) {
        GODWIT_TRY(Location location, parse_location("URI", word));
        locations.push_back(std::move(location));
    }
    DoctorRows rows(session.terminal, output_of(invocation.values));
    rows.add(check_machine());
    GODWIT_TRY(std::string directory, data_directory(invocation.values, session.environment));
    rows.add(check_data_directory(directory));
    if (locations.empty()) return rows.finish();
    LoopRun run(session);
    StoreKit kit(session, run.loop(), fresh_staging_token(session.random));
    EndOptions end = end_options(invocation.values, End::Only);
    return run.run([&](LoopRun& running) { return check_all(running, kit, locations, end, rows); });
}

}  // namespace godwit::app
