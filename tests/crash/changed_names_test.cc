// A8: a name that is no longer one of the file's when the others have been brought over.
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/execution.h"
#include "ledger/memory_journal.h"
#include "posix/testing.h"

namespace godwit::crash {
namespace {

using posix::testing::FaultyOs;
using posix::testing::TempDirectory;

TEST(HardLinks, A8_a_name_that_became_another_file_is_not_linked) {
    TempDirectory source, destination;
    source.write("a", "the bytes");
    ASSERT_EQ(::link((source / "a").c_str(), (source / "b").c_str()), 0);
    destination.write("a", "to be replaced");
    FaultyOs os;
    // When the first name gets its bytes the second has been listed.
    os.set_hook([&](std::string_view call) {
        if (call == "rename") {
            source.write("other", "another file's bytes");
            EXPECT_EQ(::rename((source / "other").c_str(), (source / "b").c_str()), 0);
        }
        return 0;
    });
    runtime::IoLoop loop;
    runtime::Context context(loop);
    runtime::Pool pool(loop, 2, "links");
    auto store_of = [&](const TempDirectory& tree) {
        posix::PosixOptions options;
        options.root = tree.path();
        options.staging_token = posix::testing::kTestToken;
        return posix::PosixStore(loop, pool, std::move(options), os);
    };
    posix::PosixStore from = store_of(source), to = store_of(destination);
    ledger::MemoryJournal journal;
    engine::ExecutionOptions options;
    options.policy.hard_links = model::HardLinkMode::Listed;
    options.policy.destination_hierarchical = true;
    engine::Progress progress;
    auto work = [&]() -> runtime::Task<Result<engine::ExecutionResult>> {
        GODWIT_CO_TRY_VOID(co_await from.attach(context, store::Role::Source));
        GODWIT_CO_TRY_VOID(co_await to.attach(context, store::Role::Destination));
        engine::Execution execution(context, from, to, journal, options, progress);
        Result<engine::ExecutionResult> result = co_await execution.run();
        co_await from.close();
        co_await to.close();
        co_return std::move(result);
    };
    auto result = loop.block_on(work());
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(destination.read("a"), "the bytes");
    EXPECT_FALSE(destination.has("b"));
    EXPECT_EQ(result->counts[model::Outcome::Deferred], 1u);
}

}  // namespace
}  // namespace godwit::crash
