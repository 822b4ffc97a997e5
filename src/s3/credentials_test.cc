#include "s3/credentials.h"

#include <gtest/gtest.h>

#include <deque>

#include "runtime/group.h"
#include "runtime/manual_loop.h"

namespace godwit::s3 {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Gives out what the test has put in; counts and can be made to wait.
class ScriptedProvider final : public CredentialsProvider {
  public:
    Task<Result<Credentials>> get(Context& context) override {
        ++asked;
        if (delay > Duration::zero()) GODWIT_CO_TRY_VOID(co_await runtime::sleep(context, delay));
        if (failing) co_return Error(ErrorKind::Denied, "get", "credentials", "no").with_code("Scripted");
        Credentials credentials{.access_key_id = "K" + std::to_string(asked), .secret_access_key = "S"};
        if (lifetime_s > 0)
            credentials.expires_unix_ns = context.loop().unix_time_ns() + lifetime_s * kSecond;
        credentials.session_token = token;
        co_return credentials;
    }
    void refused(const Credentials&) override { ++refusals; }
    std::string describe() const override { return "script"; }

    int asked = 0;
    int refusals = 0;
    bool failing = false;
    Duration delay{};
    std::int64_t lifetime_s = 0;
    std::string token;
};

class RefreshingTest : public testing::Test {
  protected:
    RefreshingTest() {
        auto made = std::make_unique<ScriptedProvider>();
        inner = made.get();
        provider = refreshing_credentials(loop, std::move(made));
    }

    Task<void> ask(Context& asker, std::string& got) {
        Result<Credentials> result = co_await provider->get(asker);
        got = result ? result->access_key_id : result.error().code();
    }
    // For answers that need no time.
    std::string get() {
        std::string got = "(waits)";
        loop.spawn(ask(context, got));
        loop.run_until_idle();
        return got;
    }

    runtime::ManualLoop loop;
    runtime::Context context{loop};
    ScriptedProvider* inner = nullptr;
    std::unique_ptr<CredentialsProvider> provider;
};

TEST_F(RefreshingTest, credentials_without_expiry_are_asked_for_once) {
    EXPECT_EQ(get(), "K1");
    loop.advance(std::chrono::hours(1000));
    EXPECT_EQ(get(), "K1");
    EXPECT_EQ(inner->asked, 1);
}

TEST_F(RefreshingTest, asks_anew_from_five_minutes_before_expiry) {
    inner->lifetime_s = 3600;
    EXPECT_EQ(get(), "K1");
    loop.advance(std::chrono::seconds(3600 - 301));
    EXPECT_EQ(get(), "K1");
    loop.advance(std::chrono::seconds(1));
    EXPECT_EQ(get(), "K2");
}

TEST_F(RefreshingTest, a_failed_refresh_is_no_error_while_the_old_ones_are_valid) {
    inner->lifetime_s = 3600;
    EXPECT_EQ(get(), "K1");
    inner->failing = true;
    loop.advance(std::chrono::seconds(3400));
    EXPECT_EQ(get(), "K1");
    EXPECT_EQ(inner->asked, 2);
    // Not for every request: again only after a while.
    EXPECT_EQ(get(), "K1");
    EXPECT_EQ(inner->asked, 2);
    loop.advance(std::chrono::seconds(10));
    EXPECT_EQ(get(), "K1");
    EXPECT_EQ(inner->asked, 3);
    loop.advance(std::chrono::seconds(191));
    EXPECT_EQ(get(), "Scripted");
    inner->failing = false;
    EXPECT_EQ(get(), "K5");
}

TEST_F(RefreshingTest, many_who_ask_at_once_cost_one_request) {
    inner->delay = std::chrono::seconds(1);
    std::vector<std::string> got(100, "(waits)");
    for (std::string& one : got) loop.spawn(ask(context, one));
    loop.run_until_idle();
    EXPECT_EQ(got, std::vector<std::string>(100, "(waits)"));
    loop.advance(std::chrono::seconds(1));
    EXPECT_EQ(got, std::vector<std::string>(100, "K1"));
    EXPECT_EQ(inner->asked, 1);
}

TEST_F(RefreshingTest, nobody_waits_for_a_refresh_while_the_old_ones_are_valid) {
    inner->lifetime_s = 3600;
    EXPECT_EQ(get(), "K1");
    loop.advance(std::chrono::seconds(3400));
    inner->delay = std::chrono::seconds(5);
    std::string refresher = "(waits)";
    loop.spawn(ask(context, refresher));
    EXPECT_EQ(get(), "K1");
    EXPECT_EQ(refresher, "(waits)");
    loop.advance(std::chrono::seconds(5));
    EXPECT_EQ(refresher, "K2");
    EXPECT_EQ(get(), "K2");
    EXPECT_EQ(inner->asked, 2);
}

TEST_F(RefreshingTest, who_waited_shares_the_failure) {
    inner->delay = std::chrono::seconds(1);
    inner->failing = true;
    std::vector<std::string> got(10, "(waits)");
    for (std::string& one : got) loop.spawn(ask(context, one));
    loop.advance(std::chrono::seconds(1));
    EXPECT_EQ(got, std::vector<std::string>(10, "Scripted"));
    EXPECT_EQ(inner->asked, 1);
}

TEST_F(RefreshingTest, when_the_one_who_asks_is_stopped_another_asks) {
    inner->delay = std::chrono::seconds(1);
    runtime::Context stopped(context);
    std::string first = "(waits)", second = "(waits)";
    loop.spawn(ask(stopped, first));
    loop.spawn(ask(context, second));
    loop.run_until_idle();
    stopped.cancel(runtime::stop_requested());
    loop.advance(std::chrono::seconds(1));
    EXPECT_NE(first, "K1");
    EXPECT_EQ(second, "K2");
}

// The machine's clock may be wrong: then credentials seem expired that the server takes.
TEST_F(RefreshingTest, fresh_ones_that_seem_expired_are_given_but_not_asked_for_each_time) {
    inner->lifetime_s = 1;
    EXPECT_EQ(get(), "K1");
    loop.advance(std::chrono::seconds(2));
    EXPECT_EQ(get(), "K1");
    loop.advance(std::chrono::seconds(8));
    EXPECT_EQ(get(), "K2");
}

TEST_F(RefreshingTest, refused_ones_are_not_given_again) {
    EXPECT_EQ(get(), "K1");
    provider->refused(Credentials{.access_key_id = "K1", .secret_access_key = "S"});
    EXPECT_EQ(get(), "K2");
    EXPECT_EQ(inner->refusals, 1);
    // A late refusal of the old ones takes nothing away.
    provider->refused(Credentials{.access_key_id = "K1", .secret_access_key = "S"});
    EXPECT_EQ(get(), "K2");
    EXPECT_EQ(inner->asked, 2);
}

TEST_F(RefreshingTest, keys_that_would_break_a_header_are_refused) {
    inner->token = "a\r\nx-amz-acl: public-read";
    EXPECT_EQ(get(), "");
    EXPECT_EQ(inner->asked, 1);
    inner->token = "good";
    EXPECT_EQ(get(), "K2");
}

TEST(StaticCredentials, are_given_as_they_are_and_checked) {
    runtime::ManualLoop loop;
    runtime::Context context(loop);
    auto check = [&](Credentials credentials) {
        auto provider = static_credentials(std::move(credentials), "options");
        std::string got;
        auto run = [](CredentialsProvider& asked, Context& asker, std::string& out) -> Task<void> {
            Result<Credentials> result = co_await asked.get(asker);
            out = result ? result->access_key_id : result.error().message();
        };
        loop.spawn(run(*provider, context, got));
        loop.run_until_idle();
        return got;
    };
    EXPECT_EQ(check({.access_key_id = "AKIA", .secret_access_key = "S"}), "AKIA");
    EXPECT_EQ(
        check({.access_key_id = "AKIA ", .secret_access_key = "S"}),
        "use credentials from options: the access key holds a space, a line break or another character that "
        "none has");
    EXPECT_EQ(check({}), "");
    EXPECT_EQ(anonymous_credentials()->describe(), "none: requests are not signed, as asked");
}

}  // namespace
}  // namespace godwit::s3
