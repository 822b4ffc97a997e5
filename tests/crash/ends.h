// The two ends of a copy whose program is killed, and what really stands in them: seen without a line of
// the code that is tested.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "crash/kill_switch.h"
#include "crash/killable_os.h"
#include "net/http_client.h"
#include "runtime/io_loop.h"
#include "runtime/pool.h"
#include "s3double/server.h"
#include "store/store.h"

namespace godwit::crash {

// Objects of more bytes go in parts of that size.
inline constexpr std::uint64_t kPartBytes = 64u << 10;
// The same over restarts, as an execution keeps it.
inline constexpr std::string_view kToken = "a token for crashes only";

// What lives as long as one process does.
struct Life {
    runtime::IoLoop loop;
    runtime::Context context{loop};
    runtime::Pool pool{loop, 2, "crash"};
    std::vector<std::unique_ptr<net::HttpClient>> clients;
};

// One object, as it stands there. The type is st_mode's: S_IFREG, S_IFDIR or S_IFLNK.
struct Seen {
    std::uint32_t mode = 0;
    std::int64_t mtime_ns = 0;
    std::string bytes;
    // Of a file with several names: the first of them.
    std::string first_name = {};

    friend bool operator==(const Seen&, const Seen&) = default;
};
// By key. Directories end in '/'.
using View = std::map<std::string, Seen>;

class End {
  public:
    virtual ~End() = default;
    virtual std::unique_ptr<store::Store> connect(Life& life) = 0;
    // Replaces all that is there, as its owner would.
    virtual void fill(const View& objects) = 0;
    // All that is there, under whatever name.
    virtual View view() const = 0;
    // What unfinished work has left under no name.
    virtual std::vector<std::string> leftovers() const = 0;
    // Does a listing tell that attributes have changed and the bytes have not?
    virtual bool shows_attributes() const = 0;
    // Is it a name that work in progress stands under, and no object's?
    virtual bool is_staging(const std::string& key) const = 0;
};

// A directory.
class Directory final : public End {
  public:
    explicit Directory(KillSwitch& kill) : os_(kill) {}
    std::unique_ptr<store::Store> connect(Life& life) override;
    void fill(const View& objects) override;
    View view() const override;
    std::vector<std::string> leftovers() const override { return {}; }
    bool shows_attributes() const override { return true; }
    bool is_staging(const std::string& key) const override;

  private:
    KillableOs os_;
    posix::testing::TempDirectory tree_;
};

// A server with buckets "one" and "two", which obeys the switch.
std::unique_ptr<s3double::Server> start_server(KillSwitch& kill);

class Bucket final : public End {
  public:
    Bucket(std::shared_ptr<s3double::Server> server, std::string name)
        : server_(std::move(server)), name_(std::move(name)) {}
    std::unique_ptr<store::Store> connect(Life& life) override;
    void fill(const View& objects) override;
    View view() const override;
    std::vector<std::string> leftovers() const override { return server_->open_uploads(name_); }
    bool shows_attributes() const override { return false; }
    bool is_staging(const std::string& key) const override;

  private:
    std::shared_ptr<s3double::Server> server_;
    std::string name_;
};

// For messages: not the bytes.
inline void PrintTo(const Seen& seen, std::ostream* out) {
    if (!seen.first_name.empty()) *out << "one file with " << seen.first_name << ", ";
    *out << std::oct << seen.mode << std::dec << ", mtime " << seen.mtime_ns << ", " << seen.bytes.size()
         << " bytes of '" << seen.bytes.substr(0, 12) << "'";
}

}  // namespace godwit::crash
