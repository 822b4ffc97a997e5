#include "db/postgres.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "db/lease.h"
#include "db/parameters.h"
#include "db/postgres_session.h"

namespace godwit::db {

Result<std::unique_ptr<Statement>> PostgresConnection::prepare(std::string_view sql) {
    GODWIT_TRY(std::string rewritten, postgres_parameters(sql));
    return std::make_unique<PostgresStatement>(*session_, std::move(rewritten));
}

Result<void> PostgresConnection::begin(Access access) {
    return session_->execute(access == Access::Write ? "BEGIN"
                                                     : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

// The COMMIT of a transaction in which something failed "succeeds" with the tag ROLLBACK.
Result<void> PostgresConnection::commit() {
    GODWIT_TRY(PostgresResult result, session_->check(::PQexec(session_->handle(), "COMMIT"), "commit to"));
    if (std::string_view(::PQcmdStatus(result.get())) == "COMMIT") return {};
    return Error(ErrorKind::Invalid, "commit to", name(), "a statement of the transaction had failed");
}

void PostgresConnection::rollback() {
    if (in_transaction()) (void)session_->execute("ROLLBACK");
}

bool PostgresConnection::in_transaction() const {
    PGTransactionStatusType status = ::PQtransactionStatus(session_->handle());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

Result<std::vector<Leased>> PostgresConnection::lease(const LeaseRequest& request) {
    std::string sql = lease_statement(request.table, request.order, "FOR UPDATE SKIP LOCKED");
    auto found = lease_statements_.find(sql);
    if (found == lease_statements_.end()) {
        GODWIT_TRY(auto statement, prepare(sql));
        found = lease_statements_.emplace(std::move(sql), std::move(statement)).first;
    }
    return run_lease(*found->second, request);
}

Result<std::unique_ptr<BulkAppend>> PostgresConnection::bulk_append(
    std::string_view table, std::span<const std::string_view> columns) {
    std::string names;
    for (std::string_view column : columns)
        names += fmt::format("{}{}", names.empty() ? "" : ", ", plain_name(column));
    std::string copy = fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", plain_name(table), names);
    return std::make_unique<PostgresBulkAppend>(*session_, std::move(copy));
}

Result<std::int64_t> PostgresConnection::now() {
    constexpr const char* kNow = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    GODWIT_TRY(PostgresResult result, session_->check(::PQexec(session_->handle(), kNow), "ask the time of"));
    std::string_view text = ::PQgetvalue(result.get(), 0, 0);
    std::int64_t microseconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), microseconds);
    return microseconds * 1000;
}

Result<void> PostgresConnection::notify(std::string_view channel) {
    return session_->execute("NOTIFY " + postgres_channel(session_->schema(), channel));
}

namespace {

class PostgresListener final : public Listener {
  public:
    explicit PostgresListener(std::unique_ptr<PostgresSession> session) : session_(std::move(session)) {}

    Result<bool> wait(Duration timeout) override {
        auto until = std::chrono::steady_clock::now() + timeout;
        while (true) {
            GODWIT_TRY(bool news, take_all());
            if (news) return true;
            auto left =
                std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
            if (left.count() <= 0) return false;
            GODWIT_TRY_VOID(poll_for(left));
        }
    }

  private:
    Result<void> poll_for(std::chrono::milliseconds timeout) {
        pollfd watched{.fd = ::PQsocket(session_->handle()), .events = POLLIN, .revents = 0};
        if (::poll(&watched, 1, static_cast<int>(timeout.count())) < 0 && errno != EINTR)
            return errno_error(errno, "wait for", session_->name());
        return {};
    }

    Result<bool> take_all() {
        if (::PQconsumeInput(session_->handle()) != 1) return session_->error(nullptr, "wait for");
        bool news = false;
        while (PGnotify* notice = ::PQnotifies(session_->handle())) {
            ::PQfreemem(notice);
            news = true;
        }
        return news;
    }

    std::unique_ptr<PostgresSession> session_;
};

}  // namespace

Result<std::unique_ptr<Connection>> PostgresDatabase::connect(Access access) {
    GODWIT_TRY(auto session, PostgresSession::open(options_));
    if (access == Access::Write) {
        GODWIT_TRY_VOID(
            session->execute(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", plain_name(options_.schema))));
    } else {
        GODWIT_TRY_VOID(session->execute("SET default_transaction_read_only = on"));
    }
    return std::make_unique<PostgresConnection>(std::move(session));
}

Result<std::unique_ptr<Listener>> PostgresDatabase::listen(std::string_view channel) {
    GODWIT_TRY(auto session, PostgresSession::open(options_));
    GODWIT_TRY_VOID(session->execute("LISTEN " + postgres_channel(options_.schema, channel)));
    return std::make_unique<PostgresListener>(std::move(session));
}

}  // namespace godwit::db
