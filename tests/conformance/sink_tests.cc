// Sinks: nothing before commit(), everything after it, and no trace of what was given up.
#include "base/encoding.h"
#include "conformance/store_conformance.h"
#include "runtime/group.h"

namespace godwit::conformance {

using model::EvidenceLevel;
using model::Key;
using runtime::Context;
using runtime::Task;

namespace {

Digest whole_digest(std::string_view text) {
    return digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(text));
}

Task<void> write_one(Context& context, store::Sink& sink, std::size_t offset, std::string_view text,
                     int& failed) {
    Digest digest = whole_digest(text);
    auto written = co_await sink.write(context, offset, bytes_of(text), digest);
    if (!written) ++failed;
}

Task<int> write_every_part(Context& context, store::Sink& sink, std::string_view text) {
    runtime::TaskGroup group(context.loop());
    int failed = 0;
    std::size_t part = sink.part_size_bytes();
    for (std::size_t offset = 0; offset < text.size(); offset += part) {
        group.spawn(write_one(context, sink, offset, text.substr(offset, part), failed));
    }
    co_await group.wait();
    co_return failed;
}

}  // namespace

TEST_P(StoreConformance, a_committed_sink_is_the_object) {
    std::string text = pattern(GetParam().large_bytes);
    auto sink = filled_sink(request_for("large", text.size()), text);
    ASSERT_TRUE(sink);
    EXPECT_FALSE(stat("large")) << "visible before commit";
    auto receipt = run(sink->commit(context(), whole_digest(text)));
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_GE(receipt->level, store().capabilities().commit_evidence);
    sink.reset();
    auto read = get("large", receipt->identity);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_TRUE(*read == text);
    EXPECT_TRUE(location_->leftovers().empty());
}

TEST_P(StoreConformance, parts_may_be_written_at_the_same_time) {
    std::string text = pattern(GetParam().large_bytes, 5);
    auto sink = run(store().begin(context(), request_for("large", text.size())));
    ASSERT_TRUE(sink) << sink.error().message();
    EXPECT_EQ(run(write_every_part(context(), **sink, text)), 0);
    auto receipt = run((*sink)->commit(context(), whole_digest(text)));
    ASSERT_TRUE(receipt) << receipt.error().message();
    auto read = get("large", receipt->identity);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_TRUE(*read == text);
}

TEST_P(StoreConformance, parts_may_come_in_pieces) {
    if (!deviations().streams_parts) GTEST_SKIP() << "takes parts whole";
    std::string text = pattern(GetParam().large_bytes, 11);
    auto sink = run(store().begin(context(), request_for("large", text.size())));
    ASSERT_TRUE(sink) << sink.error().message();
    std::size_t part_bytes = (*sink)->part_size_bytes();
    for (std::size_t offset = 0; offset < text.size(); offset += part_bytes) {
        TextPart part(text.substr(offset, part_bytes));
        auto stored = run((*sink)->write_streamed(context(), offset, part));
        ASSERT_TRUE(stored) << stored.error().message();
        EXPECT_EQ(*stored, whole_digest(text.substr(offset, part_bytes)));
    }
    auto receipt = run((*sink)->commit(context(), whole_digest(text)));
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_GE(receipt->level, store().capabilities().commit_evidence);
    EXPECT_TRUE(text_at("large") == text);
    EXPECT_TRUE(location_->leftovers().empty());
}

TEST_P(StoreConformance, a_part_whose_second_reading_differs_is_a_change) {
    if (!deviations().streams_parts) GTEST_SKIP() << "takes parts whole";
    written("large", "the old one");
    std::string text = pattern(GetParam().large_bytes, 12);
    auto sink = run(store().begin(context(), request_for("large", text.size())));
    ASSERT_TRUE(sink) << sink.error().message();
    TextPart part(text.substr(0, (*sink)->part_size_bytes()));
    part.on_reading = [](int reading, std::string& bytes) -> Result<void> {
        if (reading > 1) bytes.back() = static_cast<char>(bytes.back() ^ 1);
        return {};
    };
    auto stored = run((*sink)->write_streamed(context(), 0, part));
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind(), ErrorKind::Changed) << stored.error().message();
    EXPECT_EQ(text_at("large"), "the old one");
    ASSERT_TRUE(run(store().discard(context(), Key("large"), (*sink)->checkpoint(), 0)));
}

TEST_P(StoreConformance, a_part_that_cannot_be_read_fails_as_its_source_did) {
    if (!deviations().streams_parts) GTEST_SKIP() << "takes parts whole";
    std::string text = pattern(GetParam().large_bytes, 13);
    auto sink = run(store().begin(context(), request_for("large", text.size())));
    ASSERT_TRUE(sink) << sink.error().message();
    for (int bad : {1, 2}) {
        TextPart part(text.substr(0, (*sink)->part_size_bytes()));
        part.on_reading = [&](int reading, std::string&) -> Result<void> {
            if (reading != bad) return {};
            return Error(ErrorKind::Lost, "read", "disk", "gone").with_code("EIO");
        };
        auto stored = run((*sink)->write_streamed(context(), 0, part));
        ASSERT_FALSE(stored);
        EXPECT_EQ(stored.error().code(), "EIO") << stored.error().message();
        EXPECT_EQ(stored.error().kind(), ErrorKind::Lost);
        EXPECT_EQ(part.readings, bad) << "nobody asks again";
    }
    ASSERT_TRUE(run(store().discard(context(), Key("large"), (*sink)->checkpoint(), 0)));
}

TEST_P(StoreConformance, a_sink_can_be_read_back) {
    std::string text = pattern(GetParam().large_bytes, 6);
    store::PutRequest request = request_for("large", text.size());
    request.read_back = true;
    auto sink = filled_sink(request, text);
    ASSERT_TRUE(sink);
    auto receipt = run(sink->commit(context(), whole_digest(text)));
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_GE(receipt->level, EvidenceLevel::ReadBackCached);
    ASSERT_TRUE(receipt->stored_digest);
    EXPECT_EQ(*receipt->stored_digest, whole_digest(text));
}

TEST_P(StoreConformance, a_dropped_sink_publishes_nothing_and_discard_clears_it) {
    written("object", "the old one");
    std::string text = pattern(GetParam().large_bytes);
    std::int64_t intent = location_->loop().unix_time_ns();
    std::string checkpoint;
    {
        auto sink = filled_sink(request_for("object", text.size()), text, 1);
        ASSERT_TRUE(sink);
        checkpoint = sink->checkpoint();
    }
    EXPECT_EQ(text_at("object"), "the old one");
    EXPECT_EQ(keys(), std::vector<std::string>{"object"}) << "staged data is not listed";
    auto discarded = run(store().discard(context(), Key("object"), checkpoint, intent));
    ASSERT_TRUE(discarded) << discarded.error().message();
    EXPECT_TRUE(location_->leftovers().empty()) << location_->leftovers().front();
    EXPECT_TRUE(run(store().discard(context(), Key("object"), checkpoint, intent))) << "twice is no error";
    EXPECT_EQ(text_at("object"), "the old one");
}

TEST_P(StoreConformance, discard_without_a_checkpoint_finds_what_was_begun_since) {
    if (!deviations().discards_without_checkpoint) GTEST_SKIP();
    std::string text = pattern(GetParam().large_bytes);
    std::int64_t intent = location_->loop().unix_time_ns();
    filled_sink(request_for("object", text.size()), text, 1);
    auto other = filled_sink(request_for("object2", text.size()), text, 1);
    restart();
    auto discarded = run(store().discard(context(), Key("object"), "", intent));
    ASSERT_TRUE(discarded) << discarded.error().message();
    for (const std::string& left : location_->leftovers())
        EXPECT_EQ(left.find("object\""), std::string::npos);
}

TEST_P(StoreConformance, C31_a_wrong_digest_at_commit_leaves_the_old_object) {
    if (!deviations().checks_before_publishing) GTEST_SKIP() << "cannot check before it publishes";
    written("object", "the old one");
    std::string text = pattern(GetParam().large_bytes);
    auto sink = filled_sink(request_for("object", text.size()), text);
    ASSERT_TRUE(sink);
    auto receipt = run(sink->commit(context(), whole_digest("something else")));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Corrupt) << receipt.error().message();
    EXPECT_EQ(text_at("object"), "the old one");
}

TEST_P(StoreConformance, C31_a_commit_with_parts_missing_fails_and_leaves_the_old_object) {
    written("object", "the old one");
    std::string text = pattern(GetParam().large_bytes);
    auto sink = filled_sink(request_for("object", text.size()), text, 1);
    ASSERT_TRUE(sink);
    auto receipt = run(sink->commit(context(), whole_digest(text)));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(text_at("object"), "the old one");
}

TEST_P(StoreConformance, a_sink_is_carried_on_after_a_restart) {
    if (!deviations().resumes) GTEST_SKIP() << "cannot resume";
    std::string text = pattern(GetParam().large_bytes, 9);
    store::PutRequest request = request_for("large", text.size());
    auto sink = filled_sink(request, text, 2);
    ASSERT_TRUE(sink);
    std::string checkpoint = sink->checkpoint();
    ASSERT_FALSE(checkpoint.empty());
    sink.reset();
    restart();
    auto resumed = run(store().resume(context(), request, checkpoint));
    ASSERT_TRUE(resumed) << resumed.error().message();
    EXPECT_EQ((*resumed)->checkpoint(), checkpoint);
    ASSERT_TRUE(write_parts(**resumed, text));
    auto receipt = run((*resumed)->commit(context(), whole_digest(text)));
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_TRUE(text_at("large") == text);
    EXPECT_TRUE(location_->leftovers().empty());
}

TEST_P(StoreConformance, a_resumed_part_with_other_bytes_is_stored_anew) {
    if (!deviations().resumes) GTEST_SKIP() << "cannot resume";
    std::string first = pattern(GetParam().large_bytes, 1), second = pattern(GetParam().large_bytes, 2);
    store::PutRequest request = request_for("large", first.size());
    auto sink = filled_sink(request, first, 1);
    ASSERT_TRUE(sink);
    std::string checkpoint = sink->checkpoint();
    sink.reset();
    restart();
    auto resumed = run(store().resume(context(), request, checkpoint));
    ASSERT_TRUE(resumed) << resumed.error().message();
    ASSERT_TRUE(write_parts(**resumed, second));
    auto receipt = run((*resumed)->commit(context(), whole_digest(second)));
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_TRUE(text_at("large") == second);
}

TEST_P(StoreConformance, what_is_gone_cannot_be_resumed) {
    if (!deviations().resumes) GTEST_SKIP() << "cannot resume";
    std::string text = pattern(GetParam().large_bytes);
    store::PutRequest request = request_for("large", text.size());
    auto sink = filled_sink(request, text, 1);
    ASSERT_TRUE(sink);
    std::string checkpoint = sink->checkpoint();
    sink.reset();
    ASSERT_TRUE(run(store().discard(context(), Key("large"), checkpoint, 0)));
    for (const std::string& bytes : {checkpoint, std::string("no checkpoint at all")}) {
        auto resumed = run(store().resume(context(), request, bytes));
        ASSERT_FALSE(resumed);
        EXPECT_EQ(resumed.error().kind(), ErrorKind::NotFound) << resumed.error().message();
    }
}

}  // namespace godwit::conformance
