#include "crash/world.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace godwit::crash {

using ledger::LockedTask;
using ledger::StateDirectory;
using runtime::Task;

namespace {

constexpr std::int64_t kFirstNs = 1'600'000'000'000'000'001;
constexpr std::int64_t kSecondNs = 1'700'000'000'000'000'002;

Seen file(std::string bytes, std::int64_t mtime_ns, std::uint32_t permissions = 0644) {
    return {S_IFREG | permissions, mtime_ns, std::move(bytes)};
}
Seen directory(std::int64_t mtime_ns) {
    return {S_IFDIR | 0755, mtime_ns, ""};
}
Seen symlink(std::string target, std::int64_t mtime_ns) {
    return {S_IFLNK | 0777, mtime_ns, std::move(target)};
}
// In three parts, the last of them short.
std::string large(char letter) {
    return std::string(2 * kPartBytes + 17, letter);
}

// Names of one file.
void link(View& view, const std::vector<std::string>& names, const Seen& file) {
    for (const std::string& name : names) {
        view[name] = file;
        view[name].first_name = names.front();
    }
}

std::string printable_effects(const std::vector<std::string>& effects) {
    std::string text;
    for (const std::string& effect : effects) text += " " + effect;
    return text;
}

}  // namespace

Ends directory_to_bucket(KillSwitch& kill) {
    std::shared_ptr<s3double::Server> server = start_server(kill);
    return {std::make_unique<Directory>(kill), std::make_unique<Bucket>(server, "one")};
}
Ends bucket_to_directory(KillSwitch& kill) {
    std::shared_ptr<s3double::Server> server = start_server(kill);
    return {std::make_unique<Bucket>(server, "one"), std::make_unique<Directory>(kill)};
}
Ends directory_to_directory(KillSwitch& kill) {
    return {std::make_unique<Directory>(kill), std::make_unique<Directory>(kill)};
}
Ends hard_links(KillSwitch& kill) {
    Ends ends = directory_to_directory(kill);
    ends.hard_links = model::HardLinkMode::Listed;
    return ends;
}
Ends hard_links_to_bucket(KillSwitch& kill) {
    Ends ends = directory_to_bucket(kill);
    ends.hard_links = model::HardLinkMode::Carried;
    return ends;
}
Ends hard_links_from_bucket(KillSwitch& kill) {
    Ends ends = bucket_to_directory(kill);
    ends.hard_links = model::HardLinkMode::Told;
    return ends;
}
Ends between_servers(KillSwitch& kill) {
    std::shared_ptr<s3double::Server> here = start_server(kill), there = start_server(kill);
    return {std::make_unique<Bucket>(here, "one"), std::make_unique<Bucket>(there, "two")};
}
Ends inside_server(KillSwitch& kill) {
    std::shared_ptr<s3double::Server> server = start_server(kill);
    return {std::make_unique<Bucket>(server, "one"), std::make_unique<Bucket>(server, "two")};
}

Ends mirror_in_directory(KillSwitch& kill) {
    Ends ends = directory_to_directory(kill);
    ends.mirrors = true;
    return ends;
}
Ends mirror_in_bucket(KillSwitch& kill) {
    Ends ends = directory_to_bucket(kill);
    ends.mirrors = true;
    return ends;
}

View first_generation(const Ends& ends) {
    View view{{"attributes", file(large('a'), kFirstNs)},
              {"changed", file("the old one", kFirstNs)},
              {"d/", directory(kFirstNs)},
              {"d/same", file("as it was", kFirstNs)},
              {"large", file(large('o'), kFirstNs)},
              {"link", symlink("the old target", kFirstNs)}};
    if (ends.mirrors) {
        view["d/lost"] = file("lost", kFirstNs);
        view["lost/"] = view["lost/deep/"] = directory(kFirstNs);
        view["lost/deep/file"] = view["lost/file"] = file("lost, too", kFirstNs);
        view["lost/link"] = symlink("nowhere", kFirstNs);
    }
    if (ends.hard_links == model::HardLinkMode::Apart) return view;
    link(view, {"d/one", "d/two", "three"}, file("the old file", kFirstNs));
    link(view, {"d/was", "was"}, file("linked", kFirstNs));
    view["d/apart"] = view["apart"] = file("equal", kFirstNs);
    return view;
}

View second_generation(const Ends& ends) {
    View view = first_generation(ends);
    std::erase_if(view, [](const auto& each) { return each.first.contains("lost"); });
    if (ends.source->shows_attributes()) {
        view["attributes"] = file(large('a'), kFirstNs, 0600);
        view["d/"] = directory(kSecondNs);
    }
    view["changed"] = file("the new one, longer", kSecondNs);
    view["large"] = file(large('n'), kSecondNs);
    view["link"] = symlink("the new target", kSecondNs);
    view["new/"] = directory(kSecondNs);
    view["new/d/"] = directory(kSecondNs);
    view["new/empty"] = file("", kSecondNs);
    view["new/large"] = file(large('l'), kSecondNs, 0755);
    view["new/link"] = symlink("nowhere", kSecondNs);
    view["new/small"] = file("small", kSecondNs);
    if (ends.hard_links == model::HardLinkMode::Apart) return view;
    link(view, {"d/one", "d/two", "new/four", "three"}, file("the new file", kSecondNs));
    link(view, {"d/large", "new/large too"}, file(large('h'), kSecondNs));
    link(view, {"apart", "d/apart"}, file("equal", kFirstNs));
    view["d/was"].first_name = view["was"].first_name = "";
    view["was"] = file("its own", kSecondNs);
    return view;
}

World::World(const MakeEnds& make_ends) : ends_(make_ends(kill_)) {
    ends_.source->fill(first_generation(ends_));
    run(0);
    GODWIT_CHECK(ends_.destination->view() == first_generation(ends_), "the first copy: {}", stopped_by_);
    auto state = StateDirectory::open({.path = state_ / "state"}, db::Access::Read);
    first_execution_ = state->executions()->back().id;
    source_ = second_generation(ends_);
    ends_.source->fill(source_);
}

bool World::run(std::uint64_t nth) {
    kill_.arm(nth);
    live();
    bool killed = kill_.killed();
    if (!killed) EXPECT_EQ(stopped_by_, "");
    return killed;
}

std::string World::run_with_fault(std::uint64_t nth, int error_number) {
    kill_.arm(0);
    kill_.file_faults.arm(nth, error_number);
    live();
    std::string call = kill_.file_faults.struck();
    kill_.file_faults.arm(0, 0);
    return call;
}

void World::live() {
    Life life;
    // What still runs then has nothing to wait for: no pause before another attempt, no time limit.
    auto stop = [&life] { life.context.cancel(runtime::stop_requested()); };
    kill_.when_killed([&life, stop] { life.loop.post(stop); });
    auto source = ends_.source->connect(life);
    auto destination = ends_.destination->connect(life);
    auto work = [&]() -> Task<Result<void>> {
        Result<void> copied = co_await copy(life, *source, *destination);
        co_await source->close();
        co_await destination->close();
        co_return std::move(copied);
    };
    Result<void> copied = life.loop.block_on(work());
    kill_.when_killed({});
    stopped_by_ = copied ? "" : copied.error().message();
    source.reset();
    destination.reset();
}

// What `copy` does (app/copy_run.cc), without its arguments and words.
Task<Result<void>> World::copy(Life& life, store::Store& source, store::Store& destination) const {
    GODWIT_CO_TRY(StateDirectory state, StateDirectory::open({.path = state_ / "state"}, db::Access::Write));
    GODWIT_CO_TRY(store::RootIdentity from, co_await source.attach(life.context, store::Role::Source));
    GODWIT_CO_TRY(store::RootIdentity to,
                  co_await destination.attach(life.context, store::Role::Destination));
    GODWIT_CO_TRY(ledger::FoundTask found, state.find_or_create_task({from.canonical, from.identity, "from"},
                                                                     {to.canonical, to.identity, "to"}));
    GODWIT_CO_TRY(std::unique_ptr<LockedTask> task, LockedTask::lock(state, found.task));
    db::GroupCommitOptions at_once{.group_wait_max = std::chrono::milliseconds(0)};
    GODWIT_CO_TRY(std::unique_ptr<ledger::ExecutionLedger> ledger, task->resume(life.loop, at_once));
    if (!ledger) {
        ledger::NewExecution execution{
            .options = "{}", .staging_token = std::string(kToken), .commit = at_once};
        GODWIT_CO_TRY(ledger, task->begin(life.loop, execution));
    }
    engine::ExecutionOptions options;
    options.policy.destination_hierarchical = destination.capabilities().hierarchical;
    options.policy.hard_links = ends_.hard_links;
    options.begun_unix_ns = ledger->head().created_unix_ns;
    if (ends_.mirrors) options.deletes = engine::DeleteOptions{.percent_max = 100};
    engine::Progress progress;
    engine::Execution execution(life.context, source, destination, *ledger, options, progress);
    Result<engine::ExecutionResult> result = co_await execution.run();
    auto closed = task->close(std::move(ledger));
    GODWIT_CO_TRY(engine::ExecutionResult ended, std::move(result));
    if (ended.stopped_by) co_return std::move(*ended.stopped_by);
    if (!closed) co_return std::move(closed.error());
    if (closed->index_behind) co_return std::move(*closed->index_behind);
    co_return {};
}

std::optional<ledger::ExecutionInfo> World::newest(const StateDirectory& state) const {
    auto executions = state.executions();
    EXPECT_TRUE(db::testing::succeeded(executions));
    if (!executions) return std::nullopt;
    if (executions->back().id == first_execution_) return std::nullopt;
    return executions->back();
}

void World::expect_nothing_false() const {
    SCOPED_TRACE("after" + printable_effects(kill_.effects()));
    kill_.arm(0);
    EXPECT_EQ(ends_.source->view(), source_) << "a copy only reads its source";
    expect_no_mix();
    expect_verified_is_there();
}

// Under the name of an object stands the old one or the new one, and no other name exists.
void World::expect_no_mix() const {
    const View before = first_generation(ends_);
    View stands = ends_.destination->view();
    for (const auto& [key, seen] : stands) {
        if (ends_.destination->is_staging(key)) continue;
        auto old_one = before.find(key), new_one = source_.find(key);
        bool is_old = old_one != before.end() && seen.bytes == old_one->second.bytes;
        bool is_new = new_one != source_.end() && seen.bytes == new_one->second.bytes;
        EXPECT_TRUE(is_old || is_new) << key << ": " << testing::PrintToString(seen);
    }
    for (const auto& [key, seen] : before) {
        bool may_go = ends_.mirrors && !source_.contains(key);
        EXPECT_TRUE(may_go || stands.contains(key)) << key << " is gone";
    }
}

void World::expect_verified_is_there() const {
    auto state = StateDirectory::open({.path = state_ / "state"}, db::Access::Read);
    ASSERT_TRUE(db::testing::succeeded(state));
    auto execution = newest(*state);
    if (!execution) return;
    auto reader = state->read_ledger(*execution);
    if (!reader && reader.error().kind() == ErrorKind::NotFound) return;  // entered, and not yet begun
    ASSERT_TRUE(db::testing::succeeded(reader));
    auto rows = (*reader)->rows(0);
    ASSERT_TRUE(db::testing::succeeded(rows));
    View stands = ends_.destination->view();
    std::set<std::string> keys;
    for (const ledger::OutcomeRow& row : *rows) {
        const std::string& key = row.record.key.bytes();
        EXPECT_TRUE(keys.insert(key).second) << key << " ended twice";
        if (row.record.outcome != model::Outcome::Verified) continue;
        EXPECT_EQ(stands[key].bytes, source_.at(key).bytes) << key << " is called VERIFIED";
    }
}

void World::expect_equal_and_clean() const {
    expect_nothing_false();
    EXPECT_EQ(ends_.destination->view(), source_);
    for (const End* end : {ends_.source.get(), ends_.destination.get()}) {
        EXPECT_EQ(end->leftovers(), std::vector<std::string>());
    }
    auto state = StateDirectory::open({.path = state_ / "state"}, db::Access::Read);
    ASSERT_TRUE(db::testing::succeeded(state));
    auto execution = newest(*state);
    ASSERT_TRUE(execution);
    EXPECT_EQ(execution->status, model::ExecutionStatus::Clean);
    EXPECT_EQ(execution->counts.listed(), source_.size());
    EXPECT_EQ(execution->counts.copied() + execution->counts.skipped(), execution->counts.listed());
    std::uint64_t lost = 0, deleted = 0;
    for (const auto& [key, seen] : first_generation(ends_)) lost += source_.contains(key) ? 0 : 1;
    auto executions = state->executions();
    ASSERT_TRUE(db::testing::succeeded(executions));
    for (const ledger::ExecutionInfo& each : *executions) deleted += each.counts[model::Outcome::Deleted];
    EXPECT_EQ(deleted, lost);
    auto reader = state->read_ledger(*execution);
    ASSERT_TRUE(db::testing::succeeded(reader));
    EXPECT_TRUE((*reader)->uploads()->empty()) << "an intent without its end";
}

}  // namespace godwit::crash
