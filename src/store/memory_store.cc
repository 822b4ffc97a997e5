#include "store/memory_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "model/hard_links.h"
#include "runtime/wait.h"

namespace godwit::store {

namespace {

Error changed(const std::string& subject, const Identity& expected, const Identity& found) {
    return Error(ErrorKind::Changed, "match", subject,
                 fmt::format("expected {} bytes of generation '{}', found {} bytes of '{}'",
                             expected.size_bytes, expected.tag, found.size_bytes, found.tag));
}

Error absent(std::string operation, const std::string& subject) {
    return Error(ErrorKind::NotFound, std::move(operation), subject, "no such object").with_code("NoSuchKey");
}

bool same_generation(const Identity& a, const Identity& b) {
    return a.size_bytes == b.size_bytes && a.tag == b.tag;
}

std::span<const std::byte> slice(const MemoryObject& object, std::uint64_t offset, std::uint64_t size) {
    return std::span(object.bytes).subspan(offset, size);
}

Identity next_identity(MemoryPlace& place, std::uint64_t size_bytes) {
    std::uint64_t generation = ++place.generations;
    return {size_bytes, static_cast<std::int64_t>(generation), fmt::format("g{}", generation)};
}

ObjectInfo info_of(const Key& key, const MemoryObject& object) {
    ObjectInfo info;
    info.entry = {key, object.type, object.identity, std::nullopt, object.archived, std::nullopt};
    info.metadata = object.metadata;
    info.entry.hard_link = model::told_hard_link(info);
    return info;
}

Digest digest_of_all(const MemoryObject& object) {
    return digest_of(DigestAlgorithm::Crc64Nvme, slice(object, 0, object.bytes.size()));
}

void tell(const MemoryPlace& place, const Change& change) {
    GODWIT_CHECK(place.observer || !change.is_loss(), "{} makes '{}' vanish and nobody watches",
                 change.operation, change.name);
    if (place.observer) place.observer(change);
}

struct Shared {
    MemoryPlace& place;
    MemoryStoreOptions options;

    std::string uri(const Key& key) const {
        return fmt::format("{}:{}", options.name, printable(key.bytes()));
    }

    // What every operation does first.
    Task<Result<void>> begin(Context& context) const {
        if (options.latency == Duration::zero()) co_return context.check();
        co_return co_await runtime::sleep(context, options.latency);
    }

    // The object that is there now, if it is `expected`.
    Result<MemoryObject*> pinned(const Key& key, const Identity& expected) const {
        auto found = place.objects.find(key.bytes());
        if (found == place.objects.end()) return absent("find", uri(key));
        if (!same_generation(found->second.identity, expected)) {
            return changed(uri(key), expected, found->second.identity);
        }
        return &found->second;
    }

    Result<void> check_replaces(const PutRequest& request) const {
        auto found = place.objects.find(request.key.bytes());
        bool exists = found != place.objects.end();
        if (!exists && !request.replaces) return {};
        Identity expected = request.replaces.value_or(Identity{});
        Identity here = exists ? found->second.identity : Identity{};
        if (exists && request.replaces && same_generation(expected, here)) return {};
        return changed(uri(request.key), expected, here);
    }

    // Publishes bytes whose digest was compared before.
    Receipt publish(const PutRequest& request, std::vector<std::byte> bytes, const Digest& digest) const {
        auto [at, is_new] = place.objects.try_emplace(request.key.bytes());
        MemoryObject& object = at->second;
        Change change{.operation = "publish", .name = request.key.bytes()};
        change.kind = is_new ? ChangeKind::Written : ChangeKind::Replaced;
        if (!is_new) change.was = digest_of_all(object);
        object.type = request.type;
        object.identity = next_identity(place, bytes.size());
        object.bytes = std::move(bytes);
        change.now = digest_of_all(object);
        tell(place, change);
        object.metadata = request.metadata;
        if (!object.metadata.tags) object.metadata.tags.emplace();
        return receipt(request, object, digest);
    }

    Receipt receipt(const PutRequest& request, const MemoryObject& object, const Digest& digest) const {
        if (!request.verify) return {object.identity, EvidenceLevel::None, std::nullopt};
        if (request.read_back) return {object.identity, EvidenceLevel::ReadBack, digest};
        if (options.attests) return {object.identity, EvidenceLevel::Attested, digest};
        return {object.identity, EvidenceLevel::None, std::nullopt};
    }

    Result<void> compare(const Key& key, std::span<const std::byte> bytes, const Digest& expected) const {
        Digest found = digest_of(expected.algorithm(), bytes);
        if (found == expected) return {};
        return Error(ErrorKind::Corrupt, "store", uri(key),
                     fmt::format("expected {}, got {}", expected.display(), found.display()));
    }
};

class MemoryListing final : public Listing {
  public:
    MemoryListing(const Shared& shared, ListedKeys keys) : shared_(shared), keys_(std::move(keys)) {}

    Task<Result<Page>> next(Context& context) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        Page page;
        const auto& objects = shared_.place.objects;
        bool before_prefix = keys_.range.after < keys_.prefix;
        auto at = before_prefix ? objects.lower_bound(keys_.prefix) : objects.upper_bound(keys_.range.after);
        while (page.entries.size() < shared_.options.page_entries_max && holds(at)) {
            Key key(at->first);
            page.entries.push_back(info_of(key, at->second).entry);
            keys_.range.after = at->first;
            ++at;
        }
        page.last = !holds(at);
        co_return page;
    }

  private:
    bool holds(std::map<std::string, MemoryObject>::const_iterator at) const {
        return at != shared_.place.objects.end() && keys_.contains(at->first);
    }

    const Shared& shared_;
    ListedKeys keys_;
};

class MemorySource final : public Source {
  public:
    MemorySource(const Shared& shared, const OpenRequest& request, ObjectInfo info)
        : shared_(shared), algorithm_(request.digest), info_(std::move(info)) {}

    const ObjectInfo& info() const override { return info_; }
    void hold(Part part) { whole_ = std::move(part); }
    std::optional<Part> take_whole() override { return std::exchange(whole_, std::nullopt); }
    EvidenceLevel read_level() const override { return EvidenceLevel::ReadBack; }

    Task<Result<Digest>> read(Context& context, std::uint64_t offset, std::span<std::byte> out) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        GODWIT_CO_TRY(MemoryObject * object, pinned());
        if (offset + out.size() > object->bytes.size()) {
            co_return changed(shared_.uri(info_.entry.key), info_.entry.identity, object->identity);
        }
        if (!out.empty()) std::memcpy(out.data(), object->bytes.data() + offset, out.size());
        co_return digest_of(algorithm_, out);
    }

    Task<Result<void>> verify_unchanged(Context& context) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        GODWIT_CO_TRY_VOID(pinned());
        co_return {};
    }

  private:
    // An opened object that has gone since is a changed one.
    Result<MemoryObject*> pinned() const {
        auto object = shared_.pinned(info_.entry.key, info_.entry.identity);
        if (object || object.error().kind() == ErrorKind::Changed) return object;
        return std::move(object.error()).with_kind(ErrorKind::Changed);
    }

    const Shared& shared_;
    DigestAlgorithm algorithm_;
    ObjectInfo info_;
    std::optional<Part> whole_;
};

class MemorySink final : public Sink {
  public:
    MemorySink(const Shared& shared, const PutRequest& request, std::string upload_id)
        : shared_(shared), request_(request), upload_id_(std::move(upload_id)) {}

    std::uint64_t part_size_bytes() const override { return shared_.options.part_bytes; }
    std::string checkpoint() const override { return upload_id_; }

    Task<Result<void>> write(Context& context, std::uint64_t offset, std::span<const std::byte> bytes,
                             const Digest& digest) override {
        GODWIT_CHECK(offset % part_size_bytes() == 0, "part at {}", offset);
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        GODWIT_CO_TRY(MemoryUpload * upload, this->upload());
        GODWIT_CO_TRY_VOID(shared_.compare(request_.key, bytes, digest));
        upload->parts[offset].assign(bytes.begin(), bytes.end());
        co_return {};
    }

    // Reads twice, as stores must that send the checksum first.
    Task<Result<Digest>> write_streamed(Context& context, std::uint64_t offset, PartBytes& part) override {
        std::vector<std::byte> first, second;
        GODWIT_CO_TRY_VOID(co_await gather(context, part, first));
        GODWIT_CO_TRY_VOID(co_await gather(context, part, second));
        if (first != second) {
            co_return Error(ErrorKind::Changed, "write", shared_.uri(request_.key),
                            "the part's bytes are not the same every time");
        }
        Digest digest = digest_of(request_.digest, second);
        GODWIT_CO_TRY_VOID(co_await write(context, offset, second, digest));
        co_return digest;
    }

    Task<Result<Receipt>> commit(Context& context, const Digest& source) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        GODWIT_CO_TRY(MemoryUpload * upload, this->upload());
        std::vector<std::byte> bytes = assemble(*upload);
        if (bytes.size() != request_.size_bytes) {
            co_return Error(ErrorKind::Invalid, "commit", shared_.uri(request_.key),
                            fmt::format("{} of {} bytes were written", bytes.size(), request_.size_bytes));
        }
        GODWIT_CO_TRY_VOID(shared_.compare(request_.key, bytes, source));
        GODWIT_CO_TRY_VOID(shared_.check_replaces(request_));
        shared_.place.uploads.erase(upload_id_);
        co_return shared_.publish(request_, std::move(bytes), source);
    }

  private:
    Result<MemoryUpload*> upload() const {
        auto found = shared_.place.uploads.find(upload_id_);
        if (found == shared_.place.uploads.end())
            return absent("write to upload of", shared_.uri(request_.key));
        return &found->second;
    }

    static Task<Result<void>> gather(Context& context, PartBytes& part, std::vector<std::byte>& bytes) {
        while (bytes.size() < part.size_bytes()) {
            GODWIT_CO_TRY(Piece piece, co_await part.read(context, bytes.size()));
            bytes.insert(bytes.end(), piece.bytes.begin(), piece.bytes.end());
        }
        co_return {};
    }

    static std::vector<std::byte> assemble(const MemoryUpload& upload) {
        std::vector<std::byte> bytes;
        for (const auto& [offset, part] : upload.parts) {
            if (offset != bytes.size()) break;
            bytes.insert(bytes.end(), part.begin(), part.end());
        }
        return bytes;
    }

    const Shared& shared_;
    PutRequest request_;
    std::string upload_id_;
};

class MemoryStore final : public Store {
  public:
    MemoryStore(MemoryPlace& place, MemoryStoreOptions options) : shared_{place, std::move(options)} {
        capabilities_.attests = attested();
        capabilities_.commit_evidence =
            shared_.options.attests ? EvidenceLevel::Attested : EvidenceLevel::None;
        capabilities_.put_bytes_max = shared_.options.put_bytes_max;
        capabilities_.copy_domain = fmt::format("memory:{}", static_cast<const void*>(&place));
        capabilities_.keeps_user_metadata = true;
        capabilities_.keeps_tags = true;
        capabilities_.tags_may_be_md5 = shared_.options.tags_may_be_md5;
    }

    Task<Result<RootIdentity>> attach(Context& context, Role) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        root_ = shared_.place.root;
        RootIdentity root;
        root.canonical = "memory:" + shared_.options.name;
        root.identity = capabilities_.copy_domain;
        co_return root;
    }

    const Capabilities& capabilities() const override { return capabilities_; }
    std::string uri(const Key& key) const override { return shared_.uri(key); }
    std::unique_ptr<Listing> list(ListedKeys keys) override {
        return std::make_unique<MemoryListing>(shared_, std::move(keys));
    }

    Task<Result<std::optional<ObjectInfo>>> stat(Context& context, const Key& key, bool with_tags) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        auto found = shared_.place.objects.find(key.bytes());
        std::optional<ObjectInfo> info;
        if (found == shared_.place.objects.end()) co_return info;
        info = info_of(key, found->second);
        if (!with_tags) info->metadata.tags.reset();
        co_return info;
    }

    Task<Result<std::unique_ptr<Source>>> open(Context& context, const OpenRequest& request) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        GODWIT_CO_TRY(MemoryObject * object, shared_.pinned(request.key, request.expected));
        if (object->archived) {
            co_return Error(ErrorKind::Unsupported, "open", uri(request.key), "archived")
                .with_code("InvalidObjectState");
        }
        ObjectInfo info = info_of(request.key, *object);
        if (!request.with_tags) info.metadata.tags.reset();
        auto source = std::make_unique<MemorySource>(shared_, request, std::move(info));
        if (object->bytes.size() <= request.whole_bytes_max)
            source->hold(read_whole(*object, request.digest));
        co_return std::unique_ptr<Source>(std::move(source));
    }

    Task<Result<Receipt>> put(Context& context, const PutRequest& request, std::span<const std::byte> bytes,
                              const Digest& digest) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        GODWIT_CO_TRY_VOID(shared_.compare(request.key, bytes, digest));
        GODWIT_CO_TRY_VOID(shared_.check_replaces(request));
        std::vector<std::byte> copy(bytes.begin(), bytes.end());
        co_return shared_.publish(request, std::move(copy), digest);
    }

    Task<Result<std::unique_ptr<Sink>>> begin(Context& context, const PutRequest& request) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        std::string id = fmt::format("upload-{}", ++shared_.place.generations);
        MemoryUpload& upload = shared_.place.uploads[id];
        upload.key = request.key;
        upload.part_bytes = shared_.options.part_bytes;
        upload.begun_unix_ns = context.loop().unix_time_ns();
        tell(shared_.place, {.kind = ChangeKind::UploadBegun, .operation = "begin", .name = id});
        co_return std::unique_ptr<Sink>(std::make_unique<MemorySink>(shared_, request, std::move(id)));
    }

    Task<Result<std::unique_ptr<Sink>>> resume(Context& context, const PutRequest& request,
                                               const std::string& checkpoint) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        auto found = shared_.place.uploads.find(checkpoint);
        if (found == shared_.place.uploads.end() || found->second.key != request.key) {
            co_return absent("resume upload of", uri(request.key));
        }
        co_return std::unique_ptr<Sink>(std::make_unique<MemorySink>(shared_, request, checkpoint));
    }

    Task<Result<void>> discard(Context& context, const Key& key, const std::string& checkpoint,
                               std::int64_t intent_unix_ns) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        std::erase_if(shared_.place.uploads, [&](const auto& each) {
            const auto& [id, upload] = each;
            bool meant = checkpoint.empty() ? upload.key == key && upload.begun_unix_ns >= intent_unix_ns
                                            : id == checkpoint;
            if (meant) {
                tell(shared_.place,
                     {.kind = ChangeKind::UploadDiscarded, .operation = "discard", .name = id});
            }
            return meant;
        });
        co_return {};
    }

    Task<Result<Receipt>> copy_from(Context& context, Store& source, const CopyRequest& request) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        auto* other = dynamic_cast<MemoryStore*>(&source);
        GODWIT_CHECK(other != nullptr, "a store of another copy domain");
        GODWIT_CO_TRY(MemoryObject * object,
                      other->shared_.pinned(request.source_key, request.source_identity));
        GODWIT_CO_TRY_VOID(shared_.check_replaces(request.put));
        std::vector<std::byte> bytes = object->bytes;
        Digest digest = digest_of(request.put.digest, bytes);
        Receipt receipt = shared_.publish(request.put, std::move(bytes), digest);
        receipt.level = std::max(receipt.level, EvidenceLevel::ServerCopy);
        co_return receipt;
    }

    Task<Result<Receipt>> set_metadata(Context& context, const PutRequest& request,
                                       const Identity& expected) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        GODWIT_CO_TRY(MemoryObject * object, shared_.pinned(request.key, expected));
        auto tags = std::move(object->metadata.tags);
        object->metadata = request.metadata;
        if (!object->metadata.tags) object->metadata.tags = std::move(tags);
        object->identity = next_identity(shared_.place, object->bytes.size());
        Digest bytes = digest_of_all(*object);
        tell(shared_.place, {.kind = ChangeKind::Replaced,
                             .operation = "set_metadata",
                             .name = request.key.bytes(),
                             .was = bytes,
                             .now = bytes});
        Receipt receipt;
        receipt.identity = object->identity;
        co_return receipt;
    }

    Task<Result<bool>> removes_exactly(Context& context) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        co_return shared_.options.removes_exactly;
    }
    Task<Result<void>> verify_root(Context& context) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        if (shared_.place.root == root_) co_return {};
        co_return Error(ErrorKind::Changed, "look up", shared_.options.name, "another place has its name now")
            .with_code("RootReplaced");
    }
    // What happens here is dated by counting it.
    bool may_be_newer(const Identity& generation, std::int64_t unix_ns) const override {
        return generation.mtime_ns > unix_ns;
    }

    Task<Result<void>> remove(Context& context, const Key& key, const Identity& expected) override {
        GODWIT_CO_TRY_VOID(co_await shared_.begin(context));
        auto object = shared_.pinned(key, expected);
        if (!object && object.error().kind() == ErrorKind::NotFound) co_return {};
        if (!object) co_return std::move(object.error());
        Change change{.kind = ChangeKind::Removed, .operation = "remove", .name = key.bytes()};
        change.was = digest_of_all(**object);
        shared_.place.objects.erase(key.bytes());
        tell(shared_.place, change);
        co_return {};
    }

  private:
    std::optional<DigestAlgorithm> attested() const {
        if (!shared_.options.attests) return std::nullopt;
        return DigestAlgorithm::Crc64Nvme;
    }

    static Part read_whole(const MemoryObject& object, DigestAlgorithm algorithm) {
        Buffer bytes(object.bytes.size());
        if (!object.bytes.empty()) std::memcpy(bytes.data(), object.bytes.data(), object.bytes.size());
        Digest digest = digest_of(algorithm, slice(object, 0, object.bytes.size()));
        return Part{std::move(bytes), digest};
    }

    Shared shared_;
    Capabilities capabilities_;
    int root_ = 0;
};

}  // namespace

Identity MemoryPlace::write(const std::string& key, std::string_view text, Metadata metadata) {
    MemoryObject& object = objects[key];
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    object.type = key.ends_with('/') ? ObjectType::Directory : ObjectType::File;
    object.bytes.assign(data, data + text.size());
    object.metadata = std::move(metadata);
    object.identity = next_identity(*this, text.size());
    tell(*this, {.name = key, .now = digest_of_all(object)});
    return object.identity;
}

void MemoryPlace::flip_byte(const std::string& key, std::size_t offset) {
    auto found = objects.find(key);
    GODWIT_CHECK(found != objects.end() && offset < found->second.bytes.size(), "no byte {} in {}", offset,
                 key);
    found->second.bytes[offset] = ~found->second.bytes[offset];
}

std::unique_ptr<Store> make_memory_store(MemoryPlace& place, MemoryStoreOptions options) {
    return std::make_unique<MemoryStore>(place, std::move(options));
}

}  // namespace godwit::store
