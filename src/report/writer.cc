#include "report/writer.h"

#include <algorithm>

#include "base/encoding.h"
#include "report/items.h"
#include "report/names.h"
#include "report/shard.h"

namespace godwit::report {
namespace {

using model::EvidenceLevel;
using model::Key;

// What is read again and is larger is no file of ours.
constexpr std::uint64_t kReadBackBytesMax = 2 * kShardBytesMax;

class Writer {
  public:
    Writer(Context& context, store::Store& to, ledger::LedgerReader& ledger, const Subject& subject,
           const Options& options)
        : context_(context), to_(to), ledger_(ledger), subject_(subject), options_(options) {
        for (Kind kind : kKinds) shards_.emplace_back(kind, execution());
        shard_bytes_max_ = static_cast<std::size_t>(
            std::min<std::uint64_t>(kShardBytesMax, to.capabilities().put_bytes_max));
    }

    Task<Result<Written>> run();

  private:
    const std::string& execution() const { return subject_.execution.id; }
    const std::string& task() const { return subject_.execution.task; }

    Task<Result<void>> refuse_another_report(std::string folder);
    Task<Result<void>> write_lists();
    Task<Result<void>> add(Kind kind, const ledger::ObjectRecord& record);
    Task<Result<void>> end_shard(Kind kind);
    Task<Result<void>> write_summary();
    Task<Result<void>> put(Key key, const std::string& text);
    Task<Result<void>> prove(const store::PutRequest& request, const store::Receipt& receipt,
                             const Digest& digest);

    Context& context_;
    store::Store& to_;
    ledger::LedgerReader& ledger_;
    const Subject& subject_;
    const Options& options_;
    std::size_t shard_bytes_max_ = 0;
    std::vector<Shard> shards_;  // by kind
    Written written_;
};

Task<Result<Written>> Writer::run() {
    GODWIT_CO_TRY_VOID(co_await refuse_another_report(detailed_folder(task(), execution())));
    GODWIT_CO_TRY_VOID(co_await refuse_another_report(summary_folder(task(), execution())));
    if (!options_.summary_only) {
        GODWIT_CO_TRY_VOID(co_await write_lists());
    }
    GODWIT_CO_TRY_VOID(co_await write_summary());
    co_return std::move(written_);
}

// Lists of two reports side by side would count objects twice, and nothing is ever removed here.
Task<Result<void>> Writer::refuse_another_report(std::string folder) {
    store::ListedKeys keys({}, folder);
    std::unique_ptr<store::Listing> listing = to_.list(keys);
    for (bool last = false; !last;) {
        GODWIT_CO_TRY(store::Page page, co_await listing->next(context_));
        last = page.last;
        for (const model::Entry& entry : page.entries) {
            const std::string& key = entry.key.bytes();
            if (!key.starts_with(folder)) continue;
            if (!is_of_another_report(key.substr(folder.size()), execution(), options_)) continue;
            co_return Error(ErrorKind::Exists, "write a report to", to_.uri(entry.key),
                            "a report of this execution with other levels stands there; write this one to "
                            "another location")
                .with_code("ReportExists");
        }
    }
    co_return {};
}

Task<Result<void>> Writer::write_lists() {
    std::int64_t seq = 0;
    while (true) {
        GODWIT_CO_TRY_VOID(context_.check());
        GODWIT_CO_TRY(std::vector<ledger::OutcomeRow> rows, ledger_.rows(seq));
        if (rows.empty()) break;
        seq = rows.back().seq;
        for (const ledger::OutcomeRow& row : rows) {
            for (Kind kind : kKinds) GODWIT_CO_TRY_VOID(co_await add(kind, row.record));
        }
    }
    for (Kind kind : kKinds) GODWIT_CO_TRY_VOID(co_await end_shard(kind));
    co_return {};
}

Task<Result<void>> Writer::add(Kind kind, const ledger::ObjectRecord& record) {
    std::optional<Status> status = status_in(kind, record);
    if (!status || !options_.wants(kind, *status == Status::Failed)) co_return {};
    std::string item = item_json(kind, record, *status);
    Shard& shard = shards_[static_cast<std::size_t>(kind)];
    if (!shard.fits(item, shard_bytes_max_)) {
        GODWIT_CO_TRY_VOID(co_await end_shard(kind));
    }
    shard.add(item);
    ++written_.totals[static_cast<std::size_t>(kind)].items;
    co_return {};
}

Task<Result<void>> Writer::end_shard(Kind kind) {
    Shard& shard = shards_[static_cast<std::size_t>(kind)];
    if (shard.empty()) co_return {};
    std::uint64_t number = ++written_.totals[static_cast<std::size_t>(kind)].files;
    Key key(detailed_folder(task(), execution()) + detailed_name(execution(), kind, number, options_));
    std::string text = shard.take();
    co_return co_await put(key, text);
}

Task<Result<void>> Writer::write_summary() {
    Facts facts;
    GODWIT_CO_TRY(facts.counts, ledger_.counts());
    GODWIT_CO_TRY(facts.unlisted, ledger_.unlisted(Facts::kUnlistedMax));
    GODWIT_CO_TRY(std::vector<ledger::ErrorGroup> errors, ledger_.error_groups());
    for (const ledger::ErrorGroup& group : errors) {
        if (group.code == "Mismatch") facts.mismatches += group.count;
    }
    Key key(summary_folder(task(), execution()) + summary_name(execution(), options_));
    std::string text = summary_json(subject_, facts, options_, written_.totals);
    GODWIT_CO_TRY_VOID(co_await put(key, text));
    written_.summary_key = key.bytes();
    co_return {};
}

Task<Result<void>> Writer::put(Key key, const std::string& text) {
    bool with_tags = false;
    GODWIT_CO_TRY(std::optional<model::ObjectInfo> there, co_await to_.stat(context_, key, with_tags));
    store::PutRequest request;
    request.key = std::move(key);
    request.size_bytes = text.size();
    request.metadata.headers.content_type = "application/json";
    if (there) request.replaces = there->entry.identity;
    std::span<const std::byte> bytes = bytes_of(text);
    Digest digest = digest_of(request.digest, bytes);
    GODWIT_CO_TRY(store::Receipt receipt, co_await to_.put(context_, request, bytes, digest));
    if (receipt.level >= EvidenceLevel::Attested) co_return {};
    co_return co_await prove(request, receipt, digest);
}

// The store vouches for nothing: what it holds is read again.
Task<Result<void>> Writer::prove(const store::PutRequest& request, const store::Receipt& receipt,
                                 const Digest& digest) {
    store::OpenRequest open;
    open.key = request.key;
    open.expected = receipt.identity;
    open.digest = request.digest;
    open.whole_bytes_max = kReadBackBytesMax;
    open.from_medium = true;
    GODWIT_CO_TRY(std::unique_ptr<store::Source> source, co_await to_.open(context_, open));
    std::optional<store::Part> whole = source->take_whole();
    if (whole && whole->digest == digest) co_return {};
    co_return Error(ErrorKind::Corrupt, "verify", to_.uri(request.key),
                    "wrote " + digest.display() + ", " +
                        (whole ? whole->digest.display() : std::string("something else")) + " is stored")
        .with_code("Mismatch");
}

std::uint64_t sum(const Totals& totals, std::uint64_t KindTotal::* member) {
    std::uint64_t sum = 0;
    for (const KindTotal& total : totals) sum += total.*member;
    return sum;
}

}  // namespace

std::uint64_t Written::files() const {
    return sum(totals, &KindTotal::files) + 1;
}

std::uint64_t Written::items() const {
    return sum(totals, &KindTotal::items);
}

Task<Result<Written>> write_report(Context& context, store::Store& to, ledger::LedgerReader& ledger,
                                   const Subject& subject, const Options& options) {
    Writer writer(context, to, ledger, subject, options);
    co_return co_await writer.run();
}

}  // namespace godwit::report
