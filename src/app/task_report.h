// A task report of one execution and the location that it goes to: for `report` and for `copy --report`.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/arguments.h"
#include "app/end_options.h"
#include "app/location.h"
#include "app/loop_run.h"
#include "app/run_record.h"
#include "app/store_kit.h"
#include "ledger/state_directory.h"
#include "report/writer.h"

namespace godwit::app {

struct ReportRequest {
    Location to;
    EndOptions end;
    report::Options options;
};
// --to and what belongs to it; --report and what belongs to it (absent without). Fail with a usage error.
Result<ReportRequest> report_to_request(const Values& values);
Result<std::optional<ReportRequest>> report_request(const Values& values);

// The execution's options under DataSync's names.
boost::json::object datasync_options(const RunRecord& record);

// What a report must keep out of: the source, and the destination of a run that would delete it.
struct ReportNeighbours {
    ledger::End source, destination;  // empty: none
    bool mirrors = false;
};

class ReportPlace {
  public:
    ReportPlace(LoopRun& run, ReportRequest request);

    // Reaches the location, which is made if it is missing (a directory), and proves what it can do. Kinds:
    // Invalid, code ReportOverlap, for a place within the source, or within a mirror; those of attach().
    runtime::Task<Result<void>> open(const ReportNeighbours& neighbours);
    // After open(). The execution has ended or was interrupted. See report::write_report().
    runtime::Task<Result<report::Written>> write(const ledger::StateDirectory& state,
                                                 const std::string& execution);
    // The last call, also when open() has failed.
    runtime::Task<void> close();

    // One line for people about what was written.
    std::string text(const report::Written& written) const;
    // Where a key of the report is.
    std::string uri(const std::string& key) const { return store_->uri(model::Key(key)); }

  private:
    runtime::Task<Result<std::string>> canonical_of_bucket();
    runtime::Task<Result<void>> check_apart(const ReportNeighbours& neighbours);
    Error overlap(const std::string& how, const std::string& what) const;

    LoopRun& run_;
    const ReportRequest request_;
    // Its own: what the run's stores leave out or keep is nothing to a report.
    StoreKit kit_;
    std::unique_ptr<store::Store> store_;
};

}  // namespace godwit::app
