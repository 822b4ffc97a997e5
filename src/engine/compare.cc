#include "engine/compare.h"

#include <fmt/format.h>

#include "base/time_format.h"
#include "engine/look_again.h"
#include "engine/ordered_listing.h"
#include "engine/page_stream.h"
#include "engine/read_back.h"
#include "runtime/group.h"

namespace godwit::engine {
namespace {

using model::CompareMode;
using model::Entry;
using model::ObjectInfo;
using model::ObjectType;

// Comparisons that ask a store, at once. Requests are bounded by permits; this bounds what waits.
constexpr std::size_t kComparisonsMax = 512;
// What could not be listed is remembered up to this many; the rest is the same news.
constexpr std::size_t kUnlistedMax = 1000;

// One side's listing as a stream.
class Side {
  public:
    Side(Context& context, store::Store& store, const model::Selection* selection,
         std::vector<Error>& unlisted, Scope scope)
        : store(store),
          listing_(store, {}, selection, scope),
          stream_([this, &context] { return next(context); }),
          unlisted_(unlisted) {}

    Task<Result<void>> fill() { return stream_.fill(); }
    bool ready() const { return stream_.ready(); }
    Entry* current() { return stream_.current(); }
    void pop() { stream_.pop(); }
    // It holds keys beneath `directory`, so the directory is there, with or without an entry. True at
    // worst one page too early: the caller fills first.
    bool continues_in(const model::Key& directory) {
        return current() && current()->key.bytes().starts_with(directory.bytes());
    }

    store::Store& store;

  private:
    using Stream = PageStream<Entry>;
    Task<Result<Stream::Page>> next(Context& context) {
        GODWIT_CO_TRY(store::Page page, co_await listing_.next(context));
        for (Error& error : page.unreadable) {
            if (unlisted_.size() < kUnlistedMax) unlisted_.push_back(std::move(error));
        }
        co_return Stream::Page{std::move(page.entries), page.last};
    }

    OrderedListing listing_;
    Stream stream_;
    std::vector<Error>& unlisted_;
};

// What differs; nothing when the detail is empty.
struct Finding {
    Difference kind = Difference::Content;
    std::string detail = {};

    bool equal() const { return detail.empty(); }
};

std::string both(std::string_view what, const std::string& source, const std::string& destination) {
    return fmt::format("{}: {} at the source, {} at the destination", what, source, destination);
}

std::string attributes_difference(const model::PosixAttributes& a, const model::PosixAttributes& b,
                                  ObjectType type, const model::PlanPolicy& policy) {
    constexpr std::uint32_t kPermissionBits = 07777;
    auto time = [](std::int64_t unix_ns) { return format_rfc3339(unix_ns); };
    auto octal = [](std::uint32_t mode) { return fmt::format("{:04o}", mode & kPermissionBits); };
    // A link has no mode of its own.
    bool mode_counts = policy.preserve_mode && type != ObjectType::Symlink;
    if (policy.preserve_mtime && a.mtime_ns != b.mtime_ns)
        return both("mtime", time(a.mtime_ns), time(b.mtime_ns));
    if (mode_counts && octal(a.mode) != octal(b.mode)) return both("mode", octal(a.mode), octal(b.mode));
    if (policy.preserve_owner && (a.uid != b.uid || a.gid != b.gid)) {
        return both("owner", fmt::format("{}:{}", a.uid, a.gid), fmt::format("{}:{}", b.uid, b.gid));
    }
    return "";
}

std::string xattrs_difference(const model::Metadata& a, const model::Metadata& b,
                              model::XattrClasses classes) {
    if (model::same_xattrs(a, b, classes)) return "";
    auto text = [&](const model::Metadata& metadata) {
        std::string words;
        for (const auto& [name, value] : classes.chosen_from(metadata.xattrs))
            words += fmt::format("{}{} ({} bytes)", words.empty() ? "" : ", ", printable(name), value.size());
        if (metadata.xattrs_malformed) words = "some that cannot be read";
        return words.empty() ? "none" : words;
    };
    return both("extended attributes", text(a), text(b));
}

class Comparison {
  public:
    Comparison(Context& context, store::Store& source, store::Store& destination,
               const ExecutionOptions& options, Progress& progress, const ComparedSink& sink)
        : context_(context),
          options_(options),
          progress_(progress),
          sink_(sink),
          source_(context_, source, options.selection.get(), result_.unlisted_source, Scope::Source),
          destination_(context_, destination, options.selection.get(), result_.unlisted_destination,
                       Scope::Destination),
          memory_(options.limits.memory_bytes_max),
          requests_(context.loop(), options.concurrency_start, options.limits.concurrency_max),
          rate_(context.loop(), options.limits.bytes_per_second),
          shared_{context.loop(), context_,  options, source,   destination,
                  memory_,        requests_, rate_,   uploads_, progress},
          group_(context.loop()) {
        context_.set_pressure(requests_);
    }

    Task<Result<CompareResult>> run();

  private:
    Task<Result<void>> merge();
    Task<Result<void>> step();
    void pair(const Entry& source, const Entry& destination);
    void only_source(const Entry& entry);
    void missing(const Entry& asked_for);
    void only_destination(const Entry& entry);
    // What the listings show.
    Finding listed_difference(const Entry& source, const Entry& destination) const;
    bool is_looked_at(const Entry& entry) const;
    bool listings_are_enough(const Entry& source, const Entry& destination) const;
    Task<void> look(Entry source, Entry destination);
    Task<Result<Finding>> looked_difference(const Entry& source, const Entry& destination);
    Task<Result<Finding>> bytes_difference(const Entry& source, const Entry& destination);
    Task<Result<std::optional<ObjectInfo>>> stat(store::Store& store, const model::Key& key);

    void equal(const Entry& entry);
    void report(Compared compared);
    void different(const Entry& source, const Entry& destination, Finding found);

    Context context_;
    const ExecutionOptions& options_;
    Progress& progress_;
    const ComparedSink& sink_;
    CompareResult result_;
    Side source_, destination_;

    runtime::Permits memory_;
    runtime::AdaptiveLimit requests_;
    runtime::RateLimit rate_;
    NoUploads uploads_;
    TransferContext shared_;
    runtime::TaskGroup group_;
};

Task<Result<CompareResult>> Comparison::run() {
    Result<void> merged = co_await merge();
    if (!merged) context_.cancel(merged.error().clone());
    co_await group_.wait();
    if (!merged) co_return std::move(merged.error());
    progress_.listing_done = true;
    GODWIT_CO_TRY_VOID(context_.check());
    co_return std::move(result_);
}

Task<Result<void>> Comparison::merge() {
    for (;;) {
        if (!source_.ready()) GODWIT_CO_TRY_VOID(co_await source_.fill());
        if (!destination_.ready()) GODWIT_CO_TRY_VOID(co_await destination_.fill());
        if (!source_.current() && !destination_.current()) co_return {};
        GODWIT_CO_TRY_VOID(co_await step());
    }
}

Task<Result<void>> Comparison::step() {
    const Entry* source = source_.current();
    const Entry* destination = destination_.current();
    bool take_source = source && (!destination || source->key <= destination->key);
    bool take_destination = destination && (!source || destination->key <= source->key);
    const Entry& judged = take_source ? *source : *destination;
    if (options_.selection && !options_.selection->selects_entry(judged)) {
        // Neither equal nor different: not asked about.
    } else if (take_source && source->missing_line > 0) {
        missing(*source);
    } else if (take_source && take_destination) {
        pair(*source, *destination);
        co_await group_.wait(kComparisonsMax);
    } else if (take_source) {
        only_source(*source);
    } else {
        only_destination(*destination);
    }
    if (take_source) source_.pop();
    if (take_destination) destination_.pop();
    co_return context_.check();
}

void Comparison::pair(const Entry& source, const Entry& destination) {
    ++progress_.listed_objects;
    progress_.listed_bytes += source.identity.size_bytes;
    Finding found = listed_difference(source, destination);
    if (options_.sample && is_looked_at(source)) ++result_.sampled;
    if (!found.equal()) {
        different(source, destination, std::move(found));
    } else if (listings_are_enough(source, destination)) {
        equal(source);
    } else {
        ++progress_.planned_objects;
        progress_.planned_bytes += source.identity.size_bytes;
        group_.spawn(look(source, destination));
    }
}

// A list asks for it, and the source does not have it: there is nothing that the destination could be equal
// to.
void Comparison::missing(const Entry& asked_for) {
    ++progress_.listed_objects;
    ++result_.unreadable;
    Compared compared;
    compared.key = asked_for.key;
    compared.difference = Difference::Unreadable;
    compared.error = missing_error(source_.store.uri(asked_for.key), asked_for.missing_line);
    report(std::move(compared));
}

// Object stores need no entry for a directory that has something in it.
void Comparison::only_source(const Entry& entry) {
    ++progress_.listed_objects;
    progress_.listed_bytes += entry.identity.size_bytes;
    // A copy leaves devices, sockets and FIFOs out too.
    if (entry.type == ObjectType::Special) {
        ++result_.special;
        return;
    }
    if (entry.type == ObjectType::Directory && destination_.continues_in(entry.key)) return equal(entry);
    ++result_.removed;
    Compared compared;
    compared.key = entry.key;
    compared.difference = Difference::Removed;
    compared.source_bytes = entry.identity.size_bytes;
    report(std::move(compared));
}

void Comparison::only_destination(const Entry& entry) {
    if (entry.type == ObjectType::Directory && source_.continues_in(entry.key)) return;
    ++result_.added;
    Compared compared;
    compared.key = entry.key;
    compared.difference = Difference::Added;
    compared.destination_bytes = entry.identity.size_bytes;
    report(std::move(compared));
}

Finding Comparison::listed_difference(const Entry& source, const Entry& destination) const {
    bool types_known = source.posix && destination.posix;
    bool directories_differ =
        (source.type == ObjectType::Directory) != (destination.type == ObjectType::Directory);
    if (directories_differ || (types_known && source.type != destination.type)) {
        return {Difference::Content,
                both("type", std::string(to_string(source.type)), std::string(to_string(destination.type)))};
    }
    if (source.type != ObjectType::Directory &&
        source.identity.size_bytes != destination.identity.size_bytes) {
        return {Difference::Content, both("size", fmt::format("{} bytes", source.identity.size_bytes),
                                          fmt::format("{} bytes", destination.identity.size_bytes))};
    }
    bool attributes_count = options_.policy.compare == CompareMode::Metadata || options_.sample;
    if (!attributes_count || !types_known) return {};
    return {Difference::Metadata,
            attributes_difference(*source.posix, *destination.posix, source.type, options_.policy)};
}

bool Comparison::is_looked_at(const Entry& entry) const {
    return !options_.sample || options_.sample->holds(entry.key.bytes());
}

bool Comparison::listings_are_enough(const Entry& source, const Entry& destination) const {
    if (source.type == ObjectType::Special || !is_looked_at(source)) return true;
    switch (options_.policy.compare) {
        case CompareMode::Size:
            return true;
        case CompareMode::Metadata:
            return source.posix && destination.posix && !options_.policy.xattrs.any();
        case CompareMode::Checksum:
        case CompareMode::Bytes:
            return source.type == ObjectType::Directory;
    }
    return true;
}

Task<void> Comparison::look(Entry source, Entry destination) {
    Result<Finding> found = co_await looked_difference(source, destination);
    ++progress_.done_objects;
    if (!found) {
        if (context_.is_cancelled()) co_return;
        ++result_.unreadable;
        Compared compared;
        compared.key = source.key;
        compared.difference = Difference::Unreadable;
        compared.source_bytes = source.identity.size_bytes;
        compared.destination_bytes = destination.identity.size_bytes;
        compared.error.emplace(std::move(found.error()));
        report(std::move(compared));
    } else if (found->equal()) {
        equal(source);
    } else {
        different(source, destination, std::move(*found));
    }
}

Task<Result<std::optional<ObjectInfo>>> Comparison::stat(store::Store& store, const model::Key& key) {
    GODWIT_CO_TRY(runtime::AdaptiveLimit::Slot slot, co_await requests_.acquire(context_));
    bool with_tags = false;
    auto info = co_await store.stat(context_, key, with_tags);
    if (info) slot.succeeded();
    co_return std::move(info);
}

Task<Result<Finding>> Comparison::looked_difference(const Entry& source, const Entry& destination) {
    if (options_.policy.compare == CompareMode::Bytes)
        co_return co_await bytes_difference(source, destination);
    GODWIT_CO_TRY(auto ours, co_await stat(source_.store, source.key));
    GODWIT_CO_TRY(auto theirs, co_await stat(destination_.store, destination.key));
    if (!ours) co_return Finding{Difference::Content, "it vanished from the source"};
    if (!theirs) co_return Finding{Difference::Content, "it vanished from the destination"};
    if (ours->entry.type != theirs->entry.type) {
        co_return Finding{Difference::Content, both("type", std::string(to_string(ours->entry.type)),
                                                    std::string(to_string(theirs->entry.type)))};
    }
    if (options_.policy.compare == CompareMode::Metadata) {
        const auto &a = ours->metadata.posix, &b = theirs->metadata.posix;
        std::string detail;
        if (a && b) detail = attributes_difference(*a, *b, ours->entry.type, options_.policy);
        if (detail.empty())
            detail = xattrs_difference(ours->metadata, theirs->metadata, options_.policy.xattrs);
        co_return Finding{Difference::Metadata, std::move(detail)};
    }
    const auto &a = ours->stored_digest, &b = theirs->stored_digest;
    if (a && b && a->algorithm() == b->algorithm()) {
        if (*a == *b) co_return Finding();
        co_return Finding{Difference::Content, both("checksum", a->display(), b->display())};
    }
    co_return co_await bytes_difference(ours->entry, theirs->entry);
}

Task<Result<Finding>> Comparison::bytes_difference(const Entry& source, const Entry& destination) {
    bool from_medium = true;
    GODWIT_CO_TRY(ReadBack ours, co_await read_back(context_, shared_, source_.store, source.key, source.type,
                                                    source.identity, from_medium));
    GODWIT_CO_TRY(ReadBack theirs, co_await read_back(context_, shared_, destination_.store, destination.key,
                                                      destination.type, destination.identity, from_medium));
    progress_.moved_bytes += source.identity.size_bytes;
    if (ours.digest == theirs.digest) co_return Finding();
    co_return Finding{Difference::Content, both("bytes", ours.digest.display(), theirs.digest.display())};
}

void Comparison::equal(const Entry& entry) {
    ++result_.equal;
    result_.equal_bytes += entry.identity.size_bytes;
    ++progress_.verified_objects;
}

void Comparison::different(const Entry& source, const Entry& destination, Finding found) {
    ++(found.kind == Difference::Metadata ? result_.metadata : result_.content);
    Compared compared;
    compared.key = source.key;
    compared.source_bytes = source.identity.size_bytes;
    compared.destination_bytes = destination.identity.size_bytes;
    compared.difference = found.kind;
    compared.detail = std::move(found.detail);
    report(std::move(compared));
}

void Comparison::report(Compared compared) {
    ++progress_.failed_objects;
    sink_(std::move(compared));
}

}  // namespace

std::string_view to_string(Difference difference) {
    switch (difference) {
        case Difference::Removed:
            return "removed";
        case Difference::Added:
            return "added";
        case Difference::Content:
            return "content";
        case Difference::Metadata:
            return "metadata";
        case Difference::Unreadable:
            return "unreadable";
    }
    return "";
}

Task<Result<CompareResult>> compare(Context& context, store::Store& source, store::Store& destination,
                                    const ExecutionOptions& options, Progress& progress,
                                    const ComparedSink& sink) {
    Comparison comparison(context, source, destination, options, progress, sink);
    co_return co_await comparison.run();
}

}  // namespace godwit::engine
