// The delete auditor: watches places while a program works on them, and fails the test on the first loss
// that no rule permits. It knows what really stands there from the places alone, and nothing of plans,
// ledgers or reasons: what it finds is true whatever the program believes.
//
// What may vanish is said by rules. A copy has one (copy_rule); who deletes on purpose adds a rule for it,
// made of what the auditor has seen and of what the test knows.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/memory_store.h"

namespace godwit::store::testing {

class DeleteAuditor {
  public:
    // What the auditor has seen of one place.
    struct Account {
        // The digests of everything that ever stood under a key: its generations.
        std::map<std::string, std::set<std::string>> generations;
        std::set<std::string> uploads;  // that stores began

        bool had(const std::string& key, const std::optional<Digest>& bytes) const {
            auto known = generations.find(key);
            return known != generations.end() && bytes && known->second.contains(bytes->display());
        }
    };
    struct Loss {
        Role side;
        const Change& change;
        const Account& source;
        const Account& destination;
    };
    // True: this loss is as it should be.
    using Rule = std::function<bool(const Loss&)>;

    explicit DeleteAuditor(Rule rule) { permit(std::move(rule)); }
    void permit(Rule rule) { rules_.push_back(std::move(rule)); }

    // From now on; what is there already counts as its owner's. The auditor outlives the place.
    void watch(Role side, MemoryPlace& place) {
        for (const auto& [key, object] : place.objects) {
            Digest bytes = digest_of(DigestAlgorithm::Crc64Nvme, object.bytes);
            note(account_of(side), {.name = key, .now = bytes});
        }
        place.observer = [this, side](const Change& change) { saw(side, change); };
    }

    // For observers of other stores. At the instant of the change.
    void saw(Role side, const Change& change) {
        if (change.is_loss() && !change.operation.empty()) judge({side, change, source_, destination_});
        note(account_of(side), change);
    }

    std::uint64_t losses() const { return losses_; }

  private:
    Account& account_of(Role side) { return side == Role::Source ? source_ : destination_; }

    void judge(const Loss& loss) {
        ++losses_;
        for (const Rule& rule : rules_) {
            if (rule(loss)) return;
        }
        ADD_FAILURE() << "no rule permits that " << loss.change.operation << " makes '" << loss.change.name
                      << "' vanish at the " << (loss.side == Role::Source ? "source" : "destination");
    }

    static void note(Account& account, const Change& change) {
        if (change.kind == ChangeKind::UploadBegun) account.uploads.insert(change.name);
        if (change.now) account.generations[change.name].insert(change.now->display());
    }

    std::vector<Rule> rules_;
    Account source_, destination_;
    std::uint64_t losses_ = 0;
};

// What a copy may do: at the destination, put one whole generation of the source's object in place of what
// stands under its key (or other attributes on the same bytes), and drop uploads that stores began. It
// removes no object anywhere, and changes nothing at the source.
inline bool copy_rule(const DeleteAuditor::Loss& loss) {
    const Change& change = loss.change;
    if (loss.side == Role::Source) return false;
    if (change.kind == ChangeKind::UploadDiscarded) return loss.destination.uploads.contains(change.name);
    return change.kind == ChangeKind::Replaced && loss.source.had(change.name, change.now);
}

// What a mirror may do besides: remove what stands at the destination now, and in that generation, when the
// source does not have its key at the instant at which it goes.
inline DeleteAuditor::Rule mirror_rule(const MemoryPlace& source, const MemoryPlace& destination) {
    std::map<std::string, Digest> listed;
    for (const auto& [key, object] : destination.objects)
        listed.emplace(key, digest_of(DigestAlgorithm::Crc64Nvme, object.bytes));
    return [&source, listed](const DeleteAuditor::Loss& loss) {
        const Change& change = loss.change;
        auto seen = listed.find(change.name);
        return loss.side == Role::Destination && change.kind == ChangeKind::Removed && seen != listed.end() &&
               change.was == seen->second && !source.objects.contains(change.name);
    };
}

// What a test may do that calls the operations itself: each loses only what it is there to lose.
inline bool operation_rule(const DeleteAuditor::Loss& loss) {
    std::string_view operation = loss.change.operation;
    switch (loss.change.kind) {
        case ChangeKind::Removed:
            return operation == "remove";
        case ChangeKind::UploadDiscarded:
            return operation == "discard";
        case ChangeKind::Replaced:
            return operation == "publish" ||
                   (operation == "set_metadata" && loss.change.was == loss.change.now);
        default:
            return false;
    }
}

}  // namespace godwit::store::testing
