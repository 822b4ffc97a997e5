#include "engine/content_tags.h"

#include "base/sabotage.h"
#include "model/plan.h"

namespace godwit::engine {

using model::Entry;
using runtime::Context, runtime::Task;

namespace {

constexpr std::uint64_t kLookedAtBytesMax = 8u << 20;
// Objects that could not be read, over both ends.
constexpr int kFailuresMax = 4;

Task<Result<Digest>> md5_of(Context& context, store::Store& store, const Entry& entry) {
    store::OpenRequest request;
    request.key = entry.key;
    request.expected = entry.identity;
    request.type = entry.type;
    request.whole_bytes_max = kLookedAtBytesMax;
    GODWIT_CO_TRY(std::unique_ptr<store::Source> source, co_await store.open(context, request));
    std::optional<store::Part> whole = source->take_whole();
    if (whole) co_return digest_of(DigestAlgorithm::Md5, whole->bytes.span());
    co_return Error(ErrorKind::Unsupported, "read", store.uri(entry.key), "it does not come whole");
}

}  // namespace

ContentTags::ContentTags(store::Store& source, store::Store& destination, const ExecutionOptions& options)
    : source_store_(source), destination_store_(destination) {
    bool possible = source.capabilities().tags_may_be_md5 && destination.capabilities().tags_may_be_md5;
    bool wanted = options.policy.compare == model::CompareMode::Metadata && !options.policy.transfer_all;
    if (!possible || !wanted) source_ = destination_ = Belief::Other;
}

bool ContentTags::would_tell(const Entry& source, const Entry& destination) {
    std::uint64_t size = source.identity.size_bytes;
    return size > 0 && size <= kLookedAtBytesMax && size == destination.identity.size_bytes &&
           !source.archived && !destination.archived && model::have_md5_tags(source, destination);
}

Task<Result<void>> ContentTags::look(Context& context, const Entry& source, const Entry& destination) {
    GODWIT_CO_TRY_VOID(co_await look_at(context, source_store_, source, source_));
    // What the one end has shown to be useless need not be asked of the other.
    if (source_ != Belief::Md5) co_return {};
    co_return co_await look_at(context, destination_store_, destination, destination_);
}

Task<Result<void>> ContentTags::look_at(Context& context, store::Store& store, const Entry& entry,
                                        Belief& belief) {
    if (belief != Belief::Unknown) co_return {};
    Result<Digest> found = co_await md5_of(context, store, entry);
    if (!found) {
        GODWIT_CO_TRY_VOID(context.check());
        if (++failures_ >= kFailuresMax) belief = Belief::Other;
        co_return {};
    }
    bool is_md5 = found->hex() == entry.identity.tag || GODWIT_SABOTAGE(believe_any_tag);
    belief = is_md5 ? Belief::Md5 : Belief::Other;
    co_return {};
}

}  // namespace godwit::engine
