// s3double: the in-memory S3 server as a program. Prints one JSON line with its endpoint when it is
// ready, and serves until SIGINT or SIGTERM, or until its standard input ends (--with-stdin).
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "s3double/server.h"

namespace godwit::s3double {
namespace {

struct Arguments {
    Options options;
    std::string access_key = "AKIATEST", secret_key = "secrettest", session_token;
    std::vector<std::string> buckets;
    std::vector<std::string> synthetic;  // NAME:COUNT:SIZE
    std::string rules_file, authority_file;
    bool with_stdin = false;
};

void declare_server(CLI::App& app, Options& options) {
    app.add_option("--host", options.host, "IPv4 address to listen on");
    app.add_option("--port", options.port, "0 takes a free one");
    app.add_flag("--tls", options.tls, "HTTPS, with a certificate under an authority of its own");
    app.add_option("--domain", options.domain, "virtual addressing: BUCKET.DOMAIN");
    app.add_option("--region", options.region, "region of new buckets");
    app.add_flag("!--no-auth", options.auth, "do not look at signatures");
    app.add_flag("--anonymous", options.anonymous, "serve unsigned requests too");
    app.add_option("--clock-offset-s", options.clock_offset_s, "seconds added to the clock");
}

template <class Choice>
void add_choice(CLI::App& app, const char* name, Choice& field, const char* text,
                const std::map<std::string, Choice>& choices) {
    app.add_option_function<std::string>(
           name, [&field, choices](const std::string& word) { field = choices.at(word); }, text)
        ->check(CLI::IsMember(choices));
}

void declare_behaviour(CLI::App& app, Options& options) {
    add_choice<ChecksumMode>(
        app, "--checksums", options.checksums, "additional checksums; off answers 501",
        {{"on", ChecksumMode::On}, {"off", ChecksumMode::Off}, {"ignored", ChecksumMode::Ignored}});
    add_choice<EtagMode>(app, "--etag", options.etag, "opaque is cheap and never looks like an MD5",
                         {{"md5", EtagMode::Md5}, {"opaque", EtagMode::Opaque}});
    add_choice<TlsFault>(
        app, "--tls-fault", options.tls_fault, "what is wrong with the certificate",
        {{"none", TlsFault::None}, {"expired", TlsFault::Expired}, {"wrong-host", TlsFault::WrongHost}});
    app.add_flag("--discard", options.discard, "keep only size and digests of bodies (benchmarks)");
    app.add_option("--latency-ms", options.latency_ms, "before each answer");
    app.add_option("--part-bytes-min", options.part_bytes_min, "smallest part but the last");
    app.add_flag("!--no-audit", options.audit, "only count requests");
    app.add_flag("--audit-headers", options.audit_headers, "the log tells the requests' headers");
    app.add_option("--audit-file", options.audit_file, "append the log to this file as JSON lines");
}

void declare_contents(CLI::App& app, Arguments& arguments) {
    app.add_option("--access-key", arguments.access_key, "the one key pair");
    app.add_option("--secret-key", arguments.secret_key, "");
    app.add_option("--session-token", arguments.session_token, "that must come with the key pair");
    app.add_option("--bucket", arguments.buckets, "make this bucket; may be given again");
    app.add_option("--synthetic", arguments.synthetic, "NAME:COUNT:SIZE, a bucket of computed objects");
    app.add_option("--rules", arguments.rules_file, "JSON file of rules");
    app.add_option("--authority-file", arguments.authority_file, "write the authority's certificate here");
    app.add_flag("--with-stdin", arguments.with_stdin, "end when standard input does");
}

Result<Synthetic> parse_synthetic(const std::string& text, std::string& name) {
    std::size_t first = text.find(':'), second = text.find(':', first + 1);
    Synthetic synthetic;
    if (first == std::string::npos || second == std::string::npos)
        return Error(ErrorKind::Invalid, "read", text, "a synthetic bucket is NAME:COUNT:SIZE");
    auto count = parse_number(std::string_view(text).substr(first + 1, second - first - 1));
    auto size = parse_number(std::string_view(text).substr(second + 1));
    if (!count || !size) return Error(ErrorKind::Invalid, "read", text, "COUNT and SIZE must be numbers");
    name = text.substr(0, first);
    synthetic.count = *count;
    synthetic.size_bytes = *size;
    return synthetic;
}

Result<void> fill(Server& server, const Arguments& arguments) {
    for (const std::string& bucket : arguments.buckets) server.make_bucket(bucket);
    for (const std::string& text : arguments.synthetic) {
        std::string name;
        GODWIT_TRY(Synthetic synthetic, parse_synthetic(text, name));
        server.make_synthetic_bucket(name, std::move(synthetic));
    }
    if (!arguments.rules_file.empty()) {
        std::ifstream file(arguments.rules_file);
        std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
        if (!file) return Error(ErrorKind::NotFound, "read rules", arguments.rules_file, "cannot be read");
        GODWIT_TRY(std::vector<Rule> rules, rules_from_json(text));
        server.set_rules(std::move(rules));
    }
    if (!arguments.authority_file.empty()) std::ofstream(arguments.authority_file) << server.authority_pem();
    return {};
}

// Blocks the signals first, so that the server's thread does not get them.
int signals_to_wait_for() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

void wait_for_end(int signals_fd, bool with_stdin) {
    pollfd waited[2] = {{signals_fd, POLLIN, 0}, {with_stdin ? STDIN_FILENO : -1, POLLIN, 0}};
    while (poll(waited, 2, -1) >= 0) {
        if (waited[0].revents) return;
        char sink[4096];
        if (waited[1].revents && read(STDIN_FILENO, sink, sizeof sink) <= 0) return;
    }
}

void raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int serve(const Arguments& arguments) {
    int signals_fd = signals_to_wait_for();
    raise_descriptor_limit();
    auto server = Server::start(arguments.options);
    auto filled = server ? fill(**server, arguments) : Result<void>();
    if (!server || !filled) {
        std::fprintf(stderr, "s3double: %s\n", (server ? filled.error() : server.error()).message().c_str());
        return 1;
    }
    std::printf("{\"endpoint\":\"%s\",\"port\":%d}\n", (*server)->endpoint().c_str(), (*server)->port());
    std::fflush(stdout);
    wait_for_end(signals_fd, arguments.with_stdin);
    return 0;
}

}  // namespace
}  // namespace godwit::s3double

int main(int argc, char** argv) {
    using namespace godwit::s3double;
    Arguments arguments;
    CLI::App app("An S3 server in memory, for tests and benchmarks");
    declare_server(app, arguments.options);
    declare_behaviour(app, arguments.options);
    declare_contents(app, arguments);
    CLI11_PARSE(app, argc, argv);
    arguments.options.credentials = {{arguments.access_key, arguments.secret_key, arguments.session_token}};
    return serve(arguments);
}
