// Client: requests to one bucket, each with the one retry loop around it.
//
// An attempt signs, sends and judges the answer. What an answer teaches (the bucket's region, the
// server's clock, that keys have run out or were rotated) is learned for all later requests and tried
// again at once. Credentials go to the configured endpoint only, or, where Godwit itself chose an AWS
// endpoint, to that of the region that AWS names; no Location header is ever followed (E54).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/http_client.h"
#include "runtime/io_loop.h"
#include "runtime/rate_limit.h"
#include "runtime/retry.h"
#include "s3/credentials.h"
#include "s3/error_table.h"
#include "s3/md5_batch.h"
#include "s3/request.h"

namespace godwit::s3 {

class Client;

// An answer whose status says success.
struct Answer {
    const Request& request;
    const Client& client;
    net::HttpResponse& response;
    // From 1. What an earlier one was answered with, or whether it acted, may be unknown.
    int attempt = 1;

    // "s3://bucket/key", for messages.
    std::string subject() const;
    Error error(ErrorKind kind, std::string cause) const;
};

// Takes what the caller wants of an answer. Called once in every attempt that gets that far, so it
// starts anew each time. An error fails the attempt like any other, and may be tried again.
class AnswerReader {
  public:
    virtual ~AnswerReader() = default;
    virtual Task<Result<void>> read(Context& context, Answer& answer) = 0;
};

// Requests that went out, failed ones and repetitions included.
struct RequestCounts {
    std::array<std::uint64_t, kRequestKindCount> sent{};
    std::uint64_t retries = 0;
    // Answers that asked us to slow down.
    std::uint64_t busy = 0;

    std::uint64_t operator[](RequestKind kind) const { return sent[static_cast<std::size_t>(kind)]; }
    std::uint64_t total() const;
};

struct ClientOptions {
    std::string bucket;
    EndpointOptions endpoint;
    runtime::RetryPolicy retry;
    // For one attempt, beside the time that its bytes take at kSlowestBytesPerSecond.
    Duration request_timeout = std::chrono::minutes(5);
    // What each request takes one of before it is sent; null: nothing. Outlives the client.
    runtime::RateLimit* request_rate = nullptr;
};

// Belongs to one loop's thread.
class Client {
  public:
    // A transfer slower than this runs into its deadline.
    static constexpr std::uint64_t kSlowestBytesPerSecond = 256 << 10;

    // Fails with Invalid when the endpoint cannot be used. `loop` and `http` outlive the client.
    static Result<std::shared_ptr<Client>> make(runtime::IoLoop& loop, net::HttpClient& http,
                                                std::shared_ptr<CredentialsProvider> credentials,
                                                ClientOptions options);

    // Sends `request` until it succeeds or may not be tried again. All arguments outlive the task.
    // Kinds as in error_table.h and net/http_client.h; the error carries the attempt.
    Task<Result<void>> call(Context& context, const Request& request, AnswerReader& reader);
    // The same without a second attempt: for probes, which ask for refusals.
    Task<Result<void>> call_once(Context& context, const Request& request, AnswerReader& reader);

    // Where requests go now; changes when the bucket's region is learned.
    const Address& address() const { return *address_; }
    std::string uri(std::string_view key) const;
    // Our clock with what was learned of the server's.
    std::int64_t unix_time_ns() const { return loop_.unix_time_ns() + clock_offset_.count(); }
    const RequestCounts& counts() const { return counts_; }
    const CredentialsProvider& credentials() const { return *provider_; }
    // The access key in use; empty before the first request and when anonymous.
    std::string access_key_id() const { return credentials_ ? credentials_->access_key_id : std::string(); }
    runtime::Loop& loop() const { return loop_; }
    // For all bodies that go through this client.
    Md5Batch& md5() { return md5_; }
    const runtime::RetryPolicy& retry_policy() const { return retry_; }

  private:
    Client(runtime::IoLoop& loop, net::HttpClient& http, std::shared_ptr<CredentialsProvider> credentials,
           ClientOptions options, Address address);

    Task<Result<void>> attempt(Context& parent, const Request& request, std::string_view hash,
                               AnswerReader& reader, int number);
    Task<Result<void>> renew_credentials(Context& context);
    // The keys of that generation were refused: drops them and looks for others. False: there are none,
    // or it was looked for them just now.
    Task<bool> find_other_keys(Context& context, std::uint64_t generation);
    void use(Credentials credentials);
    Task<Refusal> read_refusal(Context& context, const Request& request, net::HttpResponse& response,
                               std::int64_t signed_at_ns);
    // True when sending the same again is worth it. `known` is what lessons_ was when it was signed.
    bool learn(const Refusal& refused, std::uint64_t known);
    bool learn_region(const std::string& region);
    bool is_rated() const { return options_.request_rate && options_.request_rate->per_second() != 0; }
    Duration timeout(const Request& request) const;
    Error named(const Request& request, Error error) const;

    runtime::IoLoop& loop_;
    net::HttpClient& http_;
    Md5Batch md5_;
    std::shared_ptr<CredentialsProvider> provider_;
    ClientOptions options_;
    runtime::RetryPolicy retry_;
    std::optional<Address> address_;
    Signer signer_;
    std::optional<Credentials> credentials_;
    Instant credentials_until_{};
    // Counts the different keys that were in use.
    std::uint64_t key_generation_ = 0;
    // There were no others for those that were refused; until then nobody asks again.
    Instant no_other_keys_until_{};
    Duration clock_offset_{};
    // Counts what was learned, so that of a thousand requests in flight only the first refusal is a
    // lesson and the others just go again.
    std::uint64_t lessons_ = 0;
    int region_changes_ = 0;
    RequestCounts counts_;
};

}  // namespace godwit::s3
