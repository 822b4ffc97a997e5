#include "engine/approval.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace godwit::engine {
namespace {

using model::PlanAction;
using model::PlannedObject;
using model::SkipReason;

PlannedObject planned(std::string key, PlanAction action, std::string generation) {
    PlannedObject object;
    object.key = model::Key(std::move(key));
    object.action = action;
    object.source.tag = std::move(generation);
    return object;
}

class InMemory final : public ApprovedEntries {
  public:
    explicit InMemory(std::vector<PlannedObject> entries) : entries_(std::move(entries)) {}
    Result<std::optional<PlannedObject>> next() override {
        if (at_ == entries_.size()) return std::optional<PlannedObject>();
        return std::optional<PlannedObject>(entries_[at_++]);
    }

  private:
    std::vector<PlannedObject> entries_;
    std::size_t at_ = 0;
};

FoundPage page_of(std::vector<PlannedObject> objects, bool complete = true) {
    FoundPage page;
    page.cursor = objects.empty() ? "" : objects.back().key.bytes();
    page.complete = complete;
    page.objects = std::move(objects);
    return page;
}

TEST(Approval, what_is_the_same_goes_on_and_nothing_else) {
    Approval approval(std::make_unique<InMemory>(
        std::vector{planned("b", PlanAction::Copy, "1"), planned("c", PlanAction::Copy, "1"),
                    planned("d", PlanAction::Copy, "1"), planned("e", PlanAction::Metadata, "1")}));
    FoundPage page = page_of({planned("a", PlanAction::Copy, "1"), planned("b", PlanAction::Copy, "1"),
                              planned("c", PlanAction::Copy, "2"), planned("e", PlanAction::Copy, "1"),
                              planned("f", PlanAction::Copy, "1")});
    ASSERT_TRUE(approval.admit(page));
    std::map<std::string, std::pair<PlanAction, SkipReason>> became;
    for (const PlannedObject& object : page.objects)
        became[object.key.bytes()] = {object.action, object.reason};
    EXPECT_EQ(became["a"], (std::pair{PlanAction::Skip, SkipReason::NotApproved}));
    EXPECT_EQ(became["b"], (std::pair{PlanAction::Copy, SkipReason::None}));
    EXPECT_EQ(became["c"], (std::pair{PlanAction::Skip, SkipReason::Drifted}));
    EXPECT_EQ(became["e"], (std::pair{PlanAction::Skip, SkipReason::Drifted}));
    EXPECT_EQ(became["f"], (std::pair{PlanAction::Skip, SkipReason::NotApproved}));
    EXPECT_EQ(approval.not_needed(), 1u);
}

TEST(Approval, what_stays_as_it_is_and_is_only_told_of_needs_no_leave) {
    Approval approval(std::make_unique<InMemory>(
        std::vector{planned("b", PlanAction::Copy, "1"), planned("c", PlanAction::Copy, "1")}));
    PlannedObject equal = planned("a", PlanAction::Skip, "1"),
                  equal_by_now = planned("b", PlanAction::Skip, "1");
    equal.reason = SkipReason::Unchanged;
    equal_by_now.reason = SkipReason::Adopted;
    FoundPage page = page_of({equal, equal_by_now, planned("c", PlanAction::Copy, "1")});
    ASSERT_TRUE(approval.admit(page));
    EXPECT_EQ(page.objects[0].reason, SkipReason::Unchanged);
    EXPECT_EQ(page.objects[1].reason, SkipReason::Adopted);
    EXPECT_EQ(page.objects[2].action, PlanAction::Copy);
    EXPECT_EQ(approval.not_needed(), 1u);
}

TEST(Approval, a_delete_that_is_refused_stays_a_delete_that_does_not_happen) {
    PlannedObject approved = planned("a", PlanAction::Delete, "");
    approved.destination = model::Identity{.tag = "1"};
    Approval approval(std::make_unique<InMemory>(std::vector{approved}));
    FoundPage page;
    page.complete = true;
    page.deletes = {approved, planned("b", PlanAction::Delete, "")};
    page.deletes[0].destination->tag = "2";
    ASSERT_TRUE(approval.admit(page));
    EXPECT_EQ(page.deletes[0].action, PlanAction::Delete);
    EXPECT_EQ(page.deletes[0].reason, SkipReason::Drifted);
    EXPECT_EQ(page.deletes[1].reason, SkipReason::NotApproved);
}

// However a listing is cut into pages, each key meets its own entry.
TEST(Approval, is_the_same_whatever_the_pages_are) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        std::vector<PlannedObject> approved, found;
        std::uint64_t only_approved = 0;
        for (char key = 'a'; key <= 'z'; ++key) {
            bool in_plan = random() % 3 != 0, there = random() % 3 != 0;
            if (in_plan) approved.push_back(planned(std::string(1, key), PlanAction::Copy, "1"));
            if (there) found.push_back(planned(std::string(1, key), PlanAction::Copy, in_plan ? "1" : "new"));
            if (in_plan && !there) ++only_approved;
        }
        std::size_t to_do = 0;
        Approval approval(std::make_unique<InMemory>(approved));
        for (std::size_t begin = 0; begin <= found.size();) {
            std::size_t end = std::min(found.size(), begin + random() % 4);
            bool last = end == found.size();
            FoundPage page = page_of({found.begin() + static_cast<std::ptrdiff_t>(begin),
                                      found.begin() + static_cast<std::ptrdiff_t>(end)},
                                     last);
            if (page.objects.empty()) page.cursor = begin == 0 ? "" : found[begin - 1].key.bytes();
            ASSERT_TRUE(approval.admit(page));
            for (const PlannedObject& object : page.objects) {
                bool approved_one = object.source.tag == "1";
                EXPECT_EQ(object.action == PlanAction::Copy, approved_one) << object.key.bytes();
                to_do += approved_one ? 1 : 0;
            }
            if (last) break;
            begin = end;
        }
        EXPECT_EQ(to_do + only_approved, approved.size());
        EXPECT_EQ(approval.not_needed(), only_approved);
    }
}

}  // namespace
}  // namespace godwit::engine
