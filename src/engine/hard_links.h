// Names of one file, brought to their ends together: one is brought over as any object is, the others are
// linked to it.
//
// Where the source's objects only say that they are of one file (HardLinkMode::Told), those alone are linked
// of which is proved that they have the bytes and attributes of the first; the rest is looked through for
// another file, and for a bounded number of them.
//
// Whatever is set on a name is set on all, and each link moves the file's ctime. So the identity that the
// index needs is known only at the end, and all names get their rows at once.
#pragma once

#include <optional>
#include <vector>

#include "engine/transfer.h"

namespace godwit::engine {

class HardLinkGroup {
  public:
    struct Name {
        std::uint32_t item = 0;  // within the batch
        model::PlannedObject object;
        // Always there when run() has succeeded.
        std::optional<ObjectEnd> end = {};
        // The one whose file has this name at the destination, too: itself, or what it is linked to.
        const Name* first = nullptr;
        // It became a name of the file in this run.
        bool linked = false;
    };

    // Of one file (PlannedObject::hard_link), at least one, in key order. All arguments outlive the group.
    HardLinkGroup(Context& context, TransferContext& shared, std::vector<Name> names)
        : context_(context),
          shared_(shared),
          names_(std::move(names)),
          file_(*names_.front().object.hard_link),
          told_(shared.options.policy.hard_links == model::HardLinkMode::Told) {}

    // Brings all to their ends; those that a killed run had begun are looked at again first. Fails as
    // transfer().
    Task<Result<void>> run(bool begun_before, runtime::Permit& start);
    std::vector<Name>& names() { return names_; }

  private:
    Task<Result<void>> look_again_at_all(runtime::Permit& start);
    Task<Result<void>> run_once(runtime::Permit& start);
    Name* choose_first();
    bool must_link_to(const Name& first) const;
    Task<Result<ObjectEnd>> bring_first(Name& first, runtime::Permit& start);
    void all_end_as(const ObjectEnd& end);
    Task<Result<void>> link_to(const Name& first, Name& name, runtime::Permit& start);
    Task<Result<bool>> is_same_file(const Name& first, Name& name);
    Task<Result<bool>> is_still_of(const Name& first, const Name& name);
    Task<Result<bool>> is_proved_equal(const Name& first, Name& name);
    Task<Result<ObjectEnd>> leave_apart(Name& name, runtime::Permit& start);
    ObjectEnd linked_end(const ObjectEnd& first, const Name& name) const;
    void settle(const Name& first);

    Context& context_;
    TransferContext& shared_;
    std::vector<Name> names_;
    const model::HardLink file_;
    // The names only say that they are of one file.
    const bool told_;
    std::uint32_t deferrals_ = 0;
    std::uint32_t files_ = 0;  // that the names turned out to be of
    bool first_deferred_ = false;
    // What the file is at the destination, since the last of our links.
    model::Identity identity_;
};

}  // namespace godwit::engine
