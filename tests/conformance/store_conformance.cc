#include "conformance/store_conformance.h"

#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "runtime/group.h"

namespace godwit::conformance {

using model::Entry;
using model::Identity;
using model::Key;
using model::KeyRange;
using model::ObjectInfo;
using runtime::Context;
using runtime::Task;

void StoreConformance::SetUp() {
    location_ = GetParam().make();
    if (!location_) GTEST_SKIP() << GetParam().name << " cannot run here";
    context_ = std::make_unique<Context>(location_->loop());
    restart();
}

void StoreConformance::TearDown() {
    drop_store();
    context_.reset();
    location_.reset();
}

void StoreConformance::drop_store() {
    if (!store_) return;
    auto closing = [](store::Store& store) -> Task<bool> {
        co_await store.close();
        co_return true;
    };
    run(closing(*store_));
    store_.reset();
}

void StoreConformance::restart() {
    drop_store();
    store_ = location_->connect();
    ASSERT_TRUE(store_);
    auto attached = run(store_->attach(context(), store::Role::Destination));
    ASSERT_TRUE(attached) << attached.error().message();
}

store::PutRequest StoreConformance::request_for(const std::string& key, std::uint64_t size_bytes) {
    store::PutRequest request;
    request.key = Key(key);
    request.size_bytes = size_bytes;
    if (key.ends_with('/')) request.type = model::ObjectType::Directory;
    if (auto here = stat(key)) request.replaces = here->entry.identity;
    return request;
}

Result<store::Receipt> StoreConformance::put(const std::string& key, std::string_view text,
                                             model::Metadata metadata) {
    store::PutRequest request = request_for(key, text.size());
    request.metadata = std::move(metadata);
    return put(request, text);
}

Result<store::Receipt> StoreConformance::put(const store::PutRequest& request, std::string_view text) {
    Digest digest = digest_of(request.digest, bytes_of(text));
    return run(store().put(context(), request, bytes_of(text), digest));
}

store::Receipt StoreConformance::written(const std::string& key, std::string_view text,
                                         model::Metadata metadata) {
    auto receipt = put(key, text, std::move(metadata));
    EXPECT_TRUE(receipt) << printable(key) << ": " << receipt.error().message();
    return receipt ? std::move(*receipt) : store::Receipt();
}

namespace {

Task<void> write_small(Context& context, store::Store& store, const std::string& key, int& failed) {
    store::PutRequest request;
    request.key = Key(key);
    request.size_bytes = 1;
    std::string_view text = "x";
    Digest digest = digest_of(request.digest, bytes_of(text));
    auto receipt = co_await store.put(context, request, bytes_of(text), digest);
    if (!receipt) ++failed;
}

Task<int> write_many(Context& context, store::Store& store, const std::vector<std::string>& keys) {
    constexpr std::size_t kAtOnce = 32;
    runtime::TaskGroup group(context.loop());
    int failed = 0;
    for (const std::string& key : keys) {
        group.spawn(write_small(context, store, key, failed));
        co_await group.wait(kAtOnce);
    }
    co_await group.wait();
    co_return failed;
}

}  // namespace

void StoreConformance::write_all(const std::vector<std::string>& keys) {
    EXPECT_EQ(run(write_many(context(), store(), keys)), 0);
}

Result<std::unique_ptr<store::Source>> StoreConformance::open(const std::string& key,
                                                              const Identity& expected,
                                                              std::uint64_t whole_bytes_max) {
    store::OpenRequest request;
    request.key = Key(key);
    request.expected = expected;
    if (key.ends_with('/')) request.type = model::ObjectType::Directory;
    request.whole_bytes_max = whole_bytes_max;
    request.with_tags = true;
    return run(store().open(context(), request));
}

Result<std::string> StoreConformance::get(const std::string& key, const Identity& expected) {
    GODWIT_TRY(std::unique_ptr<store::Source> source, open(key, expected, 64u << 20));
    std::optional<store::Part> whole = source->take_whole();
    if (!whole) return Error(ErrorKind::Corrupt, "open", key, "was not read whole");
    EXPECT_FALSE(source->take_whole()) << "taken twice";
    EXPECT_EQ(whole->digest, digest_of(whole->digest.algorithm(), whole->bytes.span()));
    return text_of(whole->bytes.span());
}

std::optional<ObjectInfo> StoreConformance::stat(const std::string& key, bool with_tags) {
    Key name(key);
    auto info = run(store().stat(context(), name, with_tags));
    EXPECT_TRUE(info) << printable(key) << ": " << info.error().message();
    if (!info) return std::nullopt;
    return std::move(*info);
}

std::string StoreConformance::text_at(const std::string& key) {
    auto info = stat(key);
    if (!info) return "(absent)";
    auto text = get(key, info->entry.identity);
    return text ? *text : text.error().message();
}

Result<std::vector<Entry>> StoreConformance::list(store::ListedKeys keys) {
    std::unique_ptr<store::Listing> listing = store().list(std::move(keys));
    std::vector<Entry> entries;
    for (;;) {
        GODWIT_TRY(store::Page page, run(listing->next(context())));
        EXPECT_LE(page.entries.size(), 4096u);
        if (!page.unreadable.empty()) return std::move(page.unreadable.front());
        std::ranges::move(page.entries, std::back_inserter(entries));
        if (page.last) return entries;
    }
}

std::vector<std::string> StoreConformance::keys(store::ListedKeys listed) {
    auto entries = list(std::move(listed));
    EXPECT_TRUE(entries) << entries.error().message();
    std::vector<std::string> keys;
    if (!entries) return keys;
    for (const Entry& entry : *entries) {
        // Where directories are real they come with their files; the suite asks for what it has put.
        if (store().capabilities().hierarchical && entry.key.is_directory()) continue;
        keys.push_back(entry.key.bytes());
    }
    return keys;
}

Result<void> StoreConformance::write_parts(store::Sink& sink, std::string_view text,
                                           std::size_t parts_missing) {
    std::size_t part = sink.part_size_bytes();
    std::size_t count = (text.size() + part - 1) / part;
    // Last part first: a store must not lean on the order.
    for (std::size_t i = count - parts_missing; i-- > 0;) {
        auto bytes = bytes_of(text.substr(i * part, part));
        Digest digest = digest_of(DigestAlgorithm::Crc64Nvme, bytes);
        GODWIT_TRY_VOID(run(sink.write(context(), i * part, bytes, digest)));
    }
    return {};
}

std::unique_ptr<store::Sink> StoreConformance::filled_sink(const store::PutRequest& request,
                                                           std::string_view text, std::size_t parts_missing) {
    auto sink = run(store().begin(context(), request));
    EXPECT_TRUE(sink) << sink.error().message();
    if (!sink) return nullptr;
    auto filled = write_parts(**sink, text, parts_missing);
    EXPECT_TRUE(filled) << filled.error().message();
    return std::move(*sink);
}

std::string pattern(std::uint64_t size_bytes, std::uint64_t seed) {
    std::string text(size_bytes, '\0');
    std::uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    for (char& c : text) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        c = static_cast<char>(state >> 56);
    }
    return text;
}

std::string text_of(std::span<const std::byte> bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace godwit::conformance
