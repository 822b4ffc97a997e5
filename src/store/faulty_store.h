// A Store that fails on demand, around any other: for sweeps in which the Nth operation fails, for
// every N, and what follows must still be right (catalogue, fault plan FP).
//
// A fault strikes before the operation, which then never happens, or after it: then the operation
// was carried out and only its answer is lost, which is the case that costs data when mishandled.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace godwit::store {

enum class FaultMoment : std::uint8_t { Before, After };

struct Fault {
    // The operation to fail, counted from 1 over everything that the store and what it hands out do.
    std::uint64_t nth = 0;
    FaultMoment moment = FaultMoment::Before;
    ErrorKind kind = ErrorKind::Lost;
    // This and all later operations fail: the store is gone.
    bool from_then_on = false;
};

// What is to fail, and the count that decides it. Shared by all stores of one test.
class FaultPlan {
  public:
    FaultPlan() = default;
    explicit FaultPlan(Fault fault) : fault_(fault) {}

    // Counts one operation and tells what is to become of it.
    struct Verdict {
        bool before = false, after = false;
    };
    Verdict next(std::string_view operation);
    Error error(std::string_view operation) const;

    std::uint64_t operations() const { return names_.size(); }
    // What was counted, in order: names an operation of a failing sweep.
    const std::vector<std::string>& names() const { return names_; }
    bool fired() const { return fired_; }

  private:
    Fault fault_;
    bool fired_ = false;
    std::vector<std::string> names_;
};

// `plan` must outlive the store and everything it hands out.
std::unique_ptr<Store> make_faulty_store(std::unique_ptr<Store> inner, FaultPlan& plan);

}  // namespace godwit::store
