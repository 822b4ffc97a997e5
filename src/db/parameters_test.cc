#include "db/parameters.h"

#include <gtest/gtest.h>

namespace godwit::db {
namespace {

TEST(PostgresParameters, rewrites_each_number) {
    EXPECT_EQ(*postgres_parameters("INSERT INTO t VALUES (?1, ?12, ?1)"),
              "INSERT INTO t VALUES ($1, $12, $1)");
    EXPECT_EQ(*postgres_parameters("SELECT 1"), "SELECT 1");
    EXPECT_EQ(*postgres_parameters(""), "");
    EXPECT_EQ(*postgres_parameters("?1"), "$1");
}

TEST(PostgresParameters, leaves_quotes_and_comments_alone) {
    EXPECT_EQ(*postgres_parameters("SELECT '?1', \"?2\", ?3"), "SELECT '?1', \"?2\", $3");
    EXPECT_EQ(*postgres_parameters("SELECT 'it''s ?1' , ?2"), "SELECT 'it''s ?1' , $2");
    EXPECT_EQ(*postgres_parameters("SELECT 1 -- why ?1\n, ?2"), "SELECT 1 -- why ?1\n, $2");
    EXPECT_EQ(*postgres_parameters("SELECT /* ?1 */ ?2"), "SELECT /* ?1 */ $2");
    EXPECT_EQ(*postgres_parameters("SELECT 2 - 1 / ?1 --"), "SELECT 2 - 1 / $1 --");
}

TEST(PostgresParameters, refuses_what_the_port_does_not_allow) {
    for (const char* sql : {"SELECT ?", "SELECT ?0", "SELECT ?x", "SELECT ?100", "SELECT 'open",
                            "SELECT \"open", "SELECT /* open"}) {
        Result<std::string> rewritten = postgres_parameters(sql);
        ASSERT_FALSE(rewritten) << sql;
        EXPECT_EQ(rewritten.error().kind(), ErrorKind::Invalid) << sql;
    }
}

}  // namespace
}  // namespace godwit::db
