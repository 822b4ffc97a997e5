#include "app/run_record.h"

#include <gtest/gtest.h>

namespace godwit::app {
namespace {

Values some_values() {
    Values values;
    values.set("compare", "size");
    values.set("no-tags", "true");
    values.set("memory", "1GiB");
    values.set("output", "jsonl");
    values.set("source-region", "eu-west-1");
    return values;
}

TEST(RunRecord, comes_back_as_it_was) {
    RunRecord record = run_record("/a dir/", "s3://b/p", some_values());
    record.selection = "failed of exec-1";
    Result<RunRecord> again = run_record_from(to_text(record));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->source, "/a dir/");
    EXPECT_EQ(again->destination, "s3://b/p");
    EXPECT_EQ(again->options, record.options);
    EXPECT_EQ(again->selection, record.selection);
    EXPECT_EQ(again->plan(), record.plan());
}

// Paths are bytes. A copy of such a tree could not be carried on.
TEST(RunRecord, F63_paths_that_are_no_utf8_come_back_as_they_were) {
    Values values;
    values.set("exclude", "\xff*");
    RunRecord record = run_record("/data/caf\xe9", "/back\x1bup", values);
    record.selection = "failed of \xfe";
    Result<RunRecord> again = run_record_from(to_text(record));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->source, "/data/caf\xe9");
    EXPECT_EQ(again->destination, "/back\x1bup");
    EXPECT_EQ(again->selection, "failed of \xfe");
    EXPECT_EQ(again->options, record.options);
    EXPECT_EQ(again->plan(), record.plan());
}

TEST(RunRecord, speed_and_output_are_of_no_consequence) {
    RunRecord record = run_record("/a", "/b", some_values());
    EXPECT_FALSE(record.options.contains("memory"));
    EXPECT_FALSE(record.options.contains("output"));
    EXPECT_TRUE(record.options.contains("compare"));
}

TEST(RunRecord, the_plan_depends_on_what_is_copied_and_not_on_the_way_there) {
    Values values = some_values();
    std::string plan = run_record("/a", "/b", values).plan();
    values.set("source-profile", "prod");
    EXPECT_EQ(run_record("/a", "/b", values).plan(), plan);
    values.set("transfer-all", "true");
    EXPECT_NE(run_record("/a", "/b", values).plan(), plan);
    RunRecord selected = run_record("/a", "/b", some_values());
    selected.selection = "failed of exec-1";
    EXPECT_NE(selected.plan(), plan);
}

TEST(RunRecord, what_godwit_never_wrote_is_refused) {
    for (const char* text :
         {"", "{", "[]", "{\"v\":1}", "{\"source\":1,\"destination\":\"\",\"selection\":\"\",\"options\":{}}",
          "{\"source\":\"\",\"destination\":\"\",\"selection\":\"\",\"options\":[]}",
          "{\"source\":\"\",\"source_base64\":\"?\",\"destination\":\"\",\"selection\":\"\",\"options\":{}"
          "}"}) {
        Result<RunRecord> record = run_record_from(text);
        ASSERT_FALSE(record) << text;
        EXPECT_EQ(record.error().kind(), ErrorKind::Corrupt);
    }
}

TEST(RunRecord, paths_are_made_absolute_and_nothing_else) {
    EXPECT_EQ(absolute_location("/a/../b/"), "/a/../b/");
    EXPECT_TRUE(absolute_location("x/").starts_with("/"));
    EXPECT_TRUE(absolute_location("x/").ends_with("/x/"));
    EXPECT_EQ(absolute_location("s3://b/x"), "s3://b/x");
}

TEST(RunRecord, the_next_command_can_be_pasted) {
    Values values = some_values();
    values.set("anonymous", "true");
    values.set("addressing", "auto");
    EXPECT_EQ(verify_arguments("./it's", "s3://b/p", values),
              "'./it'\\''s' s3://b/p --anonymous --source-region eu-west-1");
}

TEST(RunRecord, keeps_every_value_of_an_option) {
    Values values;
    for (const char* glob : {"*.tmp", "cache/", "\xff"}) values.set("exclude", glob);
    RunRecord record = run_record("a", "b", values);
    auto again = run_record_from(to_text(record));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->options.at("exclude"), (std::vector<std::string>{"*.tmp", "cache/", "\xff"}));
    EXPECT_EQ(again->plan(), record.plan());
}

TEST(RunRecord, the_next_command_compares_what_was_copied_and_nothing_else) {
    Values values;
    for (const char* name : {"no-preserve-mtime", "preserve-xattrs", "read-back", "transfer-all"})
        values.set(name, "true");
    EXPECT_EQ(verify_arguments("a", "b", values), "a b --no-preserve-mtime --preserve-xattrs");
    for (const char* glob : {"*.tmp", "cache/"}) values.set("exclude", glob);
    values.set("max-age", "7d");
    EXPECT_EQ(verify_arguments("a", "b", values),
              "a b --exclude '*.tmp' --exclude cache/ --max-age 7d --no-preserve-mtime --preserve-xattrs");
    values.set("datasync-include", std::string(3000, 'x'));
    EXPECT_EQ(verify_arguments("a", "b", values), "");
}

}  // namespace
}  // namespace godwit::app
