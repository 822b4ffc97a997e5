#include "s3/credentials.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/channel.h"

namespace godwit::s3 {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kRefreshAheadNs = 300 * kNsPerSecond;
constexpr std::int64_t kRefreshEveryNs = 10 * kNsPerSecond;

// Key and token stand in headers, where a line break would forge another one.
Result<void> check_characters(const Credentials& credentials, const std::string& source) {
    auto is_plain = [](char c) { return c > ' ' && c <= '~'; };
    std::string_view bad;
    if (!std::ranges::all_of(credentials.access_key_id, is_plain)) bad = "access key";
    if (!std::ranges::all_of(credentials.session_token, is_plain)) bad = "session token";
    if (bad.empty()) return {};
    return Error(ErrorKind::Invalid, "use credentials from", source,
                 fmt::format("the {} holds a space, a line break or another character that none has", bad));
}

class StaticCredentials final : public CredentialsProvider {
  public:
    StaticCredentials(Credentials credentials, std::string description)
        : credentials_(std::move(credentials)), description_(std::move(description)) {}

    Task<Result<Credentials>> get(Context&) override {
        GODWIT_CO_TRY_VOID(check_characters(credentials_, description_));
        co_return credentials_;
    }
    std::string describe() const override { return description_; }

  private:
    Credentials credentials_;
    std::string description_;
};

class RefreshingCredentials final : public CredentialsProvider {
  public:
    RefreshingCredentials(runtime::Loop& loop, std::unique_ptr<CredentialsProvider> inner)
        : loop_(loop), inner_(std::move(inner)) {}

    Task<Result<Credentials>> get(Context& context) override {
        while (true) {
            if (serves() && (asking_ || !is_due())) co_return *kept_;
            if (!asking_) co_return co_await ask(context);
            GODWIT_CO_TRY_VOID(co_await answered_.wait(context));
            // Who asked was stopped: then somebody else must ask.
            if (failure_ && failure_->kind() != ErrorKind::Cancelled) co_return failure_->clone();
        }
    }

    void refused(const Credentials& credentials) override {
        if (!kept_ || kept_->access_key_id != credentials.access_key_id ||
            kept_->session_token != credentials.session_token ||
            kept_->secret_access_key != credentials.secret_access_key) {
            return;
        }
        kept_.reset();
        inner_->refused(credentials);
    }

    std::string describe() const override { return inner_->describe(); }

  private:
    std::int64_t now() const { return loop_.unix_time_ns(); }

    // Just asked for counts as valid whatever it says: the server judges, and our clock may be wrong.
    bool serves() const {
        return kept_ && (now() < quiet_until_ || !kept_->expires_unix_ns || now() < *kept_->expires_unix_ns);
    }
    bool is_due() const {
        return kept_->expires_unix_ns && now() >= *kept_->expires_unix_ns - kRefreshAheadNs &&
               now() >= quiet_until_;
    }

    Task<Result<Credentials>> ask(Context& context) {
        asking_ = true;
        Result<Credentials> fresh = co_await inner_->get(context);
        asking_ = false;
        if (fresh) {
            auto usable = check_characters(*fresh, inner_->describe());
            if (!usable) fresh = std::move(usable.error());
        }
        failure_.reset();
        if (fresh) {
            kept_ = *fresh;
            quiet_until_ = now() + kRefreshEveryNs;
        } else if (serves()) {
            quiet_until_ = now() + kRefreshEveryNs;
        } else {
            failure_.emplace(fresh.error().clone());
        }
        answered_.notify_all();
        if (!fresh && !failure_) co_return *kept_;
        co_return std::move(fresh);
    }

    runtime::Loop& loop_;
    std::unique_ptr<CredentialsProvider> inner_;
    std::optional<Credentials> kept_;
    std::int64_t quiet_until_ = 0;
    bool asking_ = false;
    // Why the last one who asked got nothing, for those who waited.
    std::optional<Error> failure_;
    runtime::Signal answered_;
};

}  // namespace

void CredentialsProvider::refused(const Credentials&) {}

std::unique_ptr<CredentialsProvider> static_credentials(Credentials credentials, std::string description) {
    return std::make_unique<StaticCredentials>(std::move(credentials), std::move(description));
}

std::unique_ptr<CredentialsProvider> anonymous_credentials() {
    return static_credentials(Credentials(), "none: requests are not signed, as asked");
}

std::unique_ptr<CredentialsProvider> refreshing_credentials(runtime::Loop& loop,
                                                            std::unique_ptr<CredentialsProvider> inner) {
    return std::make_unique<RefreshingCredentials>(loop, std::move(inner));
}

}  // namespace godwit::s3
