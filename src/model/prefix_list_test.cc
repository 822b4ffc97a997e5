#include "model/prefix_list.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace godwit::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// In pieces of `piece` bytes, as "1 prefix".
std::vector<std::string> prefixes_of(std::string_view text, std::size_t piece = 4096) {
    PrefixListReader reader("list");
    std::vector<PrefixLine> lines;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        Result<void> read = reader.read(text.substr(at, piece), lines);
        if (!read) return {read.error().message()};
    }
    reader.finish(lines);
    std::vector<std::string> found;
    for (const PrefixLine& line : lines)
        found.push_back(line.fault.empty() ? fmt::format("{} {}", line.line, line.prefix)
                                           : fmt::format("{}: {}", line.line, line.fault));
    return found;
}

// Document 004's program panics on the blank line, and takes the CR for a part of the prefix.
TEST(PrefixList, blank_lines_and_any_line_end_survive) {
    EXPECT_THAT(prefixes_of("a/\n\nb/\r\n\r\nc\rd\n\n"), ElementsAre("1 a/", "3 b/", "5 c", "6 d"));
    EXPECT_THAT(prefixes_of(""), IsEmpty());
    EXPECT_THAT(prefixes_of("\r\n\n"), IsEmpty());
    EXPECT_THAT(prefixes_of("\xef\xbb\xbf"
                            "a"),
                ElementsAre("1 a"));
    EXPECT_THAT(prefixes_of(" a ,\"b"), ElementsAre("1  a ,\"b")) << "nothing is quoted, spaces are data";
}

TEST(PrefixList, may_be_cut_anywhere) {
    std::string_view text =
        "\xef\xbb\xbf"
        "ab/\r\n\r\n\rcd\ne";
    std::vector<std::string> whole = prefixes_of(text);
    for (std::size_t piece = 1; piece < text.size(); ++piece) EXPECT_EQ(prefixes_of(text, piece), whole);
}

TEST(PrefixList, what_is_too_long_is_told) {
    std::string most(PrefixListReader::kPrefixBytesMax, 'p');
    EXPECT_THAT(prefixes_of(most), ElementsAre("1 " + most));
    EXPECT_THAT(prefixes_of("\xef\xbb\xbf" + most), ElementsAre("1 " + most));
    EXPECT_THAT(prefixes_of(most + "ppppp\nq"),
                ElementsAre("1: it is too long; 4096 bytes are allowed", "2 q"));
}

TEST(PrefixList, what_is_no_text_is_refused) {
    EXPECT_THAT(
        prefixes_of(std::string_view("a\nb\0c", 5)),
        ElementsAre("read prefixes list:2: it holds a NUL byte; is this a text file? (BadPrefixList)"));
}

}  // namespace
}  // namespace godwit::model
