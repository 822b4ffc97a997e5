#include "s3/probe.h"

#include <fmt/format.h>

#include <array>

#include "base/encoding.h"
#include "base/sabotage.h"
#include "s3/checksum_headers.h"
#include "s3/probe_remains.h"
#include "s3/probe_trial.h"

namespace godwit::s3 {

namespace {

// The generation that no object has.
constexpr std::string_view kNoEtag = "00000000000000000000000000000000";

struct ChoiceName {
    ChecksumChoice choice;
    std::string_view name;
};
constexpr std::array<ChoiceName, 6> kChoices{{
    {ChecksumChoice::Auto, "auto"},
    {ChecksumChoice::Crc64Nvme, "crc64nvme"},
    {ChecksumChoice::Crc32c, "crc32c"},
    {ChecksumChoice::Sha256, "sha256"},
    {ChecksumChoice::Md5, "md5"},
    {ChecksumChoice::None, "none"},
}};

std::vector<DigestAlgorithm> candidates(ChecksumChoice choice) {
    switch (choice) {
        case ChecksumChoice::Auto:
            return {DigestAlgorithm::Crc64Nvme, DigestAlgorithm::Crc32c, DigestAlgorithm::Sha256};
        case ChecksumChoice::Crc64Nvme:
            return {DigestAlgorithm::Crc64Nvme};
        case ChecksumChoice::Crc32c:
            return {DigestAlgorithm::Crc32c};
        case ChecksumChoice::Sha256:
            return {DigestAlgorithm::Sha256};
        case ChecksumChoice::Md5:
        case ChecksumChoice::None:
            return {};
    }
    GODWIT_CHECK(false, "no such choice: {}", static_cast<int>(choice));
}

// The questions stand in three chains, each about an object of its own, so that no chain waits for the
// answers of another. Within a chain each question needs what the one before it left.
class Probe {
  public:
    Probe(Context& context, const Bucket& bucket, const std::string& key)
        : context_(context),
          matched_(context, bucket, key),
          completed_(context, bucket, key + std::string(kProbeSuffixes[1])),
          removed_(context, bucket, key + std::string(kProbeSuffixes[2])) {}

    Task<Result<ProbeResult>> run(ChecksumChoice choice);

  private:
    Task<Result<void>> ask(ChecksumChoice choice);
    // The chains.
    Task<Result<void>> checksums_and_put_if_match(ChecksumChoice choice);
    Task<Result<void>> complete_if_match();
    Task<Result<void>> put_if_absent_and_delete();

    Task<Result<void>> checksums(ChecksumChoice choice);
    Task<Result<bool>> checks(DigestAlgorithm algorithm);
    Task<Result<void>> put_if_match();
    Task<Result<void>> complete_if_absent();
    Task<Result<void>> delete_if_match();
    Task<Result<void>> plain_upload(Trial& trial);
    Task<Result<void>> clean_up(Trial& trial);

    bool stopped(std::string_view what, const Reaction& reaction);
    void find(std::string finding) { result_.findings.push_back(std::move(finding)); }

    Context& context_;
    ProbeResult result_;
    Trial matched_;
    Trial completed_;
    Trial removed_;
};

Condition match(std::string etag, bool bare) {
    Condition condition;
    condition.etag = std::move(etag);
    condition.bare = bare;
    return condition;
}

Condition match_nothing() {
    return match(std::string(kNoEtag), false);
}

Condition if_absent() {
    Condition condition;
    condition.absent = true;
    return condition;
}

Task<Result<ProbeResult>> Probe::run(ChecksumChoice choice) {
    Result<void> asked = co_await ask(choice);
    Task<Result<void>> two = both(context_.loop(), clean_up(matched_), clean_up(completed_));
    Task<Result<void>> all = both(context_.loop(), std::move(two), clean_up(removed_));
    (void)co_await std::move(all);
    if (!asked) co_return std::move(asked.error());
    co_return std::move(result_);
}

Task<Result<void>> Probe::ask(ChecksumChoice choice) {
    Task<Result<void>> two = both(context_.loop(), checksums_and_put_if_match(choice), complete_if_match());
    Task<Result<void>> all = both(context_.loop(), std::move(two), put_if_absent_and_delete());
    co_return co_await std::move(all);
}

Task<Result<void>> Probe::checksums_and_put_if_match(ChecksumChoice choice) {
    Task<Result<void>> first = both(context_.loop(), checksums(choice), put_if_match());
    GODWIT_CO_TRY_VOID(co_await std::move(first));
    Digest md5 = digest_of(DigestAlgorithm::Md5, bytes_of(kProbeText));
    result_.etag_is_md5 = etag_equals(matched_.part_etag(), md5);
    find(fmt::format("ETag of a part: {} its MD5", result_.etag_is_md5 ? "is" : "is not"));
    co_return co_await complete_if_absent();
}

Task<Result<void>> Probe::checksums(ChecksumChoice choice) {
    for (DigestAlgorithm algorithm : candidates(choice)) {
        GODWIT_CO_TRY(bool proved, co_await checks(algorithm));
        if (!proved && !GODWIT_SABOTAGE(attest_unprobed)) continue;
        result_.attests = algorithm;
        co_return {};
    }
    // Without a checksum the upload is still needed, for the ETag and the condition.
    co_return co_await plain_upload(matched_);
}

Task<Result<bool>> Probe::checks(DigestAlgorithm algorithm) {
    std::string_view name = to_string(algorithm);
    Result<void> begun = co_await matched_.begin_upload(algorithm);
    if (!begun && is_refusal(begun.error().kind())) {
        find(fmt::format("checksum {}: not known ({})", name, begun.error().code()));
        co_return false;
    }
    if (!begun) co_return std::move(begun.error());

    BodyChecks wrong, right;
    wrong.checksum = digest_of(algorithm, bytes_of("other bytes"));
    right.checksum = digest_of(algorithm, bytes_of(kProbeText));
    // One after the other and under one number, so that nothing but the checksum can have been refused.
    GODWIT_CO_TRY(Reaction lied, co_await matched_.put_part(wrong));
    if (lied.taken()) {
        find(fmt::format("checksum {}: a wrong one was accepted, so it proves nothing", name));
        co_return false;
    }
    GODWIT_CO_TRY(Reaction honest, co_await matched_.put_part(right));
    if (!honest.taken()) {
        find(fmt::format("checksum {}: refused ({})", name, honest.refused_with));
        co_return false;
    }
    find(fmt::format("checksum {}: checked (a wrong one was refused: {})", name, lied.refused_with));
    co_return true;
}

Task<Result<void>> Probe::plain_upload(Trial& trial) {
    std::optional<DigestAlgorithm> no_checksum;
    GODWIT_CO_TRY_VOID(co_await trial.begin_upload(no_checksum));
    BodyChecks checks;
    checks.md5 = digest_of(DigestAlgorithm::Md5, bytes_of(kProbeText));
    GODWIT_CO_TRY_VOID(co_await trial.put_part(checks));
    co_return {};
}

Task<Result<void>> Probe::put_if_match() {
    GODWIT_CO_TRY_VOID(co_await matched_.make());
    Condition other = match_nothing();
    GODWIT_CO_TRY(Reaction mismatched, co_await matched_.put(other));
    if (!stopped("PutObject with If-Match", mismatched)) co_return {};
    for (bool bare : {false, true}) {
        Condition current = match(matched_.etag(), bare);
        GODWIT_CO_TRY(Reaction taken, co_await matched_.put(current));
        if (!taken.taken()) continue;
        result_.put_if_match = true;
        result_.put_etag_bare = bare;
        if (bare) find("PutObject with If-Match: wants the ETag without quotes");
        co_return {};
    }
    find("PutObject with If-Match: refused even where it holds, so it is not used");
    co_return {};
}

Task<Result<void>> Probe::complete_if_absent() {
    if (matched_.part_etag().empty()) co_return {};
    Condition absent = if_absent();
    GODWIT_CO_TRY(Reaction existing, co_await matched_.complete(absent, result_.attests));
    result_.complete_if_absent = stopped("CompleteMultipartUpload with If-None-Match: *", existing);
    co_return {};
}

// A Complete that is not stopped has consumed the upload: then no more is asked.
Task<Result<void>> Probe::complete_if_match() {
    Task<Result<void>> begun = both(context_.loop(), completed_.make(), plain_upload(completed_));
    GODWIT_CO_TRY_VOID(co_await std::move(begun));
    if (completed_.part_etag().empty()) co_return {};
    std::optional<DigestAlgorithm> no_checksum;
    Condition other = match_nothing(), current = match(completed_.etag(), false);
    GODWIT_CO_TRY(Reaction mismatched, co_await completed_.complete(other, no_checksum));
    if (!stopped("CompleteMultipartUpload with If-Match", mismatched)) co_return {};
    GODWIT_CO_TRY(Reaction taken, co_await completed_.complete(current, no_checksum));
    result_.complete_if_match = taken.taken();
    if (!taken.taken()) {
        find("CompleteMultipartUpload with If-Match: refused even where it holds, so it is not used");
    }
    co_return {};
}

Task<Result<void>> Probe::put_if_absent_and_delete() {
    GODWIT_CO_TRY_VOID(co_await removed_.make());
    Condition absent = if_absent();
    GODWIT_CO_TRY(Reaction again, co_await removed_.put(absent));
    result_.put_if_absent = stopped("PutObject with If-None-Match: *", again);
    co_return co_await delete_if_match();
}

// A bucket with versions would keep a delete marker, which the writes of others must not find.
Task<Result<void>> Probe::delete_if_match() {
    result_.keeps_versions = removed_.keeps_versions();
    if (result_.keeps_versions) {
        find("DeleteObject with If-Match: not asked, the bucket keeps versions");
        co_return {};
    }
    Condition other = match_nothing(), current = match(removed_.etag(), false);
    GODWIT_CO_TRY(Reaction wrong, co_await removed_.remove(other));
    if (wrong.refused_for == ErrorKind::Changed) {
        GODWIT_CO_TRY(Reaction right, co_await removed_.remove(current));
        result_.delete_if_match = right.taken();
    }
    find(
        fmt::format("DeleteObject with If-Match: {}", result_.delete_if_match ? "enforced" : "not enforced"));
    co_return {};
}

bool Probe::stopped(std::string_view what, const Reaction& reaction) {
    bool enforced = reaction.refused_with == "PreconditionFailed";
    if (reaction.taken()) {
        find(fmt::format("{}: ignored", what));
    } else {
        find(
            fmt::format("{}: {} ({})", what, enforced ? "enforced" : "not supported", reaction.refused_with));
    }
    return enforced;
}

Task<Result<void>> Probe::clean_up(Trial& trial) {
    Result<void> cleaned = co_await trial.clean_up();
    if (!cleaned) find("left behind: " + cleaned.error().message());
    co_return {};
}

}  // namespace

std::optional<ChecksumChoice> checksum_choice_from(std::string_view name) {
    for (const ChoiceName& each : kChoices) {
        if (each.name == name) return each.choice;
    }
    return std::nullopt;
}

Task<Result<ProbeResult>> probe_bucket(Context& context, const Bucket& bucket, const std::string& key,
                                       ChecksumChoice choice) {
    Probe probe(context, bucket, key);
    co_return co_await probe.run(choice);
}

Task<Result<bool>> probe_paths(Context& context, const Bucket& bucket, const std::string& key) {
    PutObject put;
    put.key = key + "/.//x/../y";
    put.bytes = bytes_of(kProbeText);
    auto stored = co_await put_object(context, bucket, put);
    if (!stored && is_refusal(stored.error().kind())) co_return false;
    if (!stored) co_return std::move(stored.error());
    ListRequest list;
    list.prefix = key;
    auto page = co_await list_objects(context, bucket, list);
    bool exact = page && page->objects.size() == 1 && page->objects.front().key == put.key;
    Condition none;
    std::string version = stored->version_id == "null" ? std::string() : stored->version_id;
    GODWIT_CO_TRY_VOID(co_await delete_object(context, bucket, put.key, none, version));
    if (!page) co_return std::move(page.error());
    co_return exact;
}

bool looks_like_path(std::string_view key) {
    if (key.starts_with('/')) return true;
    for (std::size_t begin = 0; begin < key.size();) {
        std::size_t end = std::min(key.find('/', begin), key.size());
        std::string_view segment = key.substr(begin, end - begin);
        if (segment.empty() || segment == "." || segment == "..") return true;
        begin = end + 1;
    }
    return false;
}

const ProbeResult* ProbeCache::find(const std::string& name) const {
    auto found = results_.find(name);
    return found == results_.end() ? nullptr : &found->second;
}

}  // namespace godwit::s3
