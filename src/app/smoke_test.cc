// The program itself, started as a user starts it: directory to directory, and what goes wrong there.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/random.h"

namespace godwit::app {
namespace {

namespace fs = std::filesystem;

struct Ended {
    int code = -1;
    std::string out, err;

    // The lines of -o jsonl.
    std::vector<boost::json::object> lines() const {
        std::vector<boost::json::object> all;
        std::istringstream text(out);
        for (std::string line; std::getline(text, line);) all.push_back(boost::json::parse(line).as_object());
        return all;
    }
    boost::json::object summary() const {
        auto all = lines();
        EXPECT_FALSE(all.empty()) << err;
        return all.empty() ? boost::json::object() : all.back();
    }
};

std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

class Smoke : public testing::Test {
  protected:
    void SetUp() override {
        root_ = fs::temp_directory_path() / ("godwit-smoke-" + random_hex(system_random(), 8));
        fs::create_directories(root_ / "source/deep/er");
        write("source/a.txt", "alpha");
        write("source/deep/b.txt", "beta");
        write("source/deep/er/empty", "");
        write("source/odd \n name", "odd");
        fs::create_symlink("a.txt", root_ / "source/link");
        fs::create_directory(root_ / "source/nothing-in-it");
    }
    void TearDown() override { fs::remove_all(root_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(root_ / name, std::ios::binary) << text;
    }
    std::string read(const std::string& name) const { return text_of(root_ / name); }
    std::string path(const std::string& name) const { return (root_ / name).string(); }

    pid_t start(const std::vector<std::string>& words) const {
        std::vector<std::string> command{GODWIT_PROGRAM};
        command.insert(command.end(), words.begin(), words.end());
        std::vector<std::string> variables{"HOME=" + root_.string(), "PATH=/usr/bin:/bin"};
        auto pointers = [](std::vector<std::string>& texts) {
            std::vector<char*> all;
            for (std::string& text : texts) all.push_back(text.data());
            all.push_back(nullptr);
            return all;
        };
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        constexpr int kNew = O_WRONLY | O_CREAT | O_TRUNC;
        posix_spawn_file_actions_addopen(&actions, 1, path("out").c_str(), kNew, 0600);
        posix_spawn_file_actions_addopen(&actions, 2, path("err").c_str(), kNew, 0600);
        pid_t pid = 0;
        EXPECT_EQ(posix_spawn(&pid, GODWIT_PROGRAM, &actions, nullptr, pointers(command).data(),
                              pointers(variables).data()),
                  0);
        posix_spawn_file_actions_destroy(&actions);
        return pid;
    }
    Ended wait(pid_t pid) const {
        int status = 0;
        EXPECT_EQ(::waitpid(pid, &status, 0), pid);
        Ended ended;
        ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
        ended.out = read("out");
        ended.err = read("err");
        return ended;
    }
    Ended godwit(const std::vector<std::string>& words) const { return wait(start(words)); }

    fs::path root_;
};

std::int64_t number(const boost::json::object& object, std::string_view name) {
    return object.at(name).to_number<std::int64_t>();
}

void expect_adds_up(const boost::json::object& summary) {
    EXPECT_EQ(number(summary, "listed"), number(summary, "copied") + number(summary, "skipped") +
                                             number(summary, "deferred") + number(summary, "failed"));
}

TEST_F(Smoke, a_tree_is_copied_verified_and_then_unchanged) {
    Ended first = godwit({"copy", path("source"), path("copy"), "-o", "jsonl"});
    ASSERT_EQ(first.code, 0) << first.err;
    boost::json::object summary = first.summary();
    expect_adds_up(summary);
    EXPECT_EQ(number(summary, "listed"), 8);
    EXPECT_EQ(number(summary, "failed"), 0);
    EXPECT_EQ(summary.at("status").as_string(), "CLEAN");
    EXPECT_EQ(first.lines().front().at("type").as_string(), "start");
    EXPECT_EQ(read("copy/a.txt"), "alpha");
    EXPECT_EQ(read("copy/odd \n name"), "odd");
    EXPECT_EQ(fs::read_symlink(root_ / "copy/link"), "a.txt");
    EXPECT_TRUE(fs::is_directory(root_ / "copy/nothing-in-it"));

    Ended second = godwit({"copy", path("source"), path("copy"), "-o", "jsonl"});
    EXPECT_EQ(number(second.summary(), "copied"), 0);
    EXPECT_EQ(number(second.summary(), "skipped"), 8);

    write("source/a.txt", "other");
    Ended third = godwit({"copy", path("source"), path("copy"), "-o", "jsonl"});
    EXPECT_EQ(number(third.summary(), "copied"), 1);
    EXPECT_EQ(read("copy/a.txt"), "other");
}

TEST_F(Smoke, verify_tells_the_ends_apart) {
    ASSERT_EQ(godwit({"copy", path("source"), path("copy")}).code, 0);
    EXPECT_EQ(godwit({"verify", path("source"), path("copy"), "--by", "bytes"}).code, 0);
    struct stat before{};
    ASSERT_EQ(::stat(path("copy/a.txt").c_str(), &before), 0);
    write("copy/a.txt", "ALPHA");
    timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path("copy/a.txt").c_str(), times, 0), 0);
    write("copy/new", "x");
    fs::remove(root_ / "copy/deep/b.txt");
    // Size and mtime are the same again: only the bytes tell.
    Ended verified = godwit(
        {"verify", path("source"), path("copy"), "--by", "bytes", "-o", "jsonl", "--no-preserve-mtime"});
    EXPECT_EQ(verified.code, 1) << verified.err;
    EXPECT_EQ(number(verified.summary(), "different"), 1);
    EXPECT_EQ(number(verified.summary(), "added"), 1);
    EXPECT_EQ(number(verified.summary(), "removed"), 1);
}

TEST_F(Smoke, a_single_file_gets_its_name_or_a_new_one) {
    ASSERT_EQ(godwit({"copy", path("source/a.txt"), path("new-name")}).code, 0);
    EXPECT_EQ(read("new-name"), "alpha");
    ASSERT_EQ(godwit({"copy", path("source/a.txt"), path("made/")}).code, 0);
    EXPECT_EQ(read("made/a.txt"), "alpha");
    ASSERT_EQ(godwit({"copy", path("source/deep/b.txt"), path("made")}).code, 0);
    EXPECT_EQ(read("made/b.txt"), "beta");
    Ended again = godwit({"copy", path("source/a.txt"), path("new-name"), "-o", "jsonl"});
    EXPECT_EQ(number(again.summary(), "skipped"), 1);
    EXPECT_EQ(number(again.summary(), "listed"), 1);
}

TEST_F(Smoke, a_dry_run_writes_nothing_anywhere) {
    Ended planned = godwit({"copy", path("source"), path("copy"), "--dry-run", "-o", "jsonl"});
    EXPECT_EQ(planned.code, 0) << planned.err;
    EXPECT_EQ(number(planned.summary(), "copy"), 8);
    EXPECT_EQ(planned.lines().size(), 9u);
    EXPECT_FALSE(fs::exists(root_ / "copy"));
    EXPECT_FALSE(fs::exists(root_ / ".local"));
    ASSERT_EQ(godwit({"copy", path("source"), path("copy")}).code, 0);
    write("source/a.txt", "changed!");
    Ended again = godwit({"copy", path("source"), path("copy"), "--dry-run", "-o", "jsonl"});
    EXPECT_EQ(number(again.summary(), "copy"), 1);
    EXPECT_EQ(number(again.summary(), "unchanged"), 7);
    EXPECT_EQ(read("copy/a.txt"), "alpha");
}

TEST_F(Smoke, B15_ends_that_overlap_are_refused) {
    for (const char* destination : {"source", "source/deep", "source/new"}) {
        Ended refused = godwit({"copy", path("source"), path(destination)});
        EXPECT_EQ(refused.code, 2) << destination;
        EXPECT_NE(refused.err.find("EndsOverlap"), std::string::npos) << refused.err;
    }
    EXPECT_FALSE(fs::exists(root_ / "source/new"));
    EXPECT_EQ(godwit({"copy", path("source/a.txt"), path("source/a.txt")}).code, 2);
}

TEST_F(Smoke, what_cannot_be_is_told_by_its_exit_code) {
    EXPECT_EQ(godwit({"copy", path("nothing"), path("copy")}).code, 5);
    write("file", "x");
    EXPECT_EQ(godwit({"copy", path("source"), path("file")}).code, 2);
    EXPECT_EQ(godwit({"copy", path("file/"), path("copy")}).code, 2);
    EXPECT_EQ(godwit({"executions", "describe", "exec-none"}).code, 5);
    EXPECT_EQ(godwit({"copy", path("source"), path("copy"), "--data-dir", path("file")}).code, 2);
}

TEST_F(Smoke, an_empty_directory_is_copied_without_complaint) {
    fs::create_directory(root_ / "hollow");
    Ended copied = godwit({"copy", path("hollow"), path("copy"), "-o", "jsonl"});
    EXPECT_EQ(copied.code, 0) << copied.err;
    EXPECT_EQ(number(copied.summary(), "listed"), 0);
}

TEST_F(Smoke, a_conflict_fails_alone_and_can_be_retried) {
    fs::create_directories(root_ / "copy/a.txt");
    Ended copied = godwit({"copy", path("source"), path("copy"), "-o", "jsonl"});
    EXPECT_EQ(copied.code, 1);
    expect_adds_up(copied.summary());
    EXPECT_EQ(number(copied.summary(), "failed"), 1);
    EXPECT_EQ(godwit({"executions", "errors", "latest"}).code, 0);
    EXPECT_NE(read("out").find("a.txt"), std::string::npos);
    fs::remove(root_ / "copy/a.txt");
    Ended retried = godwit({"executions", "retry", "latest", "--failed", "-o", "jsonl"});
    EXPECT_EQ(retried.code, 0) << retried.err;
    EXPECT_EQ(number(retried.summary(), "listed"), 1);
    EXPECT_EQ(read("copy/a.txt"), "alpha");
    EXPECT_EQ(godwit({"executions", "retry", "latest", "--failed"}).code, 0);
}

TEST_F(Smoke, the_ledger_answers_afterwards) {
    ASSERT_EQ(godwit({"copy", path("source"), path("copy")}).code, 0);
    Ended traced = godwit({"ledger", "trace", path("copy/deep/b.txt")});
    EXPECT_EQ(traced.code, 0) << traced.err;
    EXPECT_NE(traced.err.find("SAFE"), std::string::npos) << "beside the table, where programs read it";
    EXPECT_TRUE(traced.out.starts_with("key\tevent\t")) << traced.out;
    EXPECT_EQ(godwit({"ledger", "trace", path("copy/nobody")}).code, 5);
    Ended exported = godwit({"ledger", "export", "latest", "--columns", "key,outcome"});
    EXPECT_TRUE(exported.out.starts_with("key,outcome\r\n"));
    EXPECT_NE(exported.out.find("odd \\x0a name\",verified\r\n"), std::string::npos) << exported.out;
    EXPECT_EQ(godwit({"ledger", "query", "outcome=failed", "--fail-if-empty"}).code, 9);
    EXPECT_EQ(godwit({"ledger", "export", "latest", "--file", path("report.csv")}).code, 0);
    EXPECT_TRUE(read("report.csv").starts_with("key,outcome,"));
    EXPECT_NE(godwit({"ledger", "export", "latest", "--file", path("report.csv")}).code, 0);
}

TEST_F(Smoke, state_is_backed_up_and_comes_back) {
    ASSERT_EQ(godwit({"copy", path("source"), path("copy")}).code, 0);
    ASSERT_EQ(godwit({"state", "backup", path("backup")}).code, 0) << read("err");
    ASSERT_EQ(godwit({"state", "restore", path("backup"), "--data-dir", path("restored")}).code, 0)
        << read("err");
    Ended listed = godwit({"executions", "list", "--data-dir", path("restored"), "-o", "name"});
    EXPECT_TRUE(listed.out.starts_with("exec-"));
    EXPECT_EQ(godwit({"state", "prune", "--older-than", "0s"}).code, 0) << read("err");
    EXPECT_EQ(godwit({"ledger", "trace", path("copy/a.txt")}).code, 0) << "the index keeps the last proof";
    EXPECT_EQ(godwit({"state", "prune"}).code, 2);
}

TEST_F(Smoke, H82_a_stopped_run_is_carried_on) {
    write("source/large", std::string(8u << 20, 'x'));
    // Slow enough that the signal comes while the file is on its way.
    pid_t pid =
        start({"copy", path("source"), path("copy"), "-o", "jsonl", "--limit-bytes-per-second", "1MiB"});
    for (int tries = 0; tries < 1000 && !fs::exists(root_ / "copy/a.txt"); ++tries) ::poll(nullptr, 0, 10);
    ASSERT_EQ(::kill(pid, SIGTERM), 0);
    ASSERT_EQ(::kill(pid, SIGTERM), 0);
    Ended stopped = wait(pid);
    EXPECT_EQ(stopped.code, 143) << stopped.err;
    expect_adds_up(stopped.summary());
    Ended carried_on = godwit({"copy", path("source"), path("copy"), "-o", "jsonl"});
    EXPECT_EQ(carried_on.code, 0) << carried_on.err;
    EXPECT_TRUE(carried_on.summary().at("resumed").as_bool());
    EXPECT_EQ(carried_on.summary().at("execution"), stopped.summary().at("execution"));
    expect_adds_up(carried_on.summary());
    EXPECT_EQ(fs::file_size(root_ / "copy/large"), 8u << 20);
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "copy")) {
        EXPECT_FALSE(entry.path().filename().string().starts_with(".godwit-")) << entry.path();
    }
}

TEST_F(Smoke, H82_a_second_run_between_the_same_ends_is_refused_meanwhile) {
    write("source/large", std::string(8u << 20, 'x'));
    pid_t pid = start({"copy", path("source"), path("copy"), "--limit-bytes-per-second", "1MiB"});
    for (int tries = 0; tries < 1000 && !fs::exists(root_ / "copy/a.txt"); ++tries) ::poll(nullptr, 0, 10);
    fs::create_directory(root_ / "second");
    std::string out = path("out");
    Ended second = godwit({"copy", path("source"), path("copy")});
    EXPECT_EQ(second.code, 8) << second.err;
    ::kill(pid, SIGKILL);
    wait(pid);
}

TEST_F(Smoke, results_are_the_only_thing_on_standard_output) {
    Ended copied = godwit({"copy", path("source"), path("copy"), "-o", "name"});
    EXPECT_TRUE(copied.out.starts_with("exec-"));
    EXPECT_EQ(copied.out.find('\x1b'), std::string::npos);
    Ended table = godwit({"copy", path("source"), path("copy")});
    EXPECT_EQ(table.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(table.err, "");
}

}  // namespace
}  // namespace godwit::app
