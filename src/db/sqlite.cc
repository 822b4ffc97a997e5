#include "db/sqlite.h"

#include "db/sqlite_connection.h"

namespace godwit::db {
namespace {

class SqliteListener final : public Listener {
  public:
    SqliteListener(std::shared_ptr<SqliteDatabase::Notices> notices, std::string channel)
        : notices_(std::move(notices)), channel_(std::move(channel)) {
        std::lock_guard lock(notices_->mutex);
        heard_ = sent_locked();
    }

    Result<bool> wait(Duration timeout) override {
        std::unique_lock lock(notices_->mutex);
        bool news = notices_->changed.wait_for(lock, timeout, [&] { return sent_locked() != heard_; });
        heard_ = sent_locked();
        return news;
    }

  private:
    std::uint64_t sent_locked() const {
        auto found = notices_->sent.find(channel_);
        return found == notices_->sent.end() ? 0 : found->second;
    }

    std::shared_ptr<SqliteDatabase::Notices> notices_;
    std::string channel_;
    std::uint64_t heard_ = 0;
};

}  // namespace

SqliteDatabase::SqliteDatabase(SqliteOptions options)
    : options_(std::move(options)), notices_(std::make_shared<Notices>()) {}

SqliteDatabase::~SqliteDatabase() = default;

Result<std::unique_ptr<Connection>> SqliteDatabase::connect(Access access) {
    GODWIT_TRY(std::unique_ptr<Connection> connection, SqliteConnection::open(options_, access, notices_));
    return connection;
}

Result<std::unique_ptr<Listener>> SqliteDatabase::listen(std::string_view channel) {
    return std::make_unique<SqliteListener>(notices_, std::string(channel));
}

}  // namespace godwit::db
