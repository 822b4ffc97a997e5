#include "store/faulty_store.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "runtime/io_loop.h"
#include "store/memory_store.h"

namespace godwit::store {
namespace {

class FaultyStoreTest : public testing::Test {
  protected:
    Result<Receipt> put(FaultPlan& plan, std::string_view text) {
        auto store = make_faulty_store(make_memory_store(place_), plan);
        PutRequest request;
        request.key = Key("k");
        request.size_bytes = text.size();
        Digest digest = digest_of(request.digest, bytes_of(text));
        return loop_.block_on(store->put(context_, request, bytes_of(text), digest));
    }

    runtime::IoLoop loop_;
    Context context_{loop_};
    MemoryPlace place_;
};

TEST_F(FaultyStoreTest, without_a_fault_it_is_the_store_itself) {
    FaultPlan plan;
    EXPECT_TRUE(put(plan, "text"));
    EXPECT_EQ(plan.names(), std::vector<std::string>{"put"});
    EXPECT_FALSE(plan.fired());
}

TEST_F(FaultyStoreTest, a_fault_before_the_operation_leaves_nothing_done) {
    Fault fault;
    fault.nth = 1;
    fault.kind = ErrorKind::Busy;
    FaultPlan plan(fault);
    auto receipt = put(plan, "text");
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), ErrorKind::Busy);
    EXPECT_TRUE(place_.objects.empty());
    EXPECT_TRUE(plan.fired());
}

TEST_F(FaultyStoreTest, a_fault_after_the_operation_loses_only_the_answer) {
    Fault fault;
    fault.nth = 1;
    fault.moment = FaultMoment::After;
    FaultPlan plan(fault);
    EXPECT_FALSE(put(plan, "text"));
    EXPECT_EQ(place_.objects.count("k"), 1u);
}

TEST_F(FaultyStoreTest, a_store_that_is_gone_stays_gone) {
    Fault fault;
    fault.nth = 1;
    fault.from_then_on = true;
    FaultPlan plan(fault);
    EXPECT_FALSE(put(plan, "one"));
    EXPECT_FALSE(put(plan, "two"));
}

TEST_F(FaultyStoreTest, what_sources_and_sinks_do_is_counted_too) {
    FaultPlan plan;
    auto store = make_faulty_store(make_memory_store(place_), plan);
    PutRequest request;
    request.key = Key("k");
    request.size_bytes = 4;
    auto sink = loop_.block_on(store->begin(context_, request));
    ASSERT_TRUE(sink);
    Digest digest = digest_of(request.digest, bytes_of("text"));
    ASSERT_TRUE(loop_.block_on((*sink)->write(context_, 0, bytes_of("text"), digest)));
    auto receipt = loop_.block_on((*sink)->commit(context_, digest));
    ASSERT_TRUE(receipt);
    OpenRequest reading;
    reading.key = Key("k");
    reading.expected = receipt->identity;
    auto source = loop_.block_on(store->open(context_, reading));
    ASSERT_TRUE(source);
    EXPECT_TRUE(loop_.block_on((*source)->verify_unchanged(context_)));
    EXPECT_EQ(plan.names(),
              (std::vector<std::string>{"begin", "write", "commit", "open", "verify_unchanged"}));
}

}  // namespace
}  // namespace godwit::store
