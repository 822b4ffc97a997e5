// The conformance suite over the S3 store, against real servers: Ceph RGW, which knows no additional
// checksums, and one that checks and keeps CRC64NVME. Each test has a prefix of its own.
#include <algorithm>

#include "conformance/real_server.h"
#include "conformance/s3_location.h"

namespace godwit::conformance {
namespace {

constexpr const char* kBucket = "conformance";

// One server of each kind for the whole program.
class Servers : public testing::Environment {
  public:
    void TearDown() override { running_.clear(); }

    RealServer* get(const std::string& script) {
        auto [entry, is_new] = running_.try_emplace(script);
        if (is_new) entry->second = RealServer::start(script, kBucket);
        return entry->second.get();
    }
    // What a server can do is asked once; each test would else begin with a dozen requests.
    s3::ProbeCache& probes() { return probes_; }
    std::string next_prefix() { return fmt::format("test-{}/", ++prefixes_); }

  private:
    std::map<std::string, std::unique_ptr<RealServer>> running_;
    s3::ProbeCache probes_;
    int prefixes_ = 0;
};

auto* servers = static_cast<Servers*>(testing::AddGlobalTestEnvironment(new Servers));

std::unique_ptr<Location> location_on(const std::string& script) {
    RealServer* server = servers->get(script);
    if (!server) return nullptr;
    s3::S3Options options;
    options.bucket = kBucket;
    options.prefix = servers->next_prefix();
    options.endpoint.url = (*server)["ENDPOINT"];
    options.endpoint.region = (*server)["AWS_DEFAULT_REGION"];
    options.credentials =
        s3::Credentials{(*server)["AWS_ACCESS_KEY_ID"], (*server)["AWS_SECRET_ACCESS_KEY"], "", std::nullopt};
    options.part_step_bytes = 5u << 20;
    options.probes = &servers->probes();
    return std::make_unique<S3Location>(std::move(options));
}

StoreCase server_case(std::string name, const std::string& script) {
    StoreCase store_case;
    store_case.name = std::move(name);
    store_case.make = [script] { return location_on(script); };
    store_case.large_bytes = (11u << 20) + 12'345;
    store_case.deviations.can_hold = s3_key_rule("test-00/");
    return store_case;
}

StoreCase rgw() {
    StoreCase store_case = server_case("rgw", "rgw.sh");
    // CopyObject ignores x-amz-copy-source-if-match: the copy is there, and then not believed.
    store_case.deviations.copies_exactly = false;
    return store_case;
}

bool has_control_character(const std::string& key) {
    return std::ranges::any_of(key, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r';
    });
}

StoreCase checking() {
    StoreCase store_case = server_case("checking", "checksum_server.sh");
    // A key is a path in the server's directory: Godwit finds that out and refuses what would become
    // another key. Control characters come back from its listings as U+FFFD.
    auto rule = store_case.deviations.can_hold;
    store_case.deviations.can_hold = [rule](const std::string& key) {
        return rule(key) && !s3::looks_like_path(key) && !has_control_character(key) && key.size() < 1000;
    };
    store_case.deviations.holds_key_beside_directory = false;
    return store_case;
}

INSTANTIATE_TEST_SUITE_P(Real, StoreConformance, testing::Values(rgw(), checking()), case_name);

}  // namespace
}  // namespace godwit::conformance
