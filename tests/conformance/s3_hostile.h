// A store on the hostile S3 double: what the tests of the E rows of the fault catalogue share.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "runtime/io_loop.h"
#include "s3/store.h"
#include "s3double/server.h"

namespace godwit::hostile {

using model::Entry;
using model::EvidenceLevel;
using model::Identity;
using model::Key;
using model::KeyRange;
using runtime::Context;
using runtime::Task;
using s3double::ChecksumMode;
using s3double::Effects;
using s3double::EtagMode;
using s3double::Match;
using s3double::Operation;
using s3double::Rule;

class HostileTest : public testing::Test {
  protected:
    void SetUp() override { start(server_options_); }
    void TearDown() override;

    // Starts the server and a store on it; a test may start anew with other options.
    void start(const s3double::Options& options);
    std::unique_ptr<s3::S3Store> connect();
    void attach();

    template <class T>
    T run(Task<T> task) {
        return loop_.block_on(std::move(task));
    }

    // One rule on every request of `operation` for `key`.
    void rule(Operation operation, const std::string& key, Effects effects, std::uint64_t times = 0);
    // The next request of `operation` for `key` acts, and its answer is lost.
    void lose_answer(Operation operation, const std::string& key);

    Result<store::Receipt> put(const std::string& key, std::string_view text, bool read_back = false);
    Result<store::Receipt> put(const store::PutRequest& request, std::string_view text);
    store::PutRequest put_request(const std::string& key, std::uint64_t size_bytes) const;
    // The identity of what a stranger wrote behind our back.
    Identity written(const std::string& key, std::string_view text);
    Result<std::string> get(const std::string& key, const Identity& expected);
    Result<std::unique_ptr<store::Source>> open(const std::string& key, const Identity& expected,
                                                std::uint64_t whole_bytes_max);
    Result<std::vector<Entry>> list(KeyRange range = {});
    // Uploads `text` in parts and commits.
    Result<store::Receipt> upload(const std::string& key, std::string_view text, bool read_back = false);
    // What the server really holds; "(absent)" when nothing.
    std::string stored(const std::string& key) const;
    std::uint64_t successes(Operation operation, const std::string& key) const;

    s3double::Options server_options_ = [] {
        s3double::Options options;
        options.part_bytes_min = 64 << 10;
        return options;
    }();
    s3::S3Options options_ = [] {
        s3::S3Options options;
        options.bucket = "bucket";
        options.endpoint.region = "us-east-1";
        options.credentials = s3::Credentials{"AKIATEST", "secrettest", "", std::nullopt};
        options.part_step_bytes = 1u << 20;
        options.retry.delay_min = std::chrono::milliseconds(1);
        options.retry.delay_max = std::chrono::milliseconds(10);
        return options;
    }();

    runtime::IoLoop loop_;
    Context context_{loop_};
    std::unique_ptr<s3double::Server> server_;
    std::unique_ptr<net::HttpClient> http_;
    std::unique_ptr<s3::S3Store> store_;
};

std::string pattern(std::uint64_t size_bytes, std::uint64_t seed = 1);

// Each evaluates its argument once.
#define EXPECT_KIND(expression, wanted)                                         \
    do {                                                                        \
        auto&& failed = (expression);                                           \
        ASSERT_FALSE(failed) << "succeeded: " #expression;                      \
        EXPECT_EQ(failed.error().kind(), (wanted)) << failed.error().message(); \
    } while (false)
#define ASSERT_OK(expression)                                            \
    do {                                                                 \
        auto&& done = (expression);                                      \
        ASSERT_TRUE(done) << #expression ": " << done.error().message(); \
    } while (false)

}  // namespace godwit::hostile
