#include "ledger/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "db/testing/databases.h"

namespace godwit::ledger {
namespace {

using db::testing::succeeded;
using db::testing::TemporaryDirectory;
using model::KeyListKind;
using List = std::shared_ptr<const KeyFile>;

List list_of(const TemporaryDirectory& directory, const std::vector<std::string>& keys,
             KeyListKind kind = KeyListKind::Keys) {
    auto writer = KeyFileWriter::create(directory.path(), kind);
    if (!writer) return nullptr;
    std::uint64_t line = 0;
    for (const std::string& key : keys) {
        if (!writer->add(key, ++line)) return nullptr;
    }
    auto list = writer->finish();
    return list ? *list : nullptr;
}

// More than one block of them, with some as long as they may be.
std::vector<std::string> many_keys() {
    std::vector<std::string> keys;
    for (int i = 100'000; i < 105'000; ++i) {
        keys.push_back(std::to_string(i));
        if (i % 500 == 0)
            keys.push_back(std::to_string(i) + std::string(KeyFileWriter::kKeyBytesMax - 6, 'x'));
    }
    return keys;
}

std::vector<std::string> keys_from(const KeyFile& list, std::string_view key) {
    auto cursor = list.at(key);
    std::vector<std::string> keys;
    if (!cursor) return {cursor.error().message()};
    while (const model::ListedKey* next = (*cursor)->current()) {
        keys.push_back(next->key.bytes());
        if (Result<void> popped = (*cursor)->pop(); !popped) return {popped.error().message()};
    }
    return keys;
}

TEST(KeyFile, cursors_begin_at_the_last_key_that_is_not_greater) {
    TemporaryDirectory directory;
    std::vector<std::string> all = many_keys();
    List list = list_of(directory, all);
    ASSERT_TRUE(list);
    EXPECT_EQ(list->count(), all.size());
    EXPECT_EQ(keys_from(*list, ""), all);
    EXPECT_EQ(keys_from(*list, "0"), all) << "all are greater";
    for (std::size_t i = 0; i < all.size(); i += 97) {
        std::vector<std::string> rest(all.begin() + static_cast<std::ptrdiff_t>(i), all.end());
        EXPECT_EQ(keys_from(*list, all[i]), rest);
        EXPECT_EQ(keys_from(*list, all[i] + '\0'), rest);
    }
    EXPECT_EQ(keys_from(*list, "2"), std::vector{all.back()});
}

TEST(KeyFile, finds_the_line_of_a_key) {
    TemporaryDirectory directory;
    List list = list_of(directory, many_keys());
    ASSERT_TRUE(list);
    auto found = list->find("100001"), none = list->find("100001x");
    ASSERT_TRUE(found && found->has_value() && none);
    EXPECT_EQ((*found)->line, 3u);
    EXPECT_FALSE(none->has_value());
}

TEST(KeyFile, an_empty_list_is_a_list) {
    TemporaryDirectory directory;
    List list = list_of(directory, {});
    ASSERT_TRUE(list);
    EXPECT_EQ(keys_from(*list, "a"), std::vector<std::string>{});
}

TEST(KeyFile, what_is_kept_is_the_same_list) {
    TemporaryDirectory directory;
    std::vector<std::string> all = many_keys();
    List list = list_of(directory, all, KeyListKind::Prefixes);
    ASSERT_TRUE(list);
    ASSERT_TRUE(succeeded(list->keep(directory / "kept")));
    auto kept = KeyFile::open(directory / "kept");
    ASSERT_TRUE(succeeded(kept));
    EXPECT_EQ((*kept)->kind(), KeyListKind::Prefixes);
    EXPECT_EQ((*kept)->digest(), list->digest());
    EXPECT_EQ(keys_from(**kept, ""), all);
    EXPECT_FALSE(std::filesystem::exists(directory / "kept.part"));
}

// An interrupted run is carried on by the same list only.
TEST(KeyFile, digests_tell_lists_apart) {
    TemporaryDirectory directory;
    std::string digest = list_of(directory, {"ab", "c"})->digest();
    EXPECT_EQ(list_of(directory, {"ab", "c"})->digest(), digest);
    EXPECT_NE(list_of(directory, {"a", "bc"})->digest(), digest);
    EXPECT_NE(list_of(directory, {"ab"})->digest(), digest);
    EXPECT_NE(list_of(directory, {"ab", "c"}, KeyListKind::Prefixes)->digest(), digest);
}

// Every byte of it that means something is under a checksum: a spoilt list is not another list.
TEST(KeyFile, a_spoilt_file_is_corrupt) {
    TemporaryDirectory directory;
    std::vector<std::string> all = many_keys();
    ASSERT_TRUE(succeeded(list_of(directory, all)->keep(directory / "kept")));
    for (std::streamoff place : {0, 20, 30, 41, 60, 4096, 4105, 4108, 4120, 70'000, 130'000}) {
        std::filesystem::copy_file(directory / "kept", directory / "spoilt",
                                   std::filesystem::copy_options::overwrite_existing);
        std::fstream file(directory / "spoilt", std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(place);
        char byte = static_cast<char>(file.get());
        file.seekp(place);
        file.put(static_cast<char>(byte ^ 1));
        file.close();
        auto list = KeyFile::open(directory / "spoilt");
        if (!list) {
            EXPECT_EQ(list.error().kind(), ErrorKind::Corrupt);
            continue;
        }
        EXPECT_THAT(keys_from(**list, ""), ::testing::ElementsAre(::testing::HasSubstr("checksum of block")))
            << place;
    }
    std::filesystem::resize_file(directory / "kept", 100'000);
    auto cut = KeyFile::open(directory / "kept");
    ASSERT_TRUE(succeeded(cut));
    EXPECT_THAT(keys_from(**cut, ""), ::testing::ElementsAre(::testing::HasSubstr("it ends too early")));
}

TEST(KeyFile, what_is_no_list_is_refused) {
    TemporaryDirectory directory;
    std::ofstream(directory / "text") << "keys.csv";
    EXPECT_EQ(KeyFile::open(directory / "text").error().kind(), ErrorKind::Corrupt);
    EXPECT_EQ(KeyFile::open(directory / "none").error().kind(), ErrorKind::NotFound);
}

}  // namespace
}  // namespace godwit::ledger
