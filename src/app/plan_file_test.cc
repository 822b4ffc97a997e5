#include "app/plan_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace godwit::app {
namespace {

using model::PlannedObject;

class PlanFiles : public ::testing::Test {
  protected:
    PlanFiles() : path_(::testing::TempDir() + fmt::format("godwit-plan-{}", ::getpid())) { remove(); }
    ~PlanFiles() override { remove(); }
    void remove() const { std::filesystem::remove(path_); }

    static PlannedObject planned(int number) {
        PlannedObject object;
        // Of many lengths, so that a middle of the file is a middle of anything.
        object.key = model::Key(fmt::format("key{:06}{}", number * 2,
                                            std::string(static_cast<std::size_t>(number) * 37 % 301, 'x')));
        object.source = {static_cast<std::uint64_t>(number), -number, "tag \"with\" \\ and \xff"};
        if (number % 3 == 0) object.destination = model::Identity{7, 8, "e"};
        if (number % 5 == 0) object.action = model::PlanAction::Delete;
        return object;
    }
    void write(int count) const {
        PlanHead head;
        head.record = "{}";
        head.source_canonical = "posix:/a";
        head.made_unix_ns = 5;
        auto writer = PlanWriter::create(path_, head);
        ASSERT_TRUE(writer);
        for (int i = 0; i < count; ++i) ASSERT_TRUE(writer->add(planned(i)));
        ASSERT_TRUE(writer->finish());
    }
    static std::vector<std::string> keys(const PlanFile& plan, model::KeyRange range) {
        std::vector<std::string> keys;
        auto entries = plan.entries(range);
        EXPECT_TRUE(entries);
        for (auto entry = (*entries)->next(); entry && *entry; entry = (*entries)->next())
            keys.push_back((*entry)->key.bytes());
        return keys;
    }

    std::string path_;
};

TEST_F(PlanFiles, hold_what_was_written) {
    write(20);
    auto plan = PlanFile::open(path_);
    ASSERT_TRUE(plan) << plan.error().message();
    EXPECT_EQ((*plan)->objects(), 20u);
    EXPECT_EQ((*plan)->head().source_canonical, "posix:/a");
    EXPECT_EQ((*plan)->head().made_unix_ns, 5);
    auto entries = (*plan)->entries({});
    for (int i = 0; i < 20; ++i) {
        auto entry = (*entries)->next();
        ASSERT_TRUE(entry && *entry);
        PlannedObject expected = planned(i);
        EXPECT_EQ((*entry)->key, expected.key);
        EXPECT_EQ((*entry)->action, expected.action);
        EXPECT_EQ((*entry)->destination, expected.destination);
        if (expected.action != model::PlanAction::Delete) EXPECT_EQ((*entry)->source, expected.source);
    }
    auto end = (*entries)->next();
    ASSERT_TRUE(end);
    EXPECT_FALSE(end->has_value());
}

TEST_F(PlanFiles, are_read_from_any_key_on_and_up_to_any) {
    for (int count : {0, 1, 2, 50}) {
        remove();
        write(count);
        auto plan = PlanFile::open(path_);
        ASSERT_TRUE(plan);
        for (int after = -1; after <= 2 * count; ++after) {
            for (int before : {-1, after + 3}) {
                model::KeyRange range;
                if (after >= 0)
                    range.after = after % 2 ? fmt::format("key{:06}", after) : planned(after / 2).key.bytes();
                if (before >= 0) range.before = fmt::format("key{:06}", before);
                std::vector<std::string> expected;
                for (int i = 0; i < count; ++i) {
                    if (range.contains(planned(i).key.bytes())) expected.push_back(planned(i).key.bytes());
                }
                EXPECT_EQ(keys(**plan, range), expected) << after << " " << before;
            }
        }
    }
}

TEST_F(PlanFiles, that_were_not_finished_are_not_there) {
    {
        auto writer = PlanWriter::create(path_, {});
        ASSERT_TRUE(writer && writer->add(planned(1)));
        EXPECT_TRUE(std::filesystem::exists(path_));
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace godwit::app
