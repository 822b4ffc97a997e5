// Large objects through little memory.
#include "engine/part_stream.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/encoding.h"
#include "runtime/manual_loop.h"
#include "store/memory_store.h"

namespace godwit::engine {
namespace {

constexpr std::uint64_t kPart = 100'000, kPiece = 30'000, kMemory = 70'000;

// A source that tells how much memory it was given at once, and lets the test interfere.
class WatchedSource final : public store::Source {
  public:
    explicit WatchedSource(std::unique_ptr<store::Source> inner) : inner_(std::move(inner)) {}
    const model::ObjectInfo& info() const override { return inner_->info(); }
    std::optional<store::Part> take_whole() override { return inner_->take_whole(); }
    Task<Result<void>> verify_unchanged(Context& context) override {
        return inner_->verify_unchanged(context);
    }
    model::EvidenceLevel read_level() const override { return inner_->read_level(); }
    Task<Result<Digest>> read(Context& context, std::uint64_t offset, std::span<std::byte> out) override {
        largest_bytes = std::max(largest_bytes, out.size());
        read_bytes += out.size();
        before_read(offset);
        co_return co_await inner_->read(context, offset, out);
    }

    std::size_t largest_bytes = 0;
    std::uint64_t read_bytes = 0;
    std::function<void(std::uint64_t)> before_read = [](std::uint64_t) {};

  private:
    std::unique_ptr<store::Source> inner_;
};

struct PartStream : testing::Test {
    static store::MemoryStoreOptions large_parts() {
        store::MemoryStoreOptions options;
        options.put_bytes_max = 0;
        options.part_bytes = kPart;
        options.latency = std::chrono::milliseconds(1);  // so that parts run beside one another
        return options;
    }
    static ExecutionOptions small_pieces() {
        ExecutionOptions options;
        options.piece_bytes_max = kPiece;
        return options;
    }

    // Copies `text`; `before_read` is told each offset that is read.
    Result<store::Receipt> copy(const std::string& text);

    template <class T>
    T run(Task<T> task) {
        std::optional<T> result;
        auto work = [&]() -> Task<void> { result.emplace(co_await std::move(task)); };
        loop.spawn(work());
        for (int i = 0; i < 1000 && !result; ++i) loop.advance(std::chrono::milliseconds(10));
        GODWIT_CHECK(result.has_value(), "it hangs");
        return std::move(*result);
    }
    Task<Result<store::Receipt>> copy_task(store::PutRequest request, store::OpenRequest from);

    runtime::ManualLoop loop;
    Context context{loop};
    store::MemoryPlace source_place, destination_place;
    std::unique_ptr<store::Store> source = store::make_memory_store(source_place, large_parts());
    std::unique_ptr<store::Store> destination = store::make_memory_store(destination_place, large_parts());
    ExecutionOptions options = small_pieces();
    runtime::Permits memory{kMemory};
    runtime::AdaptiveLimit requests{loop, 8, 8};
    runtime::RateLimit rate{loop, 0};
    NoUploads uploads;
    Progress progress;
    TransferContext shared{loop,   context,  options, *source, *destination,
                           memory, requests, rate,    uploads, progress};
    std::uint64_t memory_taken_max = 0;
    std::size_t largest_read_bytes = 0;
    std::uint64_t read_bytes = 0;
    std::function<void(std::uint64_t)> before_read = [](std::uint64_t) {};
};

Task<Result<store::Receipt>> PartStream::copy_task(store::PutRequest request, store::OpenRequest from) {
    GODWIT_CO_TRY(std::unique_ptr<store::Source> opened, co_await source->open(context, from));
    WatchedSource watched(std::move(opened));
    watched.before_read = [&](std::uint64_t offset) {
        memory_taken_max = std::max(memory_taken_max, memory.taken());
        before_read(offset);
    };
    GODWIT_CO_TRY(std::unique_ptr<store::Sink> sink, co_await destination->begin(context, request));
    PartLayout layout(request.size_bytes, sink->part_size_bytes());
    PartDigests digests(layout);
    Result<void> streamed = co_await stream_parts(context, shared, watched, layout, digests, sink.get());
    largest_read_bytes = watched.largest_bytes;
    read_bytes = watched.read_bytes;
    if (!streamed) co_return std::move(streamed.error());
    Digest whole = digests.whole();
    co_return co_await sink->commit(context, whole);
}

Result<store::Receipt> PartStream::copy(const std::string& text) {
    store::OpenRequest from;
    from.key = model::Key("large");
    from.expected = source_place.write("large", text);
    store::PutRequest request;
    request.key = model::Key("large");
    request.size_bytes = text.size();
    return run(copy_task(request, from));
}

std::string numbers(std::size_t bytes) {
    std::string text;
    for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i);
    text.resize(bytes);
    return text;
}

TEST_F(PartStream, parts_larger_than_a_piece_pass_through_pieces_of_bounded_memory) {
    std::string text = numbers(10 * kPart + 12'345);
    auto receipt = copy(text);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(*receipt->stored_digest, digest_of(DigestAlgorithm::Crc64Nvme, bytes_of(text)));
    const auto& stored = destination_place.objects.at("large").bytes;
    EXPECT_TRUE(std::ranges::equal(stored, bytes_of(text)));
    EXPECT_EQ(largest_read_bytes, kPiece);
    EXPECT_LE(memory_taken_max, kMemory);
    EXPECT_GT(memory_taken_max, kPiece) << "parts run beside one another";
    EXPECT_EQ(progress.moved_bytes, text.size());
    EXPECT_EQ(read_bytes, 2 * 10 * kPart + 12'345) << "only the last part could be held and read once";
    EXPECT_EQ(memory.taken(), 0u);
}

TEST_F(PartStream, parts_that_can_be_held_are_read_once) {
    options.piece_bytes_max = kPart;
    std::string text = numbers(3 * kPart + 5);
    auto receipt = copy(text);
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(read_bytes, text.size());
    EXPECT_EQ(largest_read_bytes, kPart);
}

// The bytes change with their identity staying, as through a mapped file.
TEST_F(PartStream, A3_bytes_that_differ_between_the_readings_are_a_change_and_never_published) {
    int first_pieces = 0;
    before_read = [&](std::uint64_t offset) {
        if (offset == kPart && ++first_pieces == 2) source_place.flip_byte("large", kPart + 17);
    };
    auto receipt = copy(numbers(4 * kPart));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Changed) << receipt.error().message();
    EXPECT_TRUE(destination_place.objects.empty());
    EXPECT_EQ(memory.taken(), 0u);
}

TEST_F(PartStream, A10_a_source_that_is_replaced_is_a_change) {
    before_read = [&](std::uint64_t offset) {
        if (offset == 2 * kPart + kPiece) source_place.write("large", "another");
    };
    auto receipt = copy(numbers(4 * kPart));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Changed) << receipt.error().message();
    EXPECT_TRUE(destination_place.objects.empty());
}

}  // namespace
}  // namespace godwit::engine
