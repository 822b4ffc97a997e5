// One task between two ends, with its state on disk, and programs that work on it and are killed.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "crash/ends.h"
#include "crash/killable_sqlite.h"
#include "db/testing/databases.h"
#include "engine/execution.h"
#include "ledger/locked_task.h"

namespace godwit::crash {

struct Ends {
    std::unique_ptr<End> source, destination;
    // There are some where they are not apart.
    model::HardLinkMode hard_links = model::HardLinkMode::Apart;
    // What the source has lost goes at the destination, too.
    bool mirrors = false;
};
using MakeEnds = std::function<Ends(KillSwitch&)>;

Ends directory_to_bucket(KillSwitch& kill);
Ends bucket_to_directory(KillSwitch& kill);
Ends directory_to_directory(KillSwitch& kill);
Ends hard_links(KillSwitch& kill);
Ends hard_links_to_bucket(KillSwitch& kill);
Ends hard_links_from_bucket(KillSwitch& kill);
Ends between_servers(KillSwitch& kill);
Ends inside_server(KillSwitch& kill);
Ends mirror_in_directory(KillSwitch& kill);
Ends mirror_in_bucket(KillSwitch& kill);

// What the source holds when the task is run for the first time, and what it holds when that has been
// copied and the run that is killed begins: objects of every kind, new, changed, changed in their
// attributes alone (where that shows), and as they were.
View first_generation(const Ends& ends);
View second_generation(const Ends& ends);

class World {
  public:
    // The first generation has been copied.
    explicit World(const MakeEnds& make_ends);

    // A process that copies, killed before its `nth` effect (0: never). False: it came to its end before.
    bool run(std::uint64_t nth);
    // A process that copies, and whose `nth` call of the file layer fails; however it ends. Returns the call;
    // empty: it made fewer.
    std::string run_with_fault(std::uint64_t nth, int error_number);
    std::vector<std::string> effects() const { return kill_.effects(); }

    // What must hold whenever a process has been killed.
    void expect_nothing_false() const;
    // What must hold at the end: and there is nothing left to say of it that is not in here.
    void expect_equal_and_clean() const;

  private:
    void live();
    runtime::Task<Result<void>> copy(Life& life, store::Store& source, store::Store& destination) const;
    void expect_no_mix() const;
    void expect_verified_is_there() const;
    // Of the run of the second generation; absent before it begins.
    std::optional<ledger::ExecutionInfo> newest(const ledger::StateDirectory& state) const;

    mutable KillSwitch kill_;
    KillableSqlite sqlite_{kill_};
    db::testing::TemporaryDirectory state_;
    Ends ends_;
    View source_;
    std::string first_execution_;
    std::string stopped_by_;
};

}  // namespace godwit::crash
