// Brings a report of one execution to a store: the lists, page by page from the ledger, and the summary last.
#pragma once

#include "ledger/queries.h"
#include "report/options.h"
#include "report/summary.h"
#include "runtime/context.h"
#include "runtime/task.h"
#include "store/store.h"

namespace godwit::report {

using runtime::Context;
using runtime::Task;

struct Written {
    Totals totals;
    // The summary's, below the store's root.
    std::string summary_key;

    std::uint64_t files() const;
    std::uint64_t items() const;
};

// Each file is proved as objects of a copy are: attested by the store, or read back. Files of the same report
// that stand there (an earlier call that was cut short, an execution that was carried on since) are replaced;
// nothing is removed. Memory is a file of each kind and a page of the ledger, whatever the number of rows.
//
// `to` is attached as a destination. Kinds: Exists, code ReportExists, when a report of this execution that
// was asked for otherwise stands there; Corrupt, code Mismatch, when other bytes are stored than were
// written; those of the store and the ledger. Nothing is undone when it fails: call it again.
Task<Result<Written>> write_report(Context& context, store::Store& to, ledger::LedgerReader& ledger,
                                   const Subject& subject, const Options& options);

}  // namespace godwit::report
