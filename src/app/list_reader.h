// Reads a list of objects or prefixes, whatever its size, into a sorted file of our own, and says by line
// what is wrong with it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/list_bytes.h"
#include "ledger/key_file.h"

namespace godwit::app {

enum class ListProblem : std::uint8_t {
    Fault,      // the line names no object
    Repeated,   // an earlier line names the same
    Covered,    // an earlier prefix begins it
    Versioned,  // it asks for a version, which a copy does not know yet
};
// "fault", "repeated", "covered", "version".
std::string_view to_string(ListProblem problem);

struct ListFinding {
    ListProblem problem = ListProblem::Fault;
    std::uint64_t line = 0;
    std::string name;    // the path or prefix, as far as it was read
    std::string detail;  // why; of a repeated one where it was first
};
// Faults come in the order of lines while the list is read, the others afterwards in the order of names. Must
// not wait.
using ListFindingSink = std::function<void(const ListFinding&)>;

struct ReadList {
    std::shared_ptr<const ledger::KeyFile> keys;
    std::uint64_t entries = 0;  // lines that are not blank
    std::uint64_t faults = 0, repeated = 0, covered = 0, versioned = 0;
};

// In `directory` stand the files that it takes, without a name. Fails with Invalid where nobody can tell what
// follows, and as ListBytes does; its own files' errors have scope State.
runtime::Task<Result<ReadList>> read_list(LoopRun& run, StoreKit& kit, const ListRequest& request,
                                          const std::string& directory, const ListFindingSink& sink);

// For a run: duplicates are warned of, anything else that is wrong is an Invalid error that names its line.
runtime::Task<Result<std::shared_ptr<const ledger::KeyFile>>> read_list_to_run(LoopRun& run, StoreKit& kit,
                                                                               const ListRequest& request,
                                                                               const std::string& directory);

// Where a command that keeps no state puts such files: $TMPDIR, or /tmp.
std::string scratch_directory(const Environment& environment);

}  // namespace godwit::app
