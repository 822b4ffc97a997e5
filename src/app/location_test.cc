#include "app/location.h"

#include <gtest/gtest.h>

#include "app/exit_code.h"

namespace godwit::app {
namespace {

Location parsed(const std::string& text) {
    Result<Location> location = parse_location("SRC", text);
    EXPECT_TRUE(location) << text;
    return location ? std::move(*location) : Location();
}

std::string refused(const std::string& text) {
    Result<Location> location = parse_location("SRC", text);
    if (location) return "parsed";
    EXPECT_EQ(exit_code_for(location.error()), ExitCode::Usage);
    return location.error().subject() + ": " + location.error().cause();
}

TEST(Location, a_path_is_a_path) {
    EXPECT_EQ(parsed("./a//b/").path, "./a//b");
    EXPECT_TRUE(parsed("a/").ends_in_slash);
    EXPECT_FALSE(parsed("a").ends_in_slash);
    EXPECT_EQ(parsed("/").path, "/");
    EXPECT_EQ(parsed("a:b").path, "a:b");
    EXPECT_FALSE(parsed("s3").is_s3());
}

TEST(Location, a_bucket_and_its_prefix) {
    Location bucket = parsed("s3://bucket");
    EXPECT_TRUE(bucket.is_s3());
    EXPECT_EQ(bucket.s3.bucket, "bucket");
    EXPECT_EQ(bucket.s3.prefix, "");
    Location prefix = parsed("s3://bucket/a/b/");
    EXPECT_EQ(prefix.s3.prefix, "a/b/");
    EXPECT_TRUE(prefix.ends_in_slash);
    EXPECT_EQ(prefix.display(), "s3://bucket/a/b");
}

TEST(Location, nothing_in_a_prefix_is_decoded_or_cleaned_up) {
    EXPECT_EQ(parsed("s3://bucket/a//b").s3.prefix, "a//b/");
    EXPECT_EQ(parsed("s3://bucket/../%41").s3.prefix, "../%41/");
    EXPECT_EQ(parsed("s3://bucket/a").s3.prefix, "a/");
    EXPECT_EQ(parsed("s3://bucket/a//").s3.prefix, "a//");
    EXPECT_EQ(parsed("s3://bucket//").s3.prefix, "/");
    EXPECT_EQ(parsed("s3://bucket/").s3.prefix, "");
}

TEST(Location, names_parents_and_children) {
    EXPECT_EQ(parsed("/a/b.csv").name(), "b.csv");
    EXPECT_EQ(parsed("/a/b.csv").parent().path, "/a");
    EXPECT_EQ(parsed("/b.csv").parent().path, "/");
    EXPECT_EQ(parsed("b.csv").parent().path, ".");
    EXPECT_EQ(parsed("/").name(), "");
    EXPECT_EQ(parsed("/a").child("x").path, "/a/x");
    EXPECT_EQ(parsed("/").child("x").path, "/x");
    EXPECT_EQ(parsed("s3://bkt/a/b").parent().display(), "s3://bkt/a");
    EXPECT_EQ(parsed("s3://bkt/b").parent().display(), "s3://bkt");
    EXPECT_EQ(parsed("s3://bkt").child("x").display(), "s3://bkt/x");
}

// "a//x" and "a/x" are two objects, "/x" and "x" as well: the wrong one was copied.
TEST(Location, F61_empty_components_of_a_key_are_kept) {
    EXPECT_EQ(parsed("s3://bkt/a//x").parent().s3.prefix, "a//");
    EXPECT_EQ(parsed("s3://bkt/a//x").name(), "x");
    EXPECT_EQ(parsed("s3://bkt//x").parent().s3.prefix, "/");
    EXPECT_EQ(parsed("s3://bkt/x").parent().s3.prefix, "");
    EXPECT_EQ(parsed("s3://bkt/a//").child("x").s3.prefix, "a//x/");
    for (const char* text : {"s3://bkt/a//", "s3://bkt//", "s3://bkt/a///"}) {
        EXPECT_EQ(parsed(text).display(), text);
        EXPECT_EQ(parsed(text).name(), "") << text;
    }
}

TEST(Location, what_is_none_says_what_is_allowed) {
    EXPECT_EQ(refused(""), "SRC \"\": is empty; a location is a path or s3://bucket/prefix");
    EXPECT_EQ(refused("s3:bucket"),
              "SRC s3:bucket: `//` is missing after `s3:`; a location is a path or "
              "s3://bucket/prefix");
    EXPECT_EQ(
        refused("gs://b"),
        "SRC gs://b: `gs://` is not known; a location is a path or s3://bucket/prefix; a path with :// in it "
        "can be written ./gs://b");
    EXPECT_NE(refused("s3://"), "parsed");
    EXPECT_NE(refused("s3://B!/x"), "parsed");
}

}  // namespace
}  // namespace godwit::app
