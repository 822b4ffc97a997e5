// A private PostgreSQL server for tests: a new cluster in a directory of its own, reachable through a
// unix socket only, without fsync. It ends with the test program, however that ends.
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "db/postgres.h"

namespace godwit::db::testing {

class PostgresCluster {
  public:
    static constexpr const char* kBinaries = "/usr/lib/postgresql/15/bin";

    static bool is_installed() { return ::access((std::string(kBinaries) + "/initdb").c_str(), X_OK) == 0; }

    // Nothing when the server is not installed or does not start.
    static std::unique_ptr<PostgresCluster> start() {
        if (!is_installed()) return nullptr;
        std::unique_ptr<PostgresCluster> cluster(new PostgresCluster);
        return cluster->make() && cluster->serve() ? std::move(cluster) : nullptr;
    }

    ~PostgresCluster() {
        if (server_ > 0) {
            ::kill(server_, SIGQUIT);
            ::waitpid(server_, nullptr, 0);
        }
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    PostgresCluster(const PostgresCluster&) = delete;
    PostgresCluster& operator=(const PostgresCluster&) = delete;

    // A database that sees a schema of its own.
    std::unique_ptr<PostgresDatabase> database(const std::string& schema) const {
        return std::make_unique<PostgresDatabase>(PostgresOptions{
            .connection = "host=" + directory_ + " dbname=postgres user=test", .schema = schema});
    }

  private:
    PostgresCluster() = default;

    bool make() {
        std::string pattern = (std::filesystem::temp_directory_path() / "godwit-pg-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) return false;
        directory_ = pattern;
        if (::geteuid() == 0 && !run({"/usr/bin/chown", "postgres", directory_})) return false;
        return run(as_postgres({std::string(kBinaries) + "/initdb", "-D", directory_ + "/data", "-A", "trust",
                                "-U", "test", "-E", "UTF8", "--locale=C", "--no-sync"}));
    }

    bool serve() {
        server_ = spawn(as_postgres({std::string(kBinaries) + "/postgres", "-D", directory_ + "/data", "-k",
                                     directory_, "-c", "listen_addresses=", "-c", "fsync=off"}));
        constexpr int kTriesMax = 200;
        for (int attempt = 0; attempt < kTriesMax; ++attempt) {
            if (database("public")->connect(Access::Read)) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        return false;
    }

    // The server refuses to run as root.
    static std::vector<std::string> as_postgres(std::vector<std::string> command) {
        if (::geteuid() != 0) return command;
        std::vector<std::string> words{"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres",
                                       "--clear-groups",   "--pdeathsig",      "QUIT"};
        words.insert(words.end(), command.begin(), command.end());
        return words;
    }

    pid_t spawn(const std::vector<std::string>& command) const {
        std::vector<char*> arguments;
        for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        pid_t child = ::fork();
        if (child != 0) return child;
        ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
        int out = ::open("/dev/null", O_WRONLY);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }

    bool run(const std::vector<std::string>& command) const {
        int status = 0;
        pid_t child = spawn(command);
        return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
               WEXITSTATUS(status) == 0;
    }

    std::string directory_;
    pid_t server_ = -1;
};

// The program's one cluster, started at first use; null where there is none.
inline PostgresCluster* shared_postgres() {
    static const std::unique_ptr<PostgresCluster> cluster = PostgresCluster::start();
    return cluster.get();
}

}  // namespace godwit::db::testing
