// Plan files: what a run would do, to be looked at, approved and carried out later. JSON lines
// (docs/plans.md):
//
//   {"v":1,"type":"plan",...}        what was asked for, between which places
//   {"key":...,"action":"copy",...}  one line for each object that is not left as it is, in key order
//   {"type":"end","objects":N,...}   with the SHA-256 of all bytes before this line: nothing is missing or
//   was edited
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "app/new_file.h"
#include "base/digest.h"
#include "engine/approval.h"

namespace godwit::app {

// What a plan is of.
struct PlanHead {
    // RunRecord's text: the command line that was planned.
    std::string record;
    // RootIdentity of both ends.
    std::string source_canonical, source_identity, destination_canonical, destination_identity;
    std::int64_t made_unix_ns = 0;
};

// One object's line, without its line end. Also what a dry run says of it.
boost::json::object planned_json(const model::PlannedObject& object);

// Writes a plan into a file that is not there yet, and is not there afterwards unless finish() has succeeded.
// Fails with the errno of the file.
class PlanWriter {
  public:
    static Result<PlanWriter> create(const std::string& path, const PlanHead& head);
    // In key order.
    Result<void> add(const model::PlannedObject& object);
    // The last line. The file is durable when it returns.
    Result<void> finish();

  private:
    explicit PlanWriter(NewFile file) : file_(std::move(file)) {}
    Result<void> write_line(const boost::json::object& object);
    Result<void> write_out();

    NewFile file_;
    std::string buffer_;
    Hasher hasher_{DigestAlgorithm::Sha256};
    std::uint64_t objects_ = 0;
};

// A plan that was written whole. Any number of stretches of it may be read at once.
class PlanFile final : public engine::ApprovedPlan {
  public:
    // Reads all of it once. Fails with Invalid for what is no plan, was cut short or edited, naming the line
    // where there is one.
    static Result<std::shared_ptr<const PlanFile>> open(const std::string& path);

    const PlanHead& head() const { return head_; }
    std::uint64_t objects() const { return objects_; }
    // Of the whole: names this very plan.
    const std::string& sha256() const { return sha256_; }
    Result<std::unique_ptr<engine::ApprovedEntries>> entries(const model::KeyRange& range) const override;

  private:
    PlanFile() = default;

    std::string path_;
    PlanHead head_;
    std::uint64_t objects_ = 0;
    std::string sha256_;
    // Where the first object's line begins, and the last line.
    std::uint64_t begin_ = 0, end_ = 0;
};

}  // namespace godwit::app
