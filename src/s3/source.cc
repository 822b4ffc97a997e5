#include "s3/source.h"

#include <fmt/format.h>

#include "model/hard_links.h"
#include "model/plan.h"
#include "s3/metadata_headers.h"
#include "s3/read_check.h"

namespace godwit::s3 {

namespace {

Error changed(const Bucket& bucket, const std::string& key, const model::Identity& expected,
              const model::Identity& found) {
    return Error(ErrorKind::Changed, "open", bucket.client->uri(key),
                 fmt::format("expected {} bytes of generation '{}', found {} bytes of '{}'",
                             expected.size_bytes, expected.tag, found.size_bytes, found.tag));
}

// Listings tell LastModified to the millisecond, headers to the second. `seen` with the finer of the
// two, where they agree.
model::Identity refined(model::Identity seen, const model::Identity& expected) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    if (seen.mtime_ns / kSecond == expected.mtime_ns / kSecond) seen.mtime_ns = expected.mtime_ns;
    return seen;
}

class S3Source final : public store::Source {
  public:
    S3Source(Bucket bucket, GetObject get, model::ObjectInfo info)
        : bucket_(std::move(bucket)),
          get_(std::move(get)),
          info_(std::move(info)),
          check_(info_.stored_digest, get_.object_bytes) {}

    const model::ObjectInfo& info() const override { return info_; }
    void hold(store::Part part) { whole_ = std::move(part); }
    std::optional<store::Part> take_whole() override { return std::exchange(whole_, std::nullopt); }
    // What a GET sends is what the store holds; there is no cache of ours in between.
    model::EvidenceLevel read_level() const override { return model::EvidenceLevel::ReadBack; }

    Task<Result<Digest>> read(Context& context, std::uint64_t offset_bytes,
                              std::span<std::byte> out) override {
        auto digest = co_await get_range(context, bucket_, get_, offset_bytes, out);
        // It was there when it was opened.
        bool gone = !digest && digest.error().kind() == ErrorKind::NotFound;
        if (gone) co_return std::move(digest.error()).with_kind(ErrorKind::Changed);
        if (digest) check_.add(offset_bytes, out, *digest);
        co_return std::move(digest);
    }

    // Pinned reads need no second look: each of them has proved its generation. What has no ETag is
    // asked for again. Whether all ranges together are what the store keeps can be seen only now.
    Task<Result<void>> verify_unchanged(Context& context) override {
        if (std::optional<Digest> read = check_.mismatch()) co_return mismatch(*read);
        if (!get_.etag.empty()) co_return context.check();
        auto head = co_await head_object(context, bucket_, get_.key, get_.etag, get_.digest);
        if (!head) co_return std::move(head.error());
        const model::Identity& opened = info_.entry.identity;
        model::Identity now = *head ? refined((*head)->identity(), opened) : model::Identity();
        if (*head && now == opened) co_return {};
        co_return changed(bucket_, get_.key, opened, now);
    }

  private:
    Error mismatch(const Digest& read) const {
        return Error(ErrorKind::Corrupt, "read", bucket_.client->uri(get_.key),
                     fmt::format("the store keeps {}, the bytes that it sent are {}",
                                 check_.stored()->display(), read.display()))
            .with_code("ChecksumMismatch");
    }

    Bucket bucket_;
    GetObject get_;
    model::ObjectInfo info_;
    ReadCheck check_;
    std::optional<store::Part> whole_;
};

Task<Result<ObjectHead>> head_pinned(Context& context, const Bucket& bucket, const GetObject& get,
                                     const model::Identity& expected) {
    GODWIT_CO_TRY(auto head, co_await head_object(context, bucket, get.key, get.etag, get.digest));
    if (!head) {
        co_return Error(ErrorKind::NotFound, "open", bucket.client->uri(get.key), "no such object")
            .with_code("NoSuchKey");
    }
    if (!model::same_generation(head->identity(), expected)) {
        co_return changed(bucket, get.key, expected, head->identity());
    }
    co_return std::move(*head);
}

}  // namespace

model::ObjectInfo object_info(const model::Key& key, ObjectHead head) {
    model::ObjectInfo info;
    info.entry.key = key;
    info.entry.identity = head.identity();
    info.entry.type = type_of(key.bytes(), head.metadata);
    info.entry.archived = head.archived;
    info.metadata = std::move(head.metadata);
    info.stored_digest = head.stored_digest;
    info.storage_class = std::move(head.storage_class);
    info.entry.hard_link = model::told_hard_link(info);
    return info;
}

Task<Result<void>> read_tags(Context& context, const Bucket& bucket, const std::string& key,
                             std::uint64_t tag_count, model::Metadata& metadata) {
    metadata.tags.emplace();
    if (tag_count == 0) co_return {};
    GODWIT_CO_TRY(metadata.tags, co_await get_tagging(context, bucket, key));
    if (!metadata.tags->empty()) co_return {};
    co_return Error(ErrorKind::Corrupt, "read tags of", bucket.client->uri(key),
                    fmt::format("the object has {} tags, the answer none", tag_count));
}

Task<Result<std::unique_ptr<store::Source>>> open_source(Context& context, Bucket bucket, std::string key,
                                                         const store::OpenRequest& request) {
    GetObject get;
    get.key = std::move(key);
    get.etag = request.expected.tag;
    get.object_bytes = request.expected.size_bytes;
    get.digest = request.digest;

    std::optional<store::Part> whole;
    ObjectHead head;
    if (get.object_bytes <= request.whole_bytes_max) {
        GODWIT_CO_TRY(WholeObject object, co_await get_whole(context, bucket, get));
        whole.emplace(store::Part{std::move(object.bytes), *object.digest});
        head = std::move(object.head);
    } else {
        GODWIT_CO_TRY(head, co_await head_pinned(context, bucket, get, request.expected));
        get.version_id = head.version_id;
    }
    std::uint64_t tag_count = head.tag_count;
    model::ObjectInfo info = object_info(request.key, std::move(head));
    info.entry.identity = refined(std::move(info.entry.identity), request.expected);
    if (request.with_tags) {
        GODWIT_CO_TRY_VOID(co_await read_tags(context, bucket, get.key, tag_count, info.metadata));
    }
    auto source = std::make_unique<S3Source>(std::move(bucket), std::move(get), std::move(info));
    if (whole) source->hold(std::move(*whole));
    co_return std::unique_ptr<store::Source>(std::move(source));
}

}  // namespace godwit::s3
