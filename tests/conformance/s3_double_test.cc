// The conformance suite over the S3 store, against the in-memory S3 server in its three characters:
// one that checks checksums, one that ignores them, one that knows neither them nor MD5 ETags.
#include "conformance/store_conformance.h"
#include "s3/store.h"
#include "s3/utf8.h"
#include "s3double/server.h"

namespace godwit::conformance {
namespace {

struct Character {
    std::string name;
    s3double::ChecksumMode checksums = s3double::ChecksumMode::On;
    s3double::EtagMode etag = s3double::EtagMode::Md5;
    std::string prefix;
    bool tls = false;
};

class S3Location final : public Location {
  public:
    S3Location(std::unique_ptr<s3double::Server> server, std::string prefix)
        : server_(std::move(server)), prefix_(std::move(prefix)) {
        server_->make_bucket("bucket");
        auto http = net::HttpClient::make(loop_, net::HttpClientOptions());
        GODWIT_CHECK(http, "{}", http.error().message());
        http_ = std::move(*http);
    }

    std::unique_ptr<store::Store> connect() override {
        s3::S3Options options;
        options.bucket = "bucket";
        options.prefix = prefix_;
        options.endpoint.url = server_->endpoint();
        options.endpoint.region = "us-east-1";
        options.credentials = s3::Credentials{"AKIATEST", "secrettest", "", std::nullopt};
        options.part_step_bytes = 1u << 20;
        options.retry.delay_min = std::chrono::milliseconds(1);
        auto store = s3::S3Store::make(loop_, *http_, std::move(options));
        GODWIT_CHECK(store, "{}", store.error().message());
        return std::move(*store);
    }

    std::vector<std::string> leftovers() override { return server_->open_uploads("bucket"); }

  private:
    std::unique_ptr<s3double::Server> server_;
    std::unique_ptr<net::HttpClient> http_;
    std::string prefix_;
};

std::unique_ptr<Location> make_location(const Character& character) {
    s3double::Options options;
    options.checksums = character.checksums;
    options.etag = character.etag;
    options.part_bytes_min = 64 << 10;
    auto server = s3double::Server::start(options);
    GODWIT_CHECK(server, "{}", server.error().message());
    return std::make_unique<S3Location>(std::move(*server), character.prefix);
}

StoreCase s3_case(Character character) {
    StoreCase store_case;
    store_case.name = character.name;
    store_case.make = [character] { return make_location(character); };
    store_case.large_bytes = 2'500'000;
    // S3 keys are UTF-8 of at most 1,024 bytes, prefix included.
    std::size_t room = 1024 - character.prefix.size();
    store_case.deviations.can_hold = [room](const std::string& key) {
        return s3::is_utf8(key) && !key.contains('\0') && key.size() <= room;
    };
    return store_case;
}

Character checking() {
    Character character;
    character.name = "checking";
    return character;
}

Character under_a_prefix() {
    Character character;
    character.name = "under_a_prefix";
    character.prefix = "some where/\xc3\xa9+/";
    return character;
}

Character ignoring() {
    Character character;
    character.name = "ignoring";
    character.checksums = s3double::ChecksumMode::Ignored;
    return character;
}

Character opaque() {
    Character character;
    character.name = "opaque";
    character.checksums = s3double::ChecksumMode::Off;
    character.etag = s3double::EtagMode::Opaque;
    return character;
}

INSTANTIATE_TEST_SUITE_P(S3, StoreConformance,
                         testing::Values(s3_case(checking()), s3_case(under_a_prefix()), s3_case(ignoring()),
                                         s3_case(opaque())),
                         case_name);

}  // namespace
}  // namespace godwit::conformance
