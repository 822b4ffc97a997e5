// Approval: a run that does what was planned and approved before, and nothing else.
//
// The finder plans everything anew, from listings of now. What it finds is held beside the approved plan, key
// by key: what is the same in both goes on; what has drifted since (another generation at an end, another
// decision) is refused; what nobody has approved is left alone. So an approval never covers what its giver
// has not seen, and costs no request for an object.
#pragma once

#include <memory>
#include <optional>

#include "engine/finder.h"
#include "model/key.h"
#include "model/plan.h"

namespace godwit::engine {

// A stretch of an approved plan.
class ApprovedEntries {
  public:
    virtual ~ApprovedEntries() = default;
    // The next one, in key order, each key once; absent at the end. Blocks for a read of a local file at
    // most.
    virtual Result<std::optional<model::PlannedObject>> next() = 0;
};

class ApprovedPlan {
  public:
    virtual ~ApprovedPlan() = default;
    // What was planned for keys in the range. The plan outlives it.
    virtual Result<std::unique_ptr<ApprovedEntries>> entries(const model::KeyRange& range) const = 0;
};

// Holds what is found in one range, page by page, to the plan for that range.
class Approval {
  public:
    explicit Approval(std::unique_ptr<ApprovedEntries> entries) : entries_(std::move(entries)) {}

    // What is not as approved becomes a Skip, or a Delete that will not happen, with reason Drifted or
    // NotApproved. Pages come in key order. Fails as the plan does when it is read.
    Result<void> admit(FoundPage& page);
    // Approved entries for which there was nothing to do any more.
    std::uint64_t not_needed() const { return not_needed_; }

  private:
    Result<void> admit_one(model::PlannedObject& found);
    Result<void> pass_over(const model::Key* until);
    Result<void> read_next();

    std::unique_ptr<ApprovedEntries> entries_;
    std::optional<model::PlannedObject> next_;
    bool begun_ = false, ended_ = false;
    std::uint64_t not_needed_ = 0;
};

}  // namespace godwit::engine
