#include "app/list_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "app/command_table.h"
#include "app/ends.h"
#include "app/exit_code.h"
#include "app/version.h"

namespace godwit::app {
namespace {

using runtime::Context;
using runtime::Task;

// ---- Files and pipes

struct OwnedFd {
    int number = -1;
    explicit OwnedFd(int fd) : number(fd) {}
    OwnedFd(const OwnedFd&) = delete;
    ~OwnedFd() {
        if (number >= 0) ::close(number);
    }
};

class FileBytes final : public ListBytes {
  public:
    FileBytes(runtime::IoLoop& loop, int fd, std::string name, const struct stat& status)
        : fd_(fd), name_(std::move(name)), status_(status) {
        // What does not come from a disk may be long in coming.
        if (S_ISFIFO(status.st_mode) || ::isatty(fd) == 1) watch_.emplace(loop, fd);
    }

    Task<Result<std::size_t>> read(Context& context, std::span<char> out) override {
        for (;;) {
            if (watch_) GODWIT_CO_TRY_VOID(co_await watch_->readable(context));
            ssize_t got = ::read(fd_.number, out.data(), out.size());
            if (got > 0) co_return static_cast<std::size_t>(got);
            if (got == 0) co_return same_at_end();
            bool not_yet = errno == EINTR || (watch_ && errno == EAGAIN);
            if (!not_yet) co_return errno_error(errno, "read", name_);
        }
    }

  private:
    Result<std::size_t> same_at_end() const {
        struct stat now{};
        if (!S_ISREG(status_.st_mode)) return 0;
        if (::fstat(fd_.number, &now) != 0) return errno_error(errno, "look at", name_);
        bool same = now.st_size == status_.st_size && now.st_mtim.tv_sec == status_.st_mtim.tv_sec &&
                    now.st_mtim.tv_nsec == status_.st_mtim.tv_nsec;
        if (same) return 0;
        return Error(ErrorKind::Changed, "read", name_,
                     "it was written to while it was read; nothing was done");
    }

    OwnedFd fd_;
    std::string name_;
    struct stat status_;
    std::optional<runtime::FdWatch> watch_;
};

Result<std::unique_ptr<ListBytes>> open_file(LoopRun& run, const std::string& path) {
    bool standard = path == "-";
    std::string name = standard ? "standard input" : path;
    // By its name in /proc standard input is opened anew, so that how we wait for it is no business of those
    // who share it.
    const char* where = standard ? "/proc/self/fd/0" : path.c_str();
    int fd = ::open(where, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && standard) fd = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) return errno_error(errno, "open", name);
    OwnedFd owned(fd);
    struct stat status{};
    if (::fstat(fd, &status) != 0) return errno_error(errno, "look at", name);
    if (S_ISDIR(status.st_mode)) return errno_error(EISDIR, "read", name);
    return std::make_unique<FileBytes>(run.loop(), std::exchange(owned.number, -1), std::move(name), status);
}

// ---- Objects

class ObjectBytes final : public ListBytes {
  public:
    explicit ObjectBytes(OneEnd end) : end_(std::move(end)) {}

    Task<Result<void>> open(Context& context) {
        bool with_tags = false;
        GODWIT_CO_TRY(auto info, co_await end_.store->stat(context, end_.key, with_tags));
        if (!info) co_return Error(ErrorKind::NotFound, "read", end_.store->uri(end_.key), "vanished");
        store::OpenRequest request;
        request.key = end_.key;
        request.expected = info->entry.identity;
        size_bytes_ = info->entry.identity.size_bytes;
        GODWIT_CO_TRY(source_, co_await end_.store->open(context, request));
        co_return {};
    }

    Task<Result<std::size_t>> read(Context& context, std::span<char> out) override {
        std::size_t bytes =
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_bytes_ - offset_));
        std::span<std::byte> room = std::as_writable_bytes(out.first(bytes));
        if (bytes == 0) {
            GODWIT_CO_TRY_VOID(co_await source_->verify_unchanged(context));
        } else {
            GODWIT_CO_TRY_VOID(co_await source_->read(context, offset_, room));
        }
        offset_ += bytes;
        co_return bytes;
    }

    Task<void> close() override {
        source_.reset();
        co_await end_.store->close();
    }

  private:
    OneEnd end_;
    std::unique_ptr<store::Source> source_;
    std::uint64_t size_bytes_ = 0, offset_ = 0;
};

Task<Result<std::unique_ptr<ListBytes>>> open_object(LoopRun& run, StoreKit& kit, const std::string& where,
                                                     const EndOptions& end) {
    GODWIT_CO_TRY(Location location, parse_location("LIST", where));
    GODWIT_CO_TRY(OneEnd one, co_await open_source(run.context(), kit, location, end));
    bool single = one.single_object;
    auto object = std::make_unique<ObjectBytes>(std::move(one));
    Result<void> opened = Error(ErrorKind::NotFound, "read", where, "no object has this name");
    if (single) opened = co_await object->open(run.context());
    if (opened) co_return std::move(object);
    co_await object->close();
    co_return std::move(opened.error());
}

// ---- URLs

constexpr int kRedirectsMax = 5;

class AnswerBytes final : public ListBytes {
  public:
    AnswerBytes(std::unique_ptr<net::HttpClient> client, net::HttpResponse answer)
        : client_(std::move(client)), answer_(std::move(answer)) {}

    Task<Result<std::size_t>> read(Context& context, std::span<char> out) override {
        co_return co_await answer_.read(context, std::as_writable_bytes(out));
    }

  private:
    std::unique_ptr<net::HttpClient> client_;
    net::HttpResponse answer_;
};

std::string first_of(const Environment& environment, const std::string& lower, const std::string& upper) {
    auto value = environment(lower);
    return value ? *value : environment(upper).value_or("");
}

net::HttpClientOptions client_options(const Environment& environment, const EndOptions& end) {
    net::HttpClientOptions options;
    options.tls.ca_file = end.ca_file;
    options.tls.verify = end.verify_tls;
    options.proxy_http = first_of(environment, "http_proxy", "HTTP_PROXY");
    options.proxy_https = first_of(environment, "https_proxy", "HTTPS_PROXY");
    for (std::string_view host : split_words(first_of(environment, "no_proxy", "NO_PROXY"), ','))
        options.no_proxy.emplace_back(host);
    return options;
}

net::HttpRequest get_request(const net::Url& url) {
    net::HttpRequest request;
    request.head =
        fmt::format("GET {}{}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: godwit/{}\r\nAccept: */*\r\n\r\n",
                    url.path, url.query.empty() ? "" : "?", url.query, url.origin.authority(), kVersion);
    return request;
}

// Without its query, which may hold a secret.
std::string name_of(const net::Url& url) {
    return url.origin.display() + url.path;
}

Error refused(const net::Url& url, int status) {
    ErrorKind kind = ErrorKind::Invalid;
    if (status == 404 || status == 410) kind = ErrorKind::NotFound;
    if (status == 401 || status == 403) kind = ErrorKind::Denied;
    if (status >= 500) kind = ErrorKind::Busy;
    return Error(kind, "read", name_of(url), fmt::format("the server answered with status {}", status))
        .with_code(fmt::format("HTTP{}", status));
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Where the answer says that it is; a secret way does not lead to an open one.
Result<net::Url> redirected(const net::Url& from, const net::HttpResponse& answer) {
    std::string location(answer.header("location").value_or(""));
    if (location.starts_with('/')) location = from.origin.display() + location;
    location = location.substr(0, location.find('#'));
    GODWIT_TRY(net::Url to, net::parse_url(location));
    if (from.origin.tls && !to.origin.tls) {
        return Error(ErrorKind::Denied, "read", name_of(from),
                     "it leads from https to http, where anybody could change the list");
    }
    return to;
}

Result<void> check_answer(const net::Url& url, const net::HttpResponse& answer) {
    if (answer.status() != 200) return refused(url, answer.status());
    if (auto encoding = answer.header("content-encoding"); encoding && *encoding != "identity") {
        return Error(ErrorKind::Unsupported, "read", name_of(url),
                     fmt::format("its content is encoded ({}); a list is plain text", printable(*encoding)));
    }
    if (answer.content_length() || answer.header("transfer-encoding")) return {};
    return Error(ErrorKind::Unsupported, "read", name_of(url),
                 "the server does not tell how long it is, so that nobody would notice if it were cut short");
}

Task<Result<std::unique_ptr<ListBytes>>> open_url(LoopRun& run, const std::string& where,
                                                  const EndOptions& end) {
    GODWIT_CO_TRY(net::Url url, net::parse_url(where));
    auto client = net::HttpClient::make(run.loop(), client_options(run.session().environment, end));
    if (!client) co_return std::move(client.error());
    for (int redirects = 0; redirects <= kRedirectsMax; ++redirects) {
        net::HttpRequest request = get_request(url);
        GODWIT_CO_TRY(net::HttpResponse answer,
                      co_await (*client)->exchange(run.context(), url.origin, request));
        if (is_redirect(answer.status())) {
            GODWIT_CO_TRY(url, redirected(url, answer));
            continue;
        }
        GODWIT_CO_TRY_VOID(check_answer(url, answer));
        co_return std::make_unique<AnswerBytes>(std::move(*client), std::move(answer));
    }
    co_return Error(ErrorKind::Invalid, "read", where.substr(0, where.find('?')),
                    fmt::format("the server sent us on more than {} times", kRedirectsMax));
}

}  // namespace

Task<Result<std::unique_ptr<ListBytes>>> open_list_bytes(LoopRun& run, StoreKit& kit,
                                                         const std::string& where, const EndOptions& end) {
    if (s3::is_s3_uri(where)) co_return co_await open_object(run, kit, where, end);
    if (where.starts_with("http://") || where.starts_with("https://"))
        co_return co_await open_url(run, where, end);
    co_return open_file(run, where);
}

}  // namespace godwit::app
