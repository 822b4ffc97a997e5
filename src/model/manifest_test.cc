#include "model/manifest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace godwit::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// In pieces of `piece` bytes. Lines as "1 path" or "1 path @version".
std::vector<std::string> entries_of(std::string_view text, std::size_t piece = 4096) {
    ManifestReader reader("list.csv");
    std::vector<ManifestEntry> entries;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        Result<void> read = reader.read(text.substr(at, piece), entries);
        if (!read) return {read.error().message()};
    }
    Result<void> finished = reader.finish(entries);
    if (!finished) return {finished.error().message()};
    std::vector<std::string> lines;
    for (const ManifestEntry& entry : entries) {
        lines.push_back(fmt::format("{} {}{}{}", entry.line, entry.path, entry.version.empty() ? "" : " @",
                                    entry.version));
        if (!entry.fault.empty()) lines.back() = fmt::format("{}: {}", entry.line, entry.fault);
    }
    return lines;
}

std::string refusal(std::string_view text) {
    std::vector<std::string> lines = entries_of(text);
    return lines.size() == 1 ? lines[0] : "accepted";
}

TEST(Manifest, is_a_path_a_line_and_perhaps_a_version) {
    EXPECT_THAT(entries_of("a/b.txt\nc d.txt,v1\n"), ElementsAre("1 a/b.txt", "2 c d.txt @v1"));
    EXPECT_THAT(entries_of("a\rb\r\nc"), ElementsAre("1 a", "2 b", "3 c"));
    EXPECT_THAT(entries_of("\n\na\r\n\r\nb\n\n"), ElementsAre("3 a", "5 b"))
        << "nothing stands in some lines";
    EXPECT_THAT(entries_of(" a , b"), ElementsAre("1  a  @ b")) << "spaces are data";
    EXPECT_THAT(entries_of("\xef\xbb\xbf"
                           "a\n"),
                ElementsAre("1 a"));
    EXPECT_THAT(entries_of("\uff01a\n"), ElementsAre("1 \uff01a")) << "begins as the mark does";
    EXPECT_THAT(entries_of("\xef\xbb"), ElementsAre("1 \xef\xbb"));
    EXPECT_THAT(entries_of(""), IsEmpty());
    EXPECT_THAT(entries_of("\xef\xbb\xbf"), IsEmpty());
    EXPECT_THAT(entries_of("\xff\xfe"), ElementsAre("1 \xff\xfe")) << "keys are bytes";
}

TEST(Manifest, quotes_hold_commas_quotes_and_line_ends) {
    EXPECT_THAT(entries_of("\"a,b\",v\n\"c\"\"d\"\n"), ElementsAre("1 a,b @v", "2 c\"d"));
    EXPECT_THAT(entries_of("\"two\nlines\"\nnext\n"), ElementsAre("1 two\nlines", "3 next"));
    EXPECT_THAT(entries_of("\"two\r\nlines\"\r\nnext"), ElementsAre("1 two\r\nlines", "3 next"));
    EXPECT_THAT(entries_of("filename\"\"with\"\"quotes.txt\n"), ElementsAre("1 filename\"with\"quotes.txt"));
}

TEST(Manifest, may_be_cut_anywhere) {
    std::string_view text = "\xef\xbb\xbf\"a,\"\"b\",v1\r\n\r\nc\"\"d\r\"e\r\nf\"\ng";
    std::vector<std::string> whole = entries_of(text);
    EXPECT_THAT(whole, ElementsAre("1 a,\"b @v1", "3 c\"d", "4 e\r\nf", "6 g"));
    for (std::size_t piece = 1; piece < text.size(); ++piece) EXPECT_EQ(entries_of(text, piece), whole);
}

// Document 001 joins the keys with commas and drops the first character of the first.
TEST(Manifest, keys_joined_with_commas_are_explained) {
    EXPECT_THAT(
        entries_of("ata/1.csv,data/2.csv,data/3.csv"),
        ElementsAre(
            "1: it has 3 fields; a line is `path` or `path,version`. If these are keys with commas between "
            "them, each needs a line of its own; a comma in a key needs quotes around it. Some programs "
            "that join keys so also lose the first character of the first one"));
}

TEST(Manifest, lines_that_name_nothing_are_told_and_the_rest_is_read) {
    EXPECT_THAT(entries_of("a\nfolder/\nb\n"),
                ElementsAre("1 a", "2: it is a directory; a manifest names objects", "3 b"));
    EXPECT_THAT(entries_of("a\n,v1\nb\n"), ElementsAre("1 a", "2: its path is empty", "3 b"));
    EXPECT_THAT(entries_of("b,\na\n"), ElementsAre(StartsWith("1: a comma is at its end"), "2 a"));
    EXPECT_THAT(entries_of("\"\"\na\n"), ElementsAre("1: its path is empty", "2 a"));
}

TEST(Manifest, errors_name_the_line) {
    EXPECT_THAT(refusal("a\n\"b\nc\n"), StartsWith("read manifest list.csv:2: a quote is opened"));
    EXPECT_THAT(refusal("a\"b\n"), StartsWith("read manifest list.csv:1: a quote within a field is doubled"));
    EXPECT_THAT(refusal("\"a\"b\n"), StartsWith("read manifest list.csv:1: something stands between"));
    EXPECT_THAT(refusal(std::string_view("a\0b", 3)), StartsWith("read manifest list.csv:1: it holds a NUL"));
    EXPECT_THAT(refusal("\"a\n" + std::string(5000, 'b')),
                StartsWith("read manifest list.csv:1: a quote is opened and not closed within 4096"));
}

TEST(Manifest, paths_and_versions_have_limits) {
    std::string most(ManifestReader::kPathBytesMax, 'p'), version(ManifestReader::kVersionBytesMax, 'v');
    EXPECT_THAT(entries_of(most + "," + version), ElementsAre("1 " + most + " @" + version));
    EXPECT_THAT(entries_of(most + "p\na"),
                ElementsAre("1: the path is too long; 4096 bytes are allowed", "2 a"));
    EXPECT_THAT(entries_of("a," + version + "v\nb"),
                ElementsAre("1: the version id is too long; 1024 bytes are allowed", "2 b"));
}

TEST(Manifest, lines_that_are_written_are_read_back) {
    for (std::string_view path : {"a", "a,b", "\"", "a\"b", "two\nlines", "two\r\nlines", " a ",
                                  "\xef\xbb\xbf"
                                  "a",
                                  "\xff"}) {
        std::string text = manifest_line(path) + manifest_line("next");
        std::vector<std::string> entries = entries_of(text);
        ASSERT_EQ(entries.size(), 2u);
        EXPECT_EQ(entries[0], fmt::format("1 {}", path));
    }
}

}  // namespace
}  // namespace godwit::model
