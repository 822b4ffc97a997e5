#include "conformance/s3_hostile.h"

#include <algorithm>

namespace godwit::hostile {

namespace {

Task<bool> close_store(store::Store& store) {
    co_await store.close();
    co_return true;
}

}  // namespace

void HostileTest::TearDown() {
    if (store_) run(close_store(*store_));
    store_.reset();
    http_.reset();
    server_.reset();
}

void HostileTest::start(const s3double::Options& options) {
    TearDown();
    auto server = s3double::Server::start(options);
    ASSERT_OK(server);
    server_ = std::move(*server);
    server_->make_bucket("bucket");
    options_.endpoint.url = server_->endpoint();
    auto http = net::HttpClient::make(loop_, options_.http);
    ASSERT_OK(http);
    http_ = std::move(*http);
    store_ = connect();
}

std::unique_ptr<s3::S3Store> HostileTest::connect() {
    auto store = s3::S3Store::make(loop_, *http_, options_);
    EXPECT_TRUE(store) << store.error().message();
    return store ? std::move(*store) : nullptr;
}

void HostileTest::attach() {
    auto root = run(store_->attach(context_, store::Role::Destination));
    ASSERT_OK(root);
}

void HostileTest::rule(Operation operation, const std::string& key, Effects effects, std::uint64_t times) {
    Rule rule;
    rule.name = testing::UnitTest::GetInstance()->current_test_info()->name();
    rule.match.operation = operation;
    rule.match.key = key;
    rule.match.times = times;
    rule.effects = std::move(effects);
    server_->add_rule(std::move(rule));
}

void HostileTest::lose_answer(Operation operation, const std::string& key) {
    Effects effects;
    effects.after_act = true;
    effects.cut_reply_at = 0;
    rule(operation, key, std::move(effects), 1);
}

store::PutRequest HostileTest::put_request(const std::string& key, std::uint64_t size_bytes) const {
    store::PutRequest request;
    request.key = Key(key);
    request.size_bytes = size_bytes;
    return request;
}

Result<store::Receipt> HostileTest::put(const store::PutRequest& request, std::string_view text) {
    Digest digest = digest_of(request.digest, bytes_of(text));
    return run(store_->put(context_, request, bytes_of(text), digest));
}

Result<store::Receipt> HostileTest::put(const std::string& key, std::string_view text, bool read_back) {
    store::PutRequest request = put_request(key, text.size());
    request.read_back = read_back;
    return put(request, text);
}

Identity HostileTest::written(const std::string& key, std::string_view text) {
    std::string etag = server_->put_object("bucket", key, text);
    return {text.size(), 0, etag};
}

Result<std::unique_ptr<store::Source>> HostileTest::open(const std::string& key, const Identity& expected,
                                                         std::uint64_t whole_bytes_max) {
    store::OpenRequest request;
    request.key = Key(key);
    request.expected = expected;
    request.whole_bytes_max = whole_bytes_max;
    return run(store_->open(context_, request));
}

Result<std::string> HostileTest::get(const std::string& key, const Identity& expected) {
    GODWIT_TRY(std::unique_ptr<store::Source> source, open(key, expected, 64u << 20));
    std::optional<store::Part> whole = source->take_whole();
    GODWIT_CHECK(whole, "not read whole");
    return std::string(reinterpret_cast<const char*>(whole->bytes.data()), whole->bytes.size());
}

Result<std::vector<Entry>> HostileTest::list(KeyRange range) {
    std::unique_ptr<store::Listing> listing = store_->list(std::move(range));
    std::vector<Entry> entries;
    for (;;) {
        GODWIT_TRY(store::Page page, run(listing->next(context_)));
        std::ranges::move(page.entries, std::back_inserter(entries));
        if (page.last) return entries;
    }
}

Result<store::Receipt> HostileTest::upload(const std::string& key, std::string_view text, bool read_back) {
    store::PutRequest request = put_request(key, text.size());
    request.read_back = read_back;
    GODWIT_TRY(std::unique_ptr<store::Sink> sink, run(store_->begin(context_, request)));
    for (std::size_t offset = 0; offset < text.size(); offset += sink->part_size_bytes()) {
        auto bytes = bytes_of(text.substr(offset, sink->part_size_bytes()));
        Digest digest = digest_of(request.digest, bytes);
        GODWIT_TRY_VOID(run(sink->write(context_, offset, bytes, digest)));
    }
    Digest whole = digest_of(request.digest, bytes_of(text));
    return run(sink->commit(context_, whole));
}

std::string HostileTest::stored(const std::string& key) const {
    s3double::VersionPtr version = server_->object("bucket", key);
    return version && version->body ? version->body->text() : "(absent)";
}

std::uint64_t HostileTest::successes(Operation operation, const std::string& key) const {
    auto records = server_->audit();
    return static_cast<std::uint64_t>(std::ranges::count_if(records, [&](const auto& record) {
        return record.operation == operation && record.key == key && record.status < 300;
    }));
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

}  // namespace godwit::hostile
