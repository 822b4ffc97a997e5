// The databases that a conformance test runs over: SQLite in a new file and PostgreSQL in a new
// schema. A missing PostgreSQL is a loud skip.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "db/sqlite.h"
#include "db/testing/postgres_cluster.h"

namespace godwit::db::testing {

// A directory that is removed at the end.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "godwit-test-XXXXXX").string();
        GODWIT_CHECK(::mkdtemp(pattern.data()), "mkdtemp {}", pattern);
        path_ = pattern;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

// What a test is told when the real server is not there.
inline constexpr const char* kNoPostgres =
    "NOT TESTED: PostgreSQL 15 is not installed or did not start (apt-get install postgresql-15)";

// A new, empty database of the dialect; null when its server is missing.
inline std::unique_ptr<Database> make_database(Dialect dialect, const TemporaryDirectory& directory) {
    static std::atomic<int> made = 0;
    int number = ++made;
    if (dialect == Dialect::Sqlite)
        return std::make_unique<SqliteDatabase>(
            SqliteOptions{.path = directory / ("database" + std::to_string(number) + ".db")});
    PostgresCluster* cluster = shared_postgres();
    if (!cluster) {
        std::cerr << kNoPostgres << std::endl;
        return nullptr;
    }
    return cluster->database("test" + std::to_string(number));
}

// Success, with the error's message where there is none.
template <class T>
::testing::AssertionResult succeeded(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << result.error().message();
}

template <class T>
::testing::AssertionResult failed_with(const Result<T>& result, ErrorKind kind) {
    if (result) return ::testing::AssertionFailure() << "it succeeded";
    if (result.error().kind() == kind) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << to_string(result.error().kind()) << ": " << result.error().message();
}

inline std::string dialect_name(Dialect dialect) {
    return dialect == Dialect::Sqlite ? "Sqlite" : "Postgres";
}

}  // namespace godwit::db::testing
