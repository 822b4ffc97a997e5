#include "app/progress_line.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "app/rows.h"

namespace godwit::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{std::chrono::hours(1)};

ProgressSample listing(std::uint64_t objects) {
    ProgressSample sample;
    sample.listed_objects = objects;
    sample.listed_bytes = objects << 20;
    return sample;
}

ProgressSample copying(std::uint64_t moved_mib) {
    ProgressSample sample = listing(100);
    sample.listing_done = true;
    sample.planned_objects = 100;
    sample.planned_bytes = 100 << 20;
    sample.moved_bytes = moved_mib << 20;
    sample.done_objects = moved_mib;
    sample.verified_objects = moved_mib;
    return sample;
}

TEST(ProgressMeter, speed_follows_what_moves_within_one_large_object) {
    ProgressMeter meter(kStart);
    for (int i = 1; i <= 20; ++i) meter.take(copying(static_cast<std::uint64_t>(i)), kStart + seconds(i));
    EXPECT_NEAR(meter.bytes_per_second(), 1 << 20, 1);
    ASSERT_TRUE(meter.remaining());
    EXPECT_NEAR(std::chrono::duration<double>(*meter.remaining()).count(), 80, 1);
}

TEST(ProgressMeter, nothing_is_promised_before_listing_is_done) {
    ProgressMeter meter(kStart);
    ProgressSample sample = copying(50);
    sample.listing_done = false;
    meter.take(sample, kStart + seconds(5));
    EXPECT_EQ(meter.remaining(), std::nullopt);
    EXPECT_NE(boost::json::serialize(progress_event(meter, 0)).find("\"eta_seconds\":null"),
              std::string::npos);
}

TEST(ProgressMeter, a_speed_of_nothing_promises_nothing) {
    ProgressMeter meter(kStart);
    meter.take(copying(0), kStart + seconds(1));
    meter.take(copying(0), kStart + seconds(2));
    EXPECT_EQ(meter.remaining(), std::nullopt);
}

TEST(ProgressLine, totals_are_at_least_what_was_listed_until_listing_is_done) {
    ProgressMeter meter(kStart);
    meter.take(listing(1204), kStart + seconds(1));
    EXPECT_EQ(progress_line(meter, 120, true), "listing ≥ 1,204 objects 1.1 GiB │ verified 0  failed 0");
    EXPECT_EQ(progress_line(meter, 120, false), "listing >= 1,204 objects 1.1 GiB | verified 0  failed 0");
}

TEST(ProgressLine, shows_share_speed_and_time_left) {
    ProgressMeter meter(kStart);
    for (int i = 1; i <= 50; ++i) meter.take(copying(static_cast<std::uint64_t>(i)), kStart + seconds(i));
    EXPECT_EQ(progress_line(meter, 120, false),
              "listed 100 objects 100 MiB | #######.......  50%  50.0 MiB  1.0 MiB/s  ETA 50 s | verified 50 "
              " failed 0");
}

TEST(ProgressLine, a_stall_says_so) {
    ProgressMeter meter(kStart);
    meter.take(copying(10), kStart + seconds(1));
    meter.take(copying(10), kStart + seconds(30));
    std::string line = progress_line(meter, 200, false);
    EXPECT_NE(line.find("still for 29 s, waiting for an answer"), std::string::npos) << line;
    EXPECT_EQ(line.find("ETA"), std::string::npos);
}

TEST(ProgressLine, is_never_wider_than_the_terminal) {
    ProgressMeter meter(kStart);
    meter.take(copying(10), kStart + seconds(1));
    EXPECT_LE(width_of(progress_line(meter, 40, true)), 39u);
}

TEST(ProgressLine, heartbeats_are_plain) {
    ProgressMeter meter(kStart);
    meter.take(copying(10), kStart + seconds(10));
    EXPECT_EQ(heartbeat_line(meter),
              "progress: 100 listed, 10 of 100 done, 10.0 MiB moved, 1.0 MiB/s, 0 failed, after 10 s, ETA 1 "
              "min 30 s");
}

}  // namespace
}  // namespace godwit::app
