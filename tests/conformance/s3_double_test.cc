// The conformance suite over the S3 store, against the in-memory S3 server in its three characters:
// one that checks checksums, one that ignores them, one that knows neither them nor MD5 ETags.
#include "conformance/s3_location.h"
#include "s3double/server.h"

namespace godwit::conformance {
namespace {

struct Character {
    std::string name;
    s3double::ChecksumMode checksums = s3double::ChecksumMode::On;
    s3double::EtagMode etag = s3double::EtagMode::Md5;
    std::string prefix;
};

std::unique_ptr<s3double::Server> start(const Character& character) {
    s3double::Options options;
    options.checksums = character.checksums;
    options.etag = character.etag;
    options.part_bytes_min = 64 << 10;
    auto server = s3double::Server::start(options);
    GODWIT_CHECK(server, "{}", server.error().message());
    (*server)->make_bucket("bucket");
    return std::move(*server);
}

s3::S3Options options_for(const s3double::Server& server, const std::string& prefix) {
    s3::S3Options options;
    options.bucket = "bucket";
    options.prefix = prefix;
    options.endpoint.url = server.endpoint();
    options.endpoint.region = "us-east-1";
    options.credentials = s3::Credentials{"AKIATEST", "secrettest", "", std::nullopt};
    options.part_step_bytes = 1u << 20;
    return options;
}

class DoubleLocation final : public S3Location {
  public:
    DoubleLocation(std::unique_ptr<s3double::Server> server, const std::string& prefix)
        : S3Location(options_for(*server, prefix)), server_(std::move(server)) {}

  private:
    std::unique_ptr<s3double::Server> server_;
};

StoreCase s3_case(const Character& character) {
    StoreCase store_case;
    store_case.name = character.name;
    store_case.make = [character] {
        return std::make_unique<DoubleLocation>(start(character), character.prefix);
    };
    store_case.large_bytes = 2'500'000;
    store_case.deviations.can_hold = s3_key_rule(character.prefix);
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
