#include "runtime/context.h"

#include <gtest/gtest.h>

#include <memory>

#include "runtime/manual_loop.h"
#include "runtime/wait.h"

namespace godwit::runtime {
namespace {

using namespace std::chrono_literals;

// Sleeps and then says how that went: "slept", or the code of the error.
Task<void> rest(Context& context, Duration duration, std::string& out) {
    auto slept = co_await sleep(context, duration);
    out = slept ? "slept" : slept.error().code();
}

struct ContextTest : testing::Test {
    ManualLoop loop;
    Context root{loop};
    std::string outcome;
};

TEST_F(ContextTest, lets_a_sleep_pass_at_its_instant) {
    loop.spawn(rest(root, 10s, outcome));
    loop.advance(10s - 1ns);
    EXPECT_EQ(outcome, "");
    loop.advance(1ns);
    EXPECT_EQ(outcome, "slept");
}

TEST_F(ContextTest, ends_every_wait_below_it_when_cancelled) {
    Context child(root), grandchild(child), sibling(root);
    std::string below, beside;
    loop.spawn(rest(child, 10s, outcome));
    loop.spawn(rest(grandchild, 10s, below));
    loop.spawn(rest(sibling, 10s, beside));
    child.cancel(stop_requested());
    loop.run_until_idle();
    EXPECT_EQ(outcome, "Cancelled");
    EXPECT_EQ(below, "Cancelled");
    EXPECT_EQ(beside, "");
    EXPECT_FALSE(root.is_cancelled());
    EXPECT_TRUE(grandchild.is_cancelled());
    loop.advance(10s);
    EXPECT_EQ(beside, "slept");
}

TEST_F(ContextTest, keeps_the_first_reason) {
    Context child(root);
    child.cancel(Error(ErrorKind::Busy, "a", "b", "c").with_code("First"));
    child.cancel(stop_requested());
    root.cancel(stop_requested());
    EXPECT_EQ(child.check().error().code(), "First");
    EXPECT_EQ(child.check().error().kind(), ErrorKind::Busy);
}

TEST_F(ContextTest, ends_with_lost_and_timeout_at_its_deadline) {
    Context child(root, 5s, "answer");
    loop.spawn(rest(child, 10s, outcome));
    loop.advance(5s - 1ns);
    EXPECT_EQ(outcome, "");
    EXPECT_TRUE(child.check());
    loop.advance(1ns);
    EXPECT_EQ(outcome, "Timeout");
    EXPECT_EQ(child.check().error().kind(), ErrorKind::Lost);
    EXPECT_EQ(child.check().error().message(), "wait for answer: deadline passed (Timeout)");
    EXPECT_FALSE(root.is_cancelled());
}

TEST_F(ContextTest, has_the_earliest_deadline_on_the_way_to_the_root) {
    EXPECT_EQ(root.deadline(), Instant::max());
    Context child(root, 5s, "child");
    Context longer(child, 50s, "longer");
    Context shorter(child, 1s, "shorter");
    EXPECT_EQ(child.deadline(), loop.now() + 5s);
    EXPECT_EQ(longer.deadline(), child.deadline());
    EXPECT_EQ(shorter.deadline(), loop.now() + 1s);
    loop.spawn(rest(longer, 100s, outcome));
    loop.advance(5s);
    EXPECT_EQ(outcome, "Timeout");
    EXPECT_EQ(longer.check().error().subject(), "child");
}

TEST_F(ContextTest, fails_a_wait_that_begins_after_its_end) {
    root.cancel(stop_requested());
    loop.spawn(rest(root, 10s, outcome));
    EXPECT_EQ(outcome, "Cancelled");
    Context born_dead(root);
    EXPECT_TRUE(born_dead.is_cancelled());
    Context born_dead_with_deadline(root, 1s, "x");
    EXPECT_EQ(born_dead_with_deadline.check().error().code(), "Cancelled");
    loop.advance(2s);
    EXPECT_EQ(born_dead_with_deadline.check().error().code(), "Cancelled");
}

TEST_F(ContextTest, leaves_no_timer_and_no_link_behind) {
    {
        Context child(root, 1s, "x");
    }
    loop.advance(2s);
    EXPECT_FALSE(root.is_cancelled());
    root.cancel(stop_requested());
    EXPECT_TRUE(root.is_cancelled());
}

TEST_F(ContextTest, does_not_take_back_a_wait_that_was_over) {
    loop.spawn(rest(root, 1s, outcome));
    // The sleep is due, the coroutine not yet resumed: what happened first counts.
    struct CancelLater : Timer {
        explicit CancelLater(Context& ended) : context(ended) {}
        void expired() override { context.cancel(stop_requested()); }
        Context& context;
    } later(root);
    loop.start_timer(later, loop.now() + 1s);
    loop.advance(1s);
    EXPECT_EQ(outcome, "slept");
    EXPECT_TRUE(root.is_cancelled());
}

TEST_F(ContextTest, fires_timers_in_the_order_of_their_instants) {
    struct Note : Timer {
        Note(std::string& to, char letter) : out(to), name(letter) {}
        void expired() override { out += name; }
        std::string& out;
        char name;
    };
    Note a(outcome, 'a'), b(outcome, 'b'), c(outcome, 'c'), past(outcome, 'p');
    loop.start_timer(c, loop.now() + 3s);
    loop.start_timer(a, loop.now() + 1s);
    loop.start_timer(b, loop.now() + 2s);
    loop.start_timer(past, loop.now() - 1s);
    Loop::stop_timer(b);
    loop.advance(3s);
    EXPECT_EQ(outcome, "pac");
}

}  // namespace
}  // namespace godwit::runtime
