#include "s3/sink_checkpoint.h"

#include <gtest/gtest.h>

namespace godwit::s3 {
namespace {

Checkpoint odd() {
    Checkpoint checkpoint;
    checkpoint.upload = {"a key/with \n and \xff%20", "2~id/+= x"};
    checkpoint.part_bytes = 8u << 20;
    checkpoint.begun_unix_ns = 1'700'000'000'123'456'789;
    checkpoint.checksum = DigestAlgorithm::Crc64Nvme;
    return checkpoint;
}

TEST(SinkCheckpoint, comes_back_as_it_was_written) {
    Checkpoint before = odd();
    auto after = read_checkpoint(write_checkpoint(before));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->upload.key, before.upload.key);
    EXPECT_EQ(after->upload.id, before.upload.id);
    EXPECT_EQ(after->part_bytes, before.part_bytes);
    EXPECT_EQ(after->begun_unix_ns, before.begun_unix_ns);
    EXPECT_EQ(after->checksum, before.checksum);
    before.checksum.reset();
    EXPECT_FALSE(read_checkpoint(write_checkpoint(before))->checksum);
}

// The ledger keeps these bytes: another form is another version.
TEST(SinkCheckpoint, has_the_form_of_version_1) {
    EXPECT_EQ(write_checkpoint(odd()),
              "godwit-s3-upload 1 8388608 1700000000123456789 crc64nvme 2~id%2F%2B%3D%20x "
              "a%20key%2Fwith%20%0A%20and%20%FF%2520");
}

TEST(SinkCheckpoint, what_is_none_is_absent) {
    std::string good = write_checkpoint(odd());
    for (const std::string& bytes :
         {std::string(), std::string("nonsense"), std::string("godwit-s3-upload 2") + good.substr(18),
          good + " more", good.substr(0, good.size() / 2), "x" + good,
          std::string("godwit-s3-upload 1 0 1 - id key"), std::string("godwit-s3-upload 1 -5 1 - id key"),
          std::string("godwit-s3-upload 1 5 1 crc99 id key"), std::string("godwit-s3-upload 1 5 1 -  key"),
          std::string("godwit-s3-upload 1 05 1 - id key"), std::string("godwit-s3-upload 1 5 1 - id a/b")}) {
        EXPECT_FALSE(read_checkpoint(bytes)) << bytes;
    }
}

}  // namespace
}  // namespace godwit::s3
