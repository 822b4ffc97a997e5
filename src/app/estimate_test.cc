#include "app/estimate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace godwit::app {
namespace {

using model::PlanAction;

model::PlannedObject of(PlanAction action, std::uint64_t bytes) {
    model::PlannedObject object;
    object.action = action;
    object.source.size_bytes = bytes;
    return object;
}

constexpr std::uint64_t kMiB = 1u << 20;

TEST(Estimate, a_directory_into_a_bucket) {
    Estimate estimate(false, true, false);
    estimate.add(of(PlanAction::Copy, 0));
    estimate.add(of(PlanAction::Copy, 8 * kMiB));
    estimate.add(of(PlanAction::Copy, 8 * kMiB + 1));
    EXPECT_EQ(estimate[RequestGroup::Put], 1u + 1u + 2u);
    EXPECT_EQ(estimate[RequestGroup::Post], 2u);
    EXPECT_EQ(estimate[RequestGroup::Get], 0u);
    EXPECT_EQ(estimate.bytes_out(), 0u);
    estimate.add(of(PlanAction::Delete, 0));
    estimate.add(of(PlanAction::Skip, 5));
    EXPECT_EQ(estimate[RequestGroup::Delete], 1u);
    EXPECT_EQ(estimate[RequestGroup::Head], 0u);
    estimate.add_listed(5000, 1001);
    EXPECT_EQ(estimate[RequestGroup::List], 2u);
}

TEST(Estimate, never_more_than_ten_thousand_parts) {
    Estimate estimate(false, true, false);
    estimate.add(of(PlanAction::Copy, 5ull << 40));
    EXPECT_LE(estimate[RequestGroup::Put], 10'000u);
    EXPECT_GT(estimate[RequestGroup::Put], 9'000u);
}

TEST(Estimate, between_buckets) {
    Estimate across(true, true, false), inside(true, true, true);
    for (Estimate* estimate : {&across, &inside}) {
        estimate->add(of(PlanAction::Copy, 100 * kMiB));
        estimate->add(of(PlanAction::Examine, 5));
        EXPECT_EQ((*estimate)[RequestGroup::Head], 2u);
    }
    EXPECT_EQ(across[RequestGroup::Get], 13u);
    EXPECT_EQ(across[RequestGroup::Put], 13u);
    EXPECT_EQ(across.bytes_out(), 100 * kMiB);
    EXPECT_EQ(inside.requests(), 3u);
    EXPECT_EQ(inside[RequestGroup::Copy], 1u);
}

TEST(Prices, are_read_and_summed_up) {
    std::string path = ::testing::TempDir() + "godwit-prices.json";
    std::ofstream(path)
        << R"({"currency":"USD","per_1000_requests":{"put":0.005,"list":0.5},"per_gib_out":0.09})";
    auto prices = read_price_table(path);
    ASSERT_TRUE(prices) << prices.error().message();
    Estimate up(false, true, false), down(true, false, false);
    for (int i = 0; i < 2000; ++i) up.add(of(PlanAction::Copy, 1));
    up.add_listed(0, 1);
    EXPECT_DOUBLE_EQ(up.cost(*prices), 0.01 + 0.0005);
    down.add(of(PlanAction::Copy, 10ull << 30));
    EXPECT_DOUBLE_EQ(down.cost(*prices), 0.9);
    for (const char* bad :
         {"", "[]", "{", R"({"per_1000_requests":{"putt":1}})", R"({"per_1000_requests":{"put":-1}})",
          R"({"per_1000_requests":{"put":"1"}})", R"({"per_gib_out":null})", R"({"other":1})",
          R"({"currency":1})", R"({"per_1000_requests":7})"}) {
        std::ofstream(path) << bad;
        EXPECT_FALSE(read_price_table(path)) << bad;
    }
    std::filesystem::remove(path);
    EXPECT_FALSE(read_price_table(path));
}

}  // namespace
}  // namespace godwit::app
