#include "model/outcome.h"

#include "model/enum_names.h"
#include "model/evidence.h"

namespace godwit::model {
namespace {

constexpr EnumNames<Outcome, 13> kOutcomeNames{{{Outcome::Verified, "verified"},
                                                {Outcome::Copied, "copied"},
                                                {Outcome::Metadata, "metadata"},
                                                {Outcome::Unchanged, "unchanged"},
                                                {Outcome::Skipped, "skipped"},
                                                {Outcome::Gone, "gone"},
                                                {Outcome::Deferred, "deferred"},
                                                {Outcome::Unrepresentable, "unrepresentable"},
                                                {Outcome::Conflict, "conflict"},
                                                {Outcome::Deleted, "deleted"},
                                                {Outcome::Failed, "failed"},
                                                {Outcome::Kept, "kept"},
                                                {Outcome::NotDeleted, "not_deleted"}}};

constexpr EnumNames<ExecutionStatus, 9> kStatusNames{{{ExecutionStatus::Queued, "QUEUED"},
                                                      {ExecutionStatus::Launching, "LAUNCHING"},
                                                      {ExecutionStatus::Preparing, "PREPARING"},
                                                      {ExecutionStatus::Transferring, "TRANSFERRING"},
                                                      {ExecutionStatus::Verifying, "VERIFYING"},
                                                      {ExecutionStatus::Clean, "CLEAN"},
                                                      {ExecutionStatus::Incomplete, "INCOMPLETE"},
                                                      {ExecutionStatus::Failed, "FAILED"},
                                                      {ExecutionStatus::Cancelled, "CANCELLED"}}};

constexpr EnumNames<EvidenceLevel, 5> kLevelNames{{{EvidenceLevel::None, "none"},
                                                   {EvidenceLevel::ServerCopy, "server_copy"},
                                                   {EvidenceLevel::Attested, "attested"},
                                                   {EvidenceLevel::ReadBackCached, "read_back_cached"},
                                                   {EvidenceLevel::ReadBack, "read_back"}}};

constexpr EnumNames<ObjectType, 4> kTypeNames{{{ObjectType::File, "file"},
                                               {ObjectType::Directory, "directory"},
                                               {ObjectType::Symlink, "symlink"},
                                               {ObjectType::Special, "special"}}};

}  // namespace

std::string_view to_string(Outcome outcome) {
    return name_of(kOutcomeNames, outcome);
}
std::optional<Outcome> outcome_from(std::string_view name) {
    return value_of(kOutcomeNames, name);
}
std::string_view to_string(ExecutionStatus status) {
    return name_of(kStatusNames, status);
}
std::optional<ExecutionStatus> execution_status_from(std::string_view name) {
    return value_of(kStatusNames, name);
}
bool is_final(ExecutionStatus status) {
    return status >= ExecutionStatus::Clean;
}
std::string_view to_string(EvidenceLevel level) {
    return name_of(kLevelNames, level);
}
std::optional<EvidenceLevel> evidence_level_from(std::string_view name) {
    return value_of(kLevelNames, name);
}
std::string_view to_string(ObjectType type) {
    return name_of(kTypeNames, type);
}
std::optional<ObjectType> object_type_from(std::string_view name) {
    return value_of(kTypeNames, name);
}

void Counts::add(Outcome outcome, std::uint64_t objects_added, std::uint64_t bytes_added) {
    objects[static_cast<std::size_t>(outcome)] += objects_added;
    bytes[static_cast<std::size_t>(outcome)] += bytes_added;
}

void Counts::add(const Counts& other) {
    for (std::size_t i = 0; i < kOutcomeCount; ++i) {
        objects[i] += other.objects[i];
        bytes[i] += other.bytes[i];
    }
}

std::uint64_t Counts::copied() const {
    return (*this)[Outcome::Verified] + (*this)[Outcome::Copied] + (*this)[Outcome::Metadata];
}
std::uint64_t Counts::skipped() const {
    return (*this)[Outcome::Unchanged] + (*this)[Outcome::Skipped] + (*this)[Outcome::Gone];
}
std::uint64_t Counts::deferred() const {
    return (*this)[Outcome::Deferred];
}
std::uint64_t Counts::failed() const {
    return (*this)[Outcome::Failed] + (*this)[Outcome::Unrepresentable] + (*this)[Outcome::Conflict];
}
std::uint64_t Counts::listed() const {
    return copied() + skipped() + deferred() + failed();
}
std::uint64_t Counts::copied_bytes() const {
    return bytes[static_cast<std::size_t>(Outcome::Verified)] +
           bytes[static_cast<std::size_t>(Outcome::Copied)];
}

}  // namespace godwit::model
