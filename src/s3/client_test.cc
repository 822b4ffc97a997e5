// What a client does when a server no longer takes its keys.
#include "s3/client.h"

#include <gtest/gtest.h>

#include <deque>

#include "s3/operations.h"
#include "s3/stub_endpoint.h"

namespace godwit::s3 {
namespace {

// Gives out keys in turn, each until it is refused; the last one for ever.
class RotatedKeys final : public CredentialsProvider {
  public:
    explicit RotatedKeys(std::deque<std::string> names, std::string token = "")
        : names_(std::move(names)), token_(std::move(token)) {}
    Task<Result<Credentials>> get(Context&) override {
        ++asked;
        if (failing) co_return Error(ErrorKind::Lost, "get", "credentials", "the process is gone");
        Credentials credentials{.access_key_id = names_.front(), .secret_access_key = "S"};
        credentials.session_token = token_;
        co_return credentials;
    }
    void refused(const Credentials& credentials) override {
        ++refusals;
        failing = fails_after_refusal;
        if (names_.size() > 1 && names_.front() == credentials.access_key_id) names_.pop_front();
    }
    std::string describe() const override { return "keys in turn"; }

    int asked = 0, refusals = 0;
    bool failing = false, fails_after_refusal = false;

  private:
    std::deque<std::string> names_;
    std::string token_;
};

std::string error_body(const std::string& code) {
    return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>no</Message></Error>";
}

class ClientTest : public testing::Test {
  protected:
    // A client at a server that takes GOOD alone and refuses all others with `status` and `code`.
    void start(std::deque<std::string> names, std::string token = "", std::string status = "403 Forbidden",
               std::string code = "InvalidAccessKeyId") {
        server.emplace([=](const StubRequest& request) -> StubEndpoint::Reply {
            if (request.head.contains("Credential=GOOD/")) return {"204 No Content", ""};
            return {status, code.empty() ? "" : error_body(code)};
        });
        auto provider = std::make_unique<RotatedKeys>(std::move(names), std::move(token));
        keys = provider.get();
        ClientOptions options;
        options.bucket = "bucket";
        options.endpoint.url = server->url();
        options.endpoint.region = "us-east-1";
        options.retry.delay_min = options.retry.delay_max = std::chrono::milliseconds(1);
        client =
            Client::make(loop, *http, refreshing_credentials(loop, std::move(provider)), options).value();
    }

    Result<void> remove(RequestKind kind = RequestKind::DeleteObject) {
        Request request(kind, "key");
        DoneReader reader;
        return loop.block_on(client->call(context, request, reader));
    }

    runtime::IoLoop loop;
    Context context{loop};
    std::unique_ptr<net::HttpClient> http = net::HttpClient::make(loop, {}).value();
    std::optional<StubEndpoint> server;
    RotatedKeys* keys = nullptr;
    std::shared_ptr<Client> client;
};

TEST_F(ClientTest, keys_that_were_rotated_are_found_again) {
    for (const char* code : {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}) {
        for (const char* token : {"", "t0ken"}) {
            start({"OLD", "GOOD"}, token, "403 Forbidden", code);
            auto done = remove();
            ASSERT_TRUE(done) << done.error().message();
            EXPECT_EQ(server->requests().size(), 2u);
            ASSERT_TRUE(remove());
            EXPECT_EQ(keys->asked, 2) << "once for each";
        }
    }
}

// HEAD tells no code.
TEST_F(ClientTest, keys_that_were_rotated_are_found_again_where_no_code_tells_it) {
    for (const char* status : {"403 Forbidden", "400 Bad Request"}) {
        start({"OLD", "GOOD"}, "", status, "");
        auto done = remove(RequestKind::HeadObject);
        ASSERT_TRUE(done) << done.error().message();
        EXPECT_EQ(server->requests().size(), 2u);
    }
}

TEST_F(ClientTest, keys_that_stay_the_same_are_not_sent_again_and_not_looked_for_all_the_time) {
    start({"BAD"});
    for (int i = 0; i < 20; ++i) {
        auto done = remove();
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code(), "InvalidAccessKeyId");
        EXPECT_EQ(done.error().kind(), ErrorKind::Denied);
    }
    EXPECT_EQ(server->requests().size(), 20u);
    EXPECT_EQ(keys->refusals, 1);
    EXPECT_EQ(keys->asked, 2);
}

TEST_F(ClientTest, a_source_of_keys_that_never_ends_is_not_followed_for_ever) {
    start({"A", "B", "C", "D", "E", "F", "G", "H"});
    auto done = remove();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), "InvalidAccessKeyId");
    EXPECT_LE(server->requests().size(), 4u);
}

TEST_F(ClientTest, the_refusal_stands_when_no_keys_can_be_found) {
    start({"BAD"});
    keys->fails_after_refusal = true;
    auto done = remove();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), "InvalidAccessKeyId") << done.error().message();
}

TEST_F(ClientTest, denied_is_denied_and_says_nothing_about_the_keys) {
    start({"OLD", "GOOD"}, "", "403 Forbidden", "AccessDenied");
    auto done = remove();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), "AccessDenied");
    EXPECT_EQ(keys->refusals, 0);
    EXPECT_EQ(server->requests().size(), 1u);
}

}  // namespace
}  // namespace godwit::s3
