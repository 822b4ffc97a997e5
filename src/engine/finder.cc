#include "engine/finder.h"

#include <algorithm>

#include "engine/ordered_listing.h"
#include "model/prefix_guard.h"

namespace godwit::engine {
namespace {

using model::Entry;
using model::IndexRow;
using model::ObjectType;
using model::Outcome;
using model::Plan;
using model::PlanAction;
using model::PlannedObject;
using model::SkipReason;

// A listing as a stream; what it could not read is collected beside it.
EntryStream entries_of(Context& context, OrderedListing& listing, std::vector<Error>& unreadable) {
    return EntryStream([&context, &listing, &unreadable]() -> Task<Result<EntryStream::Page>> {
        GODWIT_CO_TRY(store::Page page, co_await listing.next(context));
        for (Error& error : page.unreadable) unreadable.push_back(std::move(error));
        co_return EntryStream::Page{std::move(page.entries), page.last};
    });
}

// A directory that both ends have alike, while its contents are merged.
struct EqualDirectory {
    Entry source, destination;
    std::optional<IndexRow> indexed;
    bool adopted = false;
};

// Whether carrying this out may give or take a name in the object's directory, which moves its mtime.
bool may_name(PlanAction action) {
    return action == PlanAction::Copy || action == PlanAction::Examine || action == PlanAction::Recheck;
}

// The key of the directory that an object lies in; empty for the root.
std::string_view parent_of(std::string_view key) {
    if (key.ends_with('/')) key.remove_suffix(1);
    return key.substr(0, key.rfind('/') + 1);
}

class Merge {
  public:
    Merge(Context& context, FinderInput& input, const FoundSink& sink)
        : context_(context),
          input_(input),
          sink_(sink),
          policy_(input.options.policy),
          source_listing_(input.source, input.range, input.options.selection.get(), Scope::Source),
          destination_listing_(input.destination, input.range, input.options.selection.get(),
                               Scope::Destination),
          source_(entries_of(context, source_listing_, page_.unreadable_source)),
          destination_(entries_of(context, destination_listing_, page_.unreadable_destination)),
          flushed_at_(context.loop().now()) {
        page_.cursor = input.range.after;
    }

    Task<Result<void>> run();

  private:
    Task<Result<void>> fill();
    Task<Result<void>> fill_listings();
    Task<Result<void>> look_at_tags();
    bool is_look_needed();
    // What a stream stands at, inside the range. Null: it has no more.
    const Entry* current(EntryStream& stream);
    bool all_ready() const { return source_.ready() && destination_.ready() && input_.index.ready(); }
    // Plans the smallest key of the streams. False when all have ended.
    bool step();
    bool index_caught_up();
    const IndexRow* indexed_for(const model::Key& key);
    void plan_one(const Entry* source, const Entry* destination);
    void add_missing(const Entry& asked_for);
    void plan_extra(const Entry& destination, const IndexRow* indexed);
    bool is_selected(const Entry& entry) const;
    bool waits_for_contents(const Entry& source) const;
    void skip(const Entry& source, const Entry& destination, bool adopted, const IndexRow* indexed);
    void leave_directories(std::string_view key);
    void look_again_at_parent(std::string_view key);
    void look_again_at_all();
    void look_again(const EqualDirectory& directory);
    Plan guard(const Entry& source, Plan plan);
    bool goes_with_others(const Entry& source, Plan plan, const IndexRow* indexed) const;
    void add_hard_link(const Entry& source, const Entry* destination, Plan plan, const IndexRow* indexed);
    void add(const Entry& source, const Entry* destination, Plan plan, const IndexRow* indexed);
    void count_planned(const Entry& source);
    PlannedObject planned_object(const Entry& source, const Entry* destination, Plan plan,
                                 const IndexRow* indexed) const;
    void adopt(const Entry& source, const Entry& destination, const IndexRow* indexed);
    bool page_full() const;
    Task<Result<void>> flush(bool complete);

    Context& context_;
    FinderInput& input_;
    const FoundSink& sink_;
    model::PlanPolicy policy_;
    FoundPage page_;
    std::uint64_t page_bytes_ = 0;
    OrderedListing source_listing_;
    OrderedListing destination_listing_;
    EntryStream source_;
    EntryStream destination_;
    model::PrefixGuard files_;
    // Directories that lie one in the other, and the current key in all of them.
    std::vector<EqualDirectory> waiting_;
    bool is_cut_ = false;  // the range was longer when the listings began
    Instant flushed_at_;
};

Task<Result<void>> Merge::run() {
    for (;;) {
        if (!all_ready()) GODWIT_CO_TRY_VOID(co_await fill());
        if (!index_caught_up()) continue;
        if (is_look_needed()) GODWIT_CO_TRY_VOID(co_await look_at_tags());
        if (!step()) break;
        if (page_full()) GODWIT_CO_TRY_VOID(co_await flush(false));
    }
    co_return co_await flush(true);
}

Task<Result<void>> Merge::fill() {
    if (!source_.ready() || !destination_.ready()) GODWIT_CO_TRY_VOID(co_await fill_listings());
    co_return co_await input_.index.fill();
}

Task<Result<void>> Merge::fill_listings() {
    Instant began = context_.loop().now();
    GODWIT_CO_TRY_VOID(co_await source_.fill());
    Instant source_came = context_.loop().now();
    GODWIT_CO_TRY_VOID(co_await destination_.fill());
    Instant came = context_.loop().now();
    // Another listing may have seen it.
    policy_.tags_are_md5 = input_.tags && input_.tags->are_md5();
    if (input_.end) {
        PagesCame pages{page_.cursor, source_came - began, came - source_came};
        GODWIT_CO_TRY(std::optional<std::string> end, co_await input_.end->pages_came(pages));
        is_cut_ |= end.has_value();
        if (end) input_.range.before = *std::move(end);
    }
    // Equal directories are decided when all of their contents are; a page that ends before would have each
    // of them looked at.
    bool is_old = came - flushed_at_ >= kFoundAgeMax && waiting_.empty();
    if (is_old) GODWIT_CO_TRY_VOID(co_await flush(false));
    co_return {};
}

const Entry* Merge::current(EntryStream& stream) {
    const Entry* entry = stream.current();
    bool is_beyond = is_cut_ && entry && entry->key.bytes() >= input_.range.before;
    return is_beyond ? nullptr : entry;
}

bool Merge::step() {
    const Entry* source = current(source_);
    const Entry* destination = current(destination_);
    // What only the destination has is nobody's concern but a mirror's.
    if (!source && (!destination || !input_.options.deletes)) return false;
    bool take_source = source && (!destination || source->key <= destination->key);
    bool take_destination = destination && (!source || destination->key <= source->key);
    plan_one(take_source ? source : nullptr, take_destination ? destination : nullptr);
    page_.cursor = (take_source ? source : destination)->key.bytes();
    if (take_source) source_.pop();
    if (take_destination) destination_.pop();
    return true;
}

// Could the tags of the next key decide, if it were known what they are?
bool Merge::is_look_needed() {
    if (!input_.tags || !input_.tags->undecided()) return false;
    const Entry* source = current(source_);
    const Entry* destination = current(destination_);
    bool both = source && destination && source->key == destination->key && source->missing_line == 0;
    return both && ContentTags::would_tell(*source, *destination) && is_selected(*source) &&
           model::plan(source, destination, indexed_for(source->key), policy_).action == PlanAction::Examine;
}

Task<Result<void>> Merge::look_at_tags() {
    GODWIT_CO_TRY_VOID(co_await input_.tags->look(context_, *source_.current(), *destination_.current()));
    policy_.tags_are_md5 = input_.tags->are_md5();
    co_return {};
}

// Passes over index rows of keys that neither end has any more; the destination's count where the run
// mirrors. False when the stream must be filled before it can tell what the index holds of the next key.
bool Merge::index_caught_up() {
    const Entry* next = current(source_);
    const Entry* destination = input_.options.deletes ? current(destination_) : nullptr;
    if (destination && (!next || destination->key < next->key)) next = destination;
    if (!next) return true;
    for (IndexRow* row = input_.index.current(); row && row->key < next->key; row = input_.index.current()) {
        input_.index.pop();
    }
    if (!input_.index.ready() && input_.skip_index) input_.skip_index(next->key);
    return input_.index.ready();
}

const IndexRow* Merge::indexed_for(const model::Key& key) {
    const IndexRow* row = input_.index.current();
    return row && row->key == key ? row : nullptr;
}

void Merge::plan_one(const Entry* source, const Entry* destination) {
    bool counts = input_.options.deletes && destination && is_selected(*destination);
    if (counts) ++page_.destination_objects;
    if (!source && counts) return plan_extra(*destination, indexed_for(destination->key));
    if (!source || !is_selected(*source)) return;
    const IndexRow* indexed = indexed_for(source->key);
    ++input_.progress.listed_objects;
    if (source->missing_line > 0) return add_missing(*source);
    input_.progress.listed_bytes += source->identity.size_bytes;
    Plan plan = guard(*source, model::plan(source, destination, indexed, policy_));
    leave_directories(source->key.bytes());
    if (goes_with_others(*source, plan, indexed)) return add_hard_link(*source, destination, plan, indexed);
    if (plan.action != PlanAction::Skip || plan.reason > SkipReason::Adopted) {
        add(*source, destination, plan, indexed);
        if (may_name(plan.action)) look_again_at_parent(source->key.bytes());
        return;
    }
    bool adopted = plan.reason == SkipReason::Adopted;
    if (!waits_for_contents(*source)) return skip(*source, *destination, adopted, indexed);
    waiting_.push_back({*source, *destination, indexed ? std::optional(*indexed) : std::nullopt, adopted});
}

// Whatever the destination has of it stays.
void Merge::add_missing(const Entry& asked_for) {
    PlannedObject object;
    object.key = asked_for.key;
    object.action = PlanAction::Missing;
    object.list_line = asked_for.missing_line;
    count_planned(asked_for);
    page_.objects.push_back(std::move(object));
}

bool Merge::is_selected(const Entry& entry) const {
    return !input_.options.selection || input_.options.selection->selects_entry(entry);
}

// A directory of a file system may be there only for what lies in it, of which an object store tells no more
// than the keys. What the index knows has not come during this run.
void Merge::plan_extra(const Entry& destination, const IndexRow* indexed) {
    bool directory =
        destination.type == ObjectType::Directory && input_.options.policy.destination_hierarchical;
    const Entry* next = current(source_);
    if (directory && next && next->key.bytes().starts_with(destination.key.bytes())) return;
    leave_directories(destination.key.bytes());
    bool known = indexed && model::same_generation(indexed->destination, destination.identity);
    PlannedObject object;
    object.key = destination.key;
    object.action = PlanAction::Delete;
    if (!known && input_.destination.may_be_newer(destination.identity, input_.options.begun_unix_ns))
        object.reason = SkipReason::Newer;
    object.type = destination.type;
    object.destination = destination.identity;
    (directory ? page_.directory_deletes : page_.deletes).push_back(std::move(object));
    look_again_at_parent(destination.key.bytes());
}

// Is it to be brought to its end together with the other names of its file?
bool Merge::goes_with_others(const Entry& source, Plan plan, const IndexRow* indexed) const {
    if (input_.options.policy.hard_links != model::HardLinkMode::Listed || !source.hard_link) return false;
    if (plan.action == PlanAction::Conflict || plan.action == PlanAction::Unrepresentable) return false;
    if (plan.action != PlanAction::Skip) return true;
    if (plan.reason > SkipReason::Adopted) return false;
    return plan.reason == SkipReason::Adopted || indexed->hard_links != model::HardLinks::Refused;
}

void Merge::add_hard_link(const Entry& source, const Entry* destination, Plan plan, const IndexRow* indexed) {
    page_.hard_links.push_back(planned_object(source, destination, plan, indexed));
    if (is_unchanged(page_.hard_links.back())) {
        ++input_.progress.skipped_objects;
        return;
    }
    count_planned(source);
    look_again_at_parent(source.key.bytes());
}

void Merge::skip(const Entry& source, const Entry& destination, bool adopted, const IndexRow* indexed) {
    if (adopted) adopt(source, destination, indexed);
    if (input_.options.record_unchanged) {
        Plan as_it_is{PlanAction::Skip, adopted ? SkipReason::Adopted : SkipReason::Unchanged};
        page_.objects.push_back(planned_object(source, &destination, as_it_is, indexed));
        ++input_.progress.planned_objects;
        return;
    }
    ++input_.progress.skipped_objects;
    page_.unchanged.add(Outcome::Unchanged, 1, source.identity.size_bytes);
}

// A name that comes into a directory moves its mtime, which then has to be brought over again: an equal
// one is skipped only when nothing was found to do in it.
bool Merge::waits_for_contents(const Entry& source) const {
    return source.type == ObjectType::Directory && input_.options.policy.destination_hierarchical &&
           input_.options.policy.preserve_mtime;
}

// Skips those whose contents have ended before `key`.
void Merge::leave_directories(std::string_view key) {
    while (!waiting_.empty() && !key.starts_with(waiting_.back().source.key.bytes())) {
        const EqualDirectory& left = waiting_.back();
        skip(left.source, left.destination, left.adopted, left.indexed ? &*left.indexed : nullptr);
        waiting_.pop_back();
    }
}

void Merge::look_again_at_parent(std::string_view key) {
    if (waiting_.empty() || waiting_.back().source.key.bytes() != parent_of(key)) return;
    look_again(waiting_.back());
    waiting_.pop_back();
}

// A page ends all that its cursor has passed (I8), and what is to be done in the rest of these
// directories is not known yet.
void Merge::look_again_at_all() {
    for (const EqualDirectory& directory : waiting_) look_again(directory);
    waiting_.clear();
}

// After everything else, as directories are.
void Merge::look_again(const EqualDirectory& directory) {
    add(directory.source, &directory.destination, {PlanAction::Examine, SkipReason::None}, nullptr);
}

// A file system cannot hold what lies beneath a file.
Plan Merge::guard(const Entry& source, Plan plan) {
    if (!input_.options.policy.destination_hierarchical) return plan;
    if (!files_.beneath_file(source.key.bytes()).empty())
        return {PlanAction::Unrepresentable, SkipReason::None};
    if (source.type != ObjectType::Directory) files_.is_file(source.key.bytes());
    return plan;
}

void Merge::add(const Entry& source, const Entry* destination, Plan plan, const IndexRow* indexed) {
    PlannedObject object = planned_object(source, destination, plan, indexed);
    bool late = source.type == ObjectType::Directory && input_.options.policy.destination_hierarchical;
    count_planned(source);
    (late ? page_.directories : page_.objects).push_back(std::move(object));
}

void Merge::count_planned(const Entry& source) {
    page_bytes_ += source.identity.size_bytes;
    ++input_.progress.planned_objects;
    input_.progress.planned_bytes += source.identity.size_bytes;
}

PlannedObject Merge::planned_object(const Entry& source, const Entry* destination, Plan plan,
                                    const IndexRow* indexed) const {
    PlannedObject object;
    object.key = source.key;
    object.action = plan.action;
    object.reason = plan.reason;
    object.type = source.type;
    object.source = source.identity;
    if (destination) object.destination = destination->identity;
    // An Examine of two known generations asks for more than the bytes.
    bool vouched = plan.action == PlanAction::Recheck ||
                   (indexed && destination && model::same_generation(source.identity, indexed->source) &&
                    model::same_generation(destination->identity, indexed->destination));
    if (vouched && indexed) object.known_digest = indexed->digest;
    if (input_.options.policy.hard_links == model::HardLinkMode::Listed) {
        object.hard_link = source.hard_link;
        if (destination && destination->hard_link) object.destination_names = destination->hard_link->names;
    }
    return object;
}

void Merge::adopt(const Entry& source, const Entry& destination, const IndexRow* indexed) {
    if (indexed && model::same_generation(indexed->source, source.identity) &&
        model::same_generation(indexed->destination, destination.identity)) {
        return;
    }
    IndexRow row;
    row.key = source.key;
    row.source = source.identity;
    row.destination = destination.identity;
    page_.adopted.push_back(std::move(row));
}

bool Merge::page_full() const {
    std::size_t objects = page_.objects.size() + page_.directories.size() + page_.hard_links.size() +
                          page_.deletes.size() + page_.directory_deletes.size();
    return objects >= kFoundObjectsMax || page_bytes_ >= kFoundBytesMax ||
           page_.unchanged[Outcome::Unchanged] >= kFoundUnchangedMax ||
           page_.adopted.size() >= kFoundObjectsMax;
}

Task<Result<void>> Merge::flush(bool complete) {
    // Beyond a range's end other shards go on in the same directories.
    if (complete && input_.range.before.empty()) leave_directories({});
    look_again_at_all();
    page_.complete = complete;
    FoundPage found = std::move(page_);
    page_ = FoundPage();
    page_.cursor = found.cursor;
    page_bytes_ = 0;
    flushed_at_ = context_.loop().now();
    co_return co_await sink_(std::move(found));
}

}  // namespace

std::string just_before(const model::Key& key) {
    std::string text = key.bytes();
    auto last = static_cast<unsigned char>(text.back());
    text.pop_back();
    if (last == 0) return text;
    // Longer runs of the highest byte do not occur in names.
    return text + static_cast<char>(last - 1) + std::string(8, '\xff');
}

Task<Result<void>> find(Context& context, FinderInput& input, const FoundSink& sink) {
    Merge merge(context, input, sink);
    co_return co_await merge.run();
}

}  // namespace godwit::engine
