// What a client must make of servers and networks that fail, stall, lie or cut.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "net/http_client.h"
#include "net/scripted_server.h"
#include "runtime/group.h"

namespace godwit::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using runtime::IoLoop;
using runtime::TaskGroup;

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunkedHello =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";

struct FaultsTest : testing::Test {
    IoLoop loop;
    HttpClientOptions options;
    std::unique_ptr<HttpClient> client;

    void start() {
        if (!client) client = HttpClient::make(loop, options).value();
    }
    static Task<Result<Answer>> fetch_in(IoLoop& loop, HttpClient& client, const Origin& origin,
                                         const HttpRequest& request) {
        Context context(loop);
        co_return co_await fetch(context, client, origin, request);
    }
    Result<Answer> run(const Origin& origin, const HttpRequest& request) {
        start();
        return loop.block_on(fetch_in(loop, *client, origin, request));
    }
    // As it does all the time in real life; here it runs only while a request does.
    void let_loop_hear() {
        auto nap = [&]() -> Task<bool> {
            Context context(loop);
            auto slept = co_await runtime::sleep(context, std::chrono::milliseconds(1));
            co_return slept.has_value();
        };
        EXPECT_TRUE(loop.block_on(nap()));
    }
    Result<Answer> get(const ScriptedServer& server) {
        return run(server.origin(), get_request(server.origin()));
    }
    std::string code_of(const Result<Answer>& answer) { return answer ? "none" : answer.error().code(); }
};

// Fault 34.
TEST_F(FaultsTest, D34_an_answer_cut_at_any_byte_is_lost) {
    for (std::string_view whole : {kHello, kChunkedHello}) {
        ScriptedServer server([&](Peer& peer, int number) {
            peer.read_head();
            peer.write(whole.substr(0, static_cast<std::size_t>(number)));
        });
        for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
            auto answer = get(server);
            ASSERT_FALSE(answer) << bytes;
            EXPECT_EQ(answer.error().kind(), ErrorKind::Lost) << bytes << " " << answer.error().message();
        }
        EXPECT_EQ(get(server)->body, "hello");
        EXPECT_EQ(server.connections(), static_cast<int>(whole.size()) + 1);
    }
}

TEST_F(FaultsTest, D34_an_answer_reset_at_any_byte_is_lost) {
    ScriptedServer server([&](Peer& peer, int number) {
        peer.read_head();
        peer.write(kHello.substr(0, static_cast<std::size_t>(number)));
        peer.reset();
    });
    for (std::size_t bytes = 0; bytes < kHello.size(); ++bytes) {
        auto answer = get(server);
        ASSERT_FALSE(answer) << bytes;
        EXPECT_EQ(answer.error().kind(), ErrorKind::Lost) << bytes;
    }
}

TEST_F(FaultsTest, a_refused_connection_says_that_nothing_was_sent) {
    Origin nobody{.tls = false, .host = "127.0.0.1", .port = free_port()};
    auto answer = run(nobody, get_request(nobody));
    EXPECT_EQ(code_of(answer), "ConnectFailed");
    EXPECT_EQ(answer.error().kind(), ErrorKind::Lost);
    EXPECT_EQ(answer.error().subject(), nobody.display());
    EXPECT_NE(answer.error().cause().find("Connection refused"), std::string::npos);
}

TEST_F(FaultsTest, a_connection_that_takes_too_long_says_that_nothing_was_sent) {
    BlackHole hole("127.0.0.1");
    options.connect_timeout = 50ms;
    Origin origin{.tls = false, .host = "127.0.0.1", .port = hole.port()};
    auto answer = run(origin, get_request(origin));
    EXPECT_EQ(code_of(answer), "ConnectFailed");
    EXPECT_EQ(answer.error().cause(), "no connection within 0.05 s");
}

TEST_F(FaultsTest, D36_a_server_that_never_answers_times_out) {
    ScriptedServer server([](Peer& peer, int) { peer.hold(); });
    options.answer_timeout = 50ms;
    auto answer = get(server);
    EXPECT_EQ(code_of(answer), "Timeout");
    EXPECT_EQ(answer.error().kind(), ErrorKind::Lost);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(FaultsTest, a_request_may_bring_its_own_answer_timeout) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        if (peer.pause(100)) peer.write(kHello);
    });
    options.answer_timeout = 1ms;
    HttpRequest request = get_request(server.origin());
    EXPECT_EQ(code_of(run(server.origin(), request)), "Timeout");
    request.answer_timeout = 60s;
    EXPECT_TRUE(run(server.origin(), request));
}

TEST_F(FaultsTest, D36_a_head_that_drips_times_out) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 200 OK\r\n");
        while (peer.pause(5)) peer.write("A: b\r\n");
    });
    options.answer_timeout = 60ms;
    EXPECT_EQ(code_of(get(server)), "Timeout");
}

TEST_F(FaultsTest, D36_a_body_that_stalls_is_given_up) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write(kHello.substr(0, kHello.size() - 1));
        peer.hold();
    });
    options.stall_timeout = 50ms;
    EXPECT_EQ(code_of(get(server)), "Stalled");
}

// Fault 36.
TEST_F(FaultsTest, D36_a_body_that_drips_is_given_up) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (peer.pause(5)) peer.write("x");
    });
    options.stall_timeout = 100ms;
    EXPECT_EQ(code_of(get(server)), "Stalled");
}

// CompleteMultipartUpload answers so.
TEST_F(FaultsTest, D36_the_connection_of_a_peer_that_drips_is_free_for_another_request) {
    ScriptedServer server([](Peer& peer, int number) {
        peer.read_head();
        if (number > 0) return peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (peer.pause(5)) peer.write("x");
    });
    options.stall_timeout = 100ms;
    options.connections_max = 1;
    EXPECT_EQ(code_of(get(server)), "Stalled");
    auto answer = get(server);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->body, "hello");
}

TEST_F(FaultsTest, an_answer_of_unknown_length_may_drip_while_the_server_works) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 20 && peer.pause(20); ++i) peer.write("1\r\n \r\n");
        peer.write("0\r\n\r\n");
    });
    options.stall_timeout = 300ms;
    EXPECT_EQ(get(server)->body, std::string(20, ' '));
}

TEST_F(FaultsTest, D36_a_server_that_takes_no_bytes_is_given_up) {
    ScriptedServer server([](Peer& peer, int) { peer.pause(60'000); });
    options.stall_timeout = 50ms;
    const std::string body(64 << 20, 'x');
    EXPECT_EQ(code_of(run(server.origin(), put_request(server.origin(), body))), "Stalled");
}

TEST_F(FaultsTest, a_refusal_is_read_although_the_server_closed_under_a_large_body) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        // Closing with unread bytes sends a reset after the answer.
        peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied");
    });
    const std::string body(64 << 20, 'x');
    for (int i = 0; i < 5; ++i) {
        auto answer = run(server.origin(), put_request(server.origin(), body));
        ASSERT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(answer->status, 403);
        EXPECT_EQ(answer->body, "denied");
    }
    EXPECT_EQ(server.connections(), 5);
}

TEST_F(FaultsTest, a_refusal_is_read_while_the_server_just_stops_reading) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 100 Continue\r\n\r\n");
        peer.write("HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n");
        peer.pause(60'000);
    });
    const std::string body(64 << 20, 'x');
    EXPECT_EQ(run(server.origin(), put_request(server.origin(), body))->status, 503);
    EXPECT_EQ(run(server.origin(), put_request(server.origin(), body))->status, 503);
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(FaultsTest, a_success_before_the_whole_request_was_sent_is_no_success) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        peer.pause(60'000);
    });
    const std::string body(64 << 20, 'x');
    auto answer = run(server.origin(), put_request(server.origin(), body));
    EXPECT_EQ(code_of(answer), "EarlyAnswer");
    EXPECT_EQ(answer.error().kind(), ErrorKind::Corrupt);
}

TEST_F(FaultsTest, a_close_without_answer_under_a_large_body_is_lost) {
    ScriptedServer server([](Peer& peer, int) { peer.read_head(); });
    const std::string body(64 << 20, 'x');
    auto answer = run(server.origin(), put_request(server.origin(), body));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::Lost);
    EXPECT_EQ(server.connections(), 1);
}

// Answers once on each connection, and closes it when the next request has come.
void close_on_second_request(Peer& peer, int) {
    peer.read_head();
    peer.write(kHello);
    peer.read_head();
}

// Fault 42.
TEST_F(FaultsTest, D42_a_request_that_met_a_dying_connection_is_sent_again_once) {
    ScriptedServer server(close_on_second_request);
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(FaultsTest, D42_a_request_that_must_not_be_repeated_is_not) {
    ScriptedServer server(close_on_second_request);
    HttpRequest request = get_request(server.origin());
    request.repeatable = false;
    EXPECT_TRUE(run(server.origin(), request));
    auto answer = run(server.origin(), request);
    EXPECT_EQ(code_of(answer), "ConnectionClosed");
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(FaultsTest, D42_a_request_is_not_sent_again_after_part_of_an_answer) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write(kHello);
        peer.read_head();
        peer.write("HTTP/1.1 2");
    });
    EXPECT_TRUE(get(server));
    EXPECT_EQ(code_of(get(server)), "AnswerCut");
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(FaultsTest, D42_a_fresh_connection_that_dies_is_not_tried_again) {
    ScriptedServer server([](Peer& peer, int) { peer.read_head(); });
    EXPECT_EQ(code_of(get(server)), "ConnectionClosed");
    EXPECT_EQ(server.connections(), 1);
}

// Runs `disturb` on the server's side of an idle connection before the second request is made.
struct IdleDisturbance {
    explicit IdleDisturbance(std::function<void(Peer&)> disturb)
        : server([this, disturb = std::move(disturb)](Peer& peer, int number) {
              peer.read_head();
              peer.write(kHello);
              if (number == 0) {
                  go.get_future().wait();
                  disturb(peer);
                  done.set_value();
              }
              peer.hold();
          }) {}
    void happen() {
        go.set_value();
        done.get_future().wait();
    }
    std::promise<void> go, done;
    ScriptedServer server;
};

TEST_F(FaultsTest, D42_an_idle_connection_that_the_server_closed_is_not_used) {
    IdleDisturbance idle([](Peer& peer) { peer.finish(); });
    HttpRequest request = get_request(idle.server.origin());
    request.repeatable = false;
    EXPECT_TRUE(run(idle.server.origin(), request));
    idle.happen();
    let_loop_hear();
    EXPECT_TRUE(run(idle.server.origin(), request));
    EXPECT_EQ(idle.server.connections(), 2);
}

// Fault 38: what was not asked for must never answer the next request.
TEST_F(FaultsTest, D42_an_idle_connection_with_unasked_bytes_is_not_used) {
    IdleDisturbance idle([](Peer& peer) { peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"); });
    EXPECT_EQ(get(idle.server)->body, "hello");
    idle.happen();
    let_loop_hear();
    EXPECT_EQ(get(idle.server)->body, "hello");
    EXPECT_EQ(idle.server.connections(), 2);
}

TEST_F(FaultsTest, D38_bytes_behind_a_body_end_the_connection) {
    ScriptedServer server(
        answer_all(std::string(kHello) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(FaultsTest, a_large_head_is_taken_up_to_the_bound) {
    ScriptedServer server([](Peer& peer, int number) {
        const std::string value(number == 0 ? 60 << 10 : 70 << 10, 'f');
        peer.read_head();
        peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\nA: " + value +
                   "\r\n\r\nhello");
    });
    EXPECT_EQ(get(server)->body, "hello");
    EXPECT_EQ(code_of(get(server)), "HeadTooLarge");
}

TEST_F(FaultsTest, a_head_without_end_is_refused_at_the_bound) {
    for (std::string_view filler : {"A: b\r\n", "xxxxxxxx"}) {
        ScriptedServer server([&](Peer& peer, int) {
            peer.read_head();
            peer.write("HTTP/1.1 200 OK\r\n");
            for (int i = 0; i < 20'000; ++i) peer.write(filler);
            peer.hold();
        });
        auto answer = get(server);
        EXPECT_EQ(code_of(answer), "HeadTooLarge");
        EXPECT_EQ(answer.error().kind(), ErrorKind::Corrupt);
    }
}

// Faults 38, 41 and 93, from the client's side.
TEST_F(FaultsTest, an_answer_that_is_no_proper_http_is_corrupt) {
    for (const std::string& bytes :
         {"SSH-2.0-OpenSSH_9.2\r\n"s, "<html></html>"s, "HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 0\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 0\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"s,
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nContent-Length: 1e30\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nhello\r\n0\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n"s,
          "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"s}) {
        ScriptedServer server(answer_all(bytes));
        auto answer = get(server);
        ASSERT_FALSE(answer) << bytes;
        EXPECT_EQ(answer.error().kind(), ErrorKind::Corrupt) << bytes << answer.error().message();
        client.reset();
    }
}

TEST_F(FaultsTest, interim_answers_without_end_are_refused) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        for (int i = 0; i < 1000; ++i) peer.write("HTTP/1.1 102 Processing\r\n\r\n");
        peer.hold();
    });
    EXPECT_EQ(code_of(get(server)), "TooManyInterim");
}

TEST_F(FaultsTest, a_failed_body_stays_failed) {
    ScriptedServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write(kHello.substr(0, kHello.size() - 1));
    });
    start();
    auto read_on = [](IoLoop& loop, HttpClient& http, Origin origin) -> Task<std::string> {
        Context context(loop);
        HttpRequest request = get_request(origin);
        auto response = co_await http.exchange(context, origin, request);
        auto first = co_await response->read_text(context, 100);
        auto second = co_await response->read_text(context, 100);
        co_return first.error().code() + " " + second.error().code();
    };
    EXPECT_EQ(loop.block_on(read_on(loop, *client, server.origin())), "BodyCut BodyCut");
}

// Cancels the exchange after a moment and says what it ended with.
Task<std::string> cancelled_fetch(IoLoop& loop, HttpClient& client, Origin origin, HttpRequest request) {
    Context root(loop);
    Context context(root);
    TaskGroup group(loop);
    std::string ended;
    auto work = [](Context& working, HttpClient& http, const Origin& to, const HttpRequest& wanted,
                   std::string& out) -> Task<void> {
        auto answer = co_await fetch(working, http, to, wanted);
        out = answer ? "answered" : answer.error().code();
    };
    group.spawn(work(context, client, origin, request, ended));
    auto rested = co_await runtime::sleep(root, 30ms);
    EXPECT_TRUE(rested);
    EXPECT_EQ(ended, "");
    context.cancel(runtime::stop_requested());
    co_await group.wait();
    co_return ended;
}

// I18.
TEST_F(FaultsTest, cancelling_in_any_phase_ends_it_and_leaves_no_descriptor) {
    const std::string large(64 << 20, 'x');
    start();
    std::size_t before = open_descriptors();
    {
        BlackHole hole("127.0.0.1");
        Origin origin{.tls = false, .host = "127.0.0.1", .port = hole.port()};
        EXPECT_EQ(loop.block_on(cancelled_fetch(loop, *client, origin, get_request(origin))), "Cancelled");
    }
    EXPECT_EQ(open_descriptors(), before) << "connecting";
    {
        ScriptedServer server([](Peer& peer, int) { peer.pause(60'000); });
        HttpRequest request = put_request(server.origin(), large);
        EXPECT_EQ(loop.block_on(cancelled_fetch(loop, *client, server.origin(), request)), "Cancelled");
    }
    EXPECT_EQ(open_descriptors(), before) << "sending";
    for (std::string_view part :
         {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nh", "HTTP/1.1 200 OK\r\n\r\nh"}) {
        {
            ScriptedServer server([&](Peer& peer, int) {
                peer.read_head();
                peer.write(part);
                peer.hold();
            });
            HttpRequest request = get_request(server.origin());
            EXPECT_EQ(loop.block_on(cancelled_fetch(loop, *client, server.origin(), request)), "Cancelled");
        }
        EXPECT_EQ(open_descriptors(), before) << part;
    }
}

TEST_F(FaultsTest, cancelling_the_wait_for_a_connection_leaves_the_others_alone) {
    options.connections_max = 1;
    start();
    std::promise<void> go;
    auto gone = go.get_future().share();
    ScriptedServer server([&](Peer& peer, int) {
        peer.read_head();
        gone.wait();
        peer.write(kHello);
        peer.hold();
    });
    auto both = [&](Origin origin) -> Task<std::string> {
        Context context(loop);
        TaskGroup group(loop);
        std::string first;
        HttpRequest request = get_request(origin);
        auto work = [&]() -> Task<void> {
            auto answer = co_await fetch(context, *client, origin, request);
            first = answer ? answer->body : answer.error().code();
        };
        group.spawn(work());
        std::string second = co_await cancelled_fetch(loop, *client, origin, request);
        go.set_value();
        co_await group.wait();
        co_return first + " " + second;
    };
    EXPECT_EQ(loop.block_on(both(server.origin())), "hello Cancelled");
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(FaultsTest, an_ended_context_sends_nothing) {
    ScriptedServer server(answer_all(std::string(kHello)));
    start();
    auto ended = [](IoLoop& loop, HttpClient& http, Origin origin) -> Task<std::string> {
        Context context(loop);
        context.cancel(runtime::stop_requested());
        HttpRequest request = get_request(origin);
        auto response = co_await http.exchange(context, origin, request);
        co_return response.error().code();
    };
    EXPECT_EQ(loop.block_on(ended(loop, *client, server.origin())), "Cancelled");
    EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace godwit::net
