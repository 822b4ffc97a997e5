// Row D34 of the fault catalogue, byte by byte: FIN and RST in turn while an object of 64 KiB goes up, while
// its answer comes, and while it comes back. What a clean run sweeps in samples, `./dev test --all` does at
// every byte.
#include <array>

#include "conformance/s3_hostile.h"

namespace godwit::hostile {
namespace {

constexpr std::uint64_t kBytes = 64 << 10;
// More than any head of the double.
constexpr std::uint64_t kHeadBytesMax = 600;

class HostileSweep : public HostileTest {
  protected:
    // Both ends of `size` bytes, and each 97th between.
    static bool is_sampled(std::uint64_t at, std::uint64_t size) {
        return at < 1024 || at + 1024 >= size || at % 97 == 0;
    }
    // Calls `cut_at(effects, offset)` for the offsets of `size` bytes.
    template <class CutAt>
    void sweep(std::uint64_t size, bool all, const CutAt& cut_at) {
        for (std::uint64_t at = 0; at < size && !HasFatalFailure(); ++at) {
            if (!all && !is_sampled(at, size)) continue;
            Effects cutting;
            cutting.reset = at % 2 == 1;
            server_->set_rules({});
            SCOPED_TRACE(at);
            cut_at(std::move(cutting), at);
        }
    }
    void put_is_whole(Effects cutting) {
        const std::string& text = texts_[++turn_ % 2u];
        rule(Operation::PutObject, "object", std::move(cutting), 1);
        store::PutRequest request = put_request("object", text.size());
        if (auto there = server_->object("bucket", "object")) {
            request.replaces = Identity{there->size_bytes(), 0, there->etag};
        }
        auto receipt = put(request, text);
        ASSERT_OK(receipt);
        ASSERT_TRUE(stored("object") == text);
        ASSERT_EQ(receipt->level, EvidenceLevel::Attested);
    }
    void sweep_puts(bool all) {
        sweep(kBytes, all, [&](Effects cutting, std::uint64_t at) {
            cutting.cut_request_at = at;
            put_is_whole(std::move(cutting));
        });
        sweep(kHeadBytesMax, all, [&](Effects cutting, std::uint64_t at) {
            cutting.cut_reply_at = at;
            put_is_whole(std::move(cutting));
        });
    }
    void sweep_gets(bool all) {
        Identity identity = written("object", texts_[0]);
        sweep(kBytes + kHeadBytesMax, all, [&](Effects cutting, std::uint64_t at) {
            cutting.cut_reply_at = at;
            rule(Operation::GetObject, "object", std::move(cutting), 1);
            auto read = get("object", identity);
            ASSERT_OK(read);
            ASSERT_TRUE(*read == texts_[0]);
        });
    }

    // Each object that goes up differs from the one before it.
    const std::array<std::string, 2> texts_{pattern(kBytes, 1), pattern(kBytes, 2)};
    std::size_t turn_ = 0;
};

TEST_F(HostileSweep, D34_an_object_that_is_cut_on_its_way_up_is_whole_in_the_end) {
    sweep_puts(false);
}

TEST_F(HostileSweep, D34_an_object_that_is_cut_on_its_way_down_is_whole_in_the_end) {
    sweep_gets(false);
}

// With `./dev test --all`.
TEST_F(HostileSweep, DISABLED_D34_cut_at_every_byte_on_its_way_up) {
    sweep_puts(true);
}

TEST_F(HostileSweep, DISABLED_D34_cut_at_every_byte_on_its_way_down) {
    sweep_gets(true);
}

}  // namespace
}  // namespace godwit::hostile
