// StoreKit makes stores of locations: the one place that knows which adapter a location needs, and
// owns what adapters share (the pool of blocking threads, HTTP clients, what was probed).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/end_options.h"
#include "app/location.h"
#include "app/session.h"
#include "model/selection.h"
#include "net/http_client.h"
#include "posix/store.h"
#include "runtime/io_loop.h"
#include "runtime/pool.h"
#include "runtime/rate_limit.h"
#include "s3/store.h"
#include "store/store.h"

namespace godwit::app {

class StoreKit {
  public:
    // `staging_token` names staged files (see PosixOptions), and is one that no run has had yet; the session
    // and loop outlive the kit, the kit outlives its stores.
    StoreKit(Session& session, runtime::IoLoop& loop, std::string staging_token);
    ~StoreKit();
    StoreKit(const StoreKit&) = delete;

    // A store, not yet attached. Fails with Invalid for options or configuration that cannot be used.
    Result<std::unique_ptr<store::Store>> make(const Location& location, const EndOptions& end,
                                               const WriteOptions& write);
    Result<std::unique_ptr<s3::S3Store>> make_s3(const Location& location, const EndOptions& end,
                                                 const WriteOptions& write);

    const std::string& staging_token() const { return staging_token_; }
    // That of the run which is carried on, for stores made from now on.
    void set_staging_token(std::string token) { staging_token_ = std::move(token); }

    // The directory where this program keeps its own files: stores of file systems made from now on
    // leave it out, since it changes while it is read.
    void set_own_directory(std::string path) { own_directory_ = std::move(path); }

    // Extended attributes that stores of file systems made from now on read and set.
    void set_xattrs(model::XattrClasses classes) { xattrs_ = classes; }

    // Directories that it leaves out are not entered by stores of file systems made from now on. Null: none.
    void set_selection(std::shared_ptr<const model::Selection> selection) {
        selection_ = std::move(selection);
    }

    // Stores of file systems made from now on keep holes.
    void set_sparse(bool sparse) { sparse_ = sparse; }
    void set_reflink(bool reflink) { reflink_ = reflink; }

    // What stores of file systems made from now on tell files apart by (PosixOptions::file_id_place).
    void set_file_id_place(std::string place) { file_id_place_ = std::move(place); }

    // Of requests to S3 servers, over all stores; without a limit until one is set.
    runtime::RateLimit& request_rate() { return request_rate_; }

    // What stores did without (an owner that could not be set) is said once a kind; this says how much
    // more of it there was.
    void sum_up_warnings();

  private:
    // Enough to keep a disk's queue full; more only makes them wait for one another.
    static constexpr std::size_t kPoolThreads = 16;
    void warned(const Error& warning);
    void leave_out(const Location& location, const std::string& key, posix::PosixOptions& options);
    void warn_of_unchecked_tls(const Location& location);
    void log_requests(const Location& location, s3::S3Options& options);

    Session& session_;
    runtime::IoLoop& loop_;
    const std::string fresh_token_;
    std::string staging_token_;
    model::XattrClasses xattrs_;
    bool sparse_ = false;
    std::shared_ptr<const model::Selection> selection_;
    bool reflink_ = false;
    std::optional<std::string> file_id_place_;
    std::string own_directory_;                    // empty: not known
    std::set<std::string> without_own_directory_;  // locations for which that was said
    runtime::RateLimit request_rate_;
    runtime::Pool pool_;
    s3::ProbeCache probes_;
    s3::CredentialsCache credentials_;
    std::vector<std::unique_ptr<net::HttpClient>> clients_;
    // How many warnings of each operation and code came after the first. A handful of kinds.
    std::map<std::string, std::uint64_t> more_warnings_;
    std::set<std::string> unchecked_buckets_;  // that was said
};

// Names that nobody can guess, for a run whose staged files need not be found again.
std::string fresh_staging_token(Random& random);

}  // namespace godwit::app
