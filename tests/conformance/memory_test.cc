// The conformance suite over the memory store.
#include "conformance/store_conformance.h"
#include "store/memory_store.h"
#include "store/testing/delete_auditor.h"

namespace godwit::conformance {
namespace {

class MemoryLocation final : public Location {
  public:
    explicit MemoryLocation(store::MemoryStoreOptions options) : options_(std::move(options)) {
        auditor_.watch(store::Role::Destination, place_);
    }
    std::unique_ptr<store::Store> connect() override { return store::make_memory_store(place_, options_); }
    std::vector<std::string> leftovers() override {
        std::vector<std::string> left;
        for (const auto& [id, upload] : place_.uploads) left.push_back('"' + upload.key.bytes() + "\" " + id);
        return left;
    }

  private:
    store::testing::DeleteAuditor auditor_{store::testing::operation_rule};
    store::MemoryPlace place_;
    store::MemoryStoreOptions options_;
};

StoreCase memory_case(std::string name, store::MemoryStoreOptions options) {
    StoreCase store_case;
    store_case.name = std::move(name);
    store_case.make = [options] { return std::make_unique<MemoryLocation>(options); };
    store_case.large_bytes = 2'500'000;
    return store_case;
}

store::MemoryStoreOptions small_parts() {
    store::MemoryStoreOptions options;
    options.part_bytes = 1 << 20;
    return options;
}

store::MemoryStoreOptions mute() {
    store::MemoryStoreOptions options = small_parts();
    options.attests = false;
    options.latency = std::chrono::microseconds(1);
    return options;
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance,
                         testing::Values(memory_case("attesting", small_parts()),
                                         memory_case("mute", mute())),
                         case_name);

}  // namespace
}  // namespace godwit::conformance
