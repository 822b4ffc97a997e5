#include "s3/probe.h"

#include <fmt/format.h>

#include <array>

#include "base/encoding.h"
#include "base/sabotage.h"
#include "runtime/retry.h"
#include "s3/checksum_headers.h"
#include "s3/probe_remains.h"

namespace godwit::s3 {

namespace {

constexpr std::string_view kProbeText = "A probe of godwit; it can be removed.\n";
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

// Refusals by which a server shows that it understood and did not want to.
bool is_refusal(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Invalid:
        case ErrorKind::NotFound:
        case ErrorKind::Exists:
        case ErrorKind::Unsupported:
        case ErrorKind::Changed:
        case ErrorKind::Corrupt:
            return true;
        case ErrorKind::Denied:
        case ErrorKind::Busy:
        case ErrorKind::Lost:
        case ErrorKind::Full:
        case ErrorKind::Cancelled:
            return false;
    }
    GODWIT_CHECK(false, "no such error kind: {}", static_cast<int>(kind));
}

// What a server did with a write: took it, or refused it with this code.
struct Reaction {
    std::string etag;
    std::string refused_with;  // empty: taken
    bool taken() const { return refused_with.empty(); }
};

template <class T>
Result<Reaction> reaction(const Result<T>& done) {
    if (done) {
        Reaction taken;
        taken.etag = done->etag;
        return taken;
    }
    if (!is_refusal(done.error().kind())) return done.error().clone();
    Reaction refused;
    refused.refused_with = done.error().code().empty() ? to_string(done.error().kind()) : done.error().code();
    return refused;
}

class Probe {
  public:
    Probe(Context& context, const Bucket& bucket, std::string key)
        : context_(context), patient_(bucket), once_(bucket), key_(std::move(key)) {
        once_.retries = false;
    }

    Task<Result<ProbeResult>> run(ChecksumChoice choice);

  private:
    Task<Result<void>> checksums(ChecksumChoice choice);
    Task<Result<bool>> checks(DigestAlgorithm algorithm);
    Task<Result<void>> conditions();
    Task<Result<void>> put_conditions();
    Task<Result<void>> complete_conditions();
    Task<Result<void>> delete_condition();
    Task<void> clean_up();

    // One write, once more while the server is busy.
    Task<Result<Reaction>> put_part(BodyChecks checks);
    Task<Result<Reaction>> put(Condition condition);
    Task<Result<Reaction>> complete(Condition condition);

    Task<Result<void>> begin_upload(std::optional<DigestAlgorithm> algorithm);
    Task<void> abort_upload();
    bool stopped(std::string_view what, const Reaction& reaction);
    static Condition match(std::string etag, bool bare);
    void find(std::string finding) { result_.findings.push_back(std::move(finding)); }

    Context& context_;
    const Bucket& patient_;
    Bucket once_;
    std::string key_;
    ProbeResult result_;
    std::optional<UploadId> upload_;
    std::string part_etag_;
    std::string etag_;  // of the probe object, as it stands
    bool object_is_there_ = false;
    bool keeps_versions_ = false;  // the bucket does
};

Task<Result<ProbeResult>> Probe::run(ChecksumChoice choice) {
    Result<void> asked = co_await checksums(choice);
    if (asked) asked = co_await conditions();
    co_await clean_up();
    if (!asked) co_return std::move(asked.error());
    co_return std::move(result_);
}

Task<Result<void>> Probe::checksums(ChecksumChoice choice) {
    for (DigestAlgorithm algorithm : candidates(choice)) {
        GODWIT_CO_TRY(bool proved, co_await checks(algorithm));
        if (!proved && !GODWIT_SABOTAGE(attest_unprobed)) continue;
        result_.attests = algorithm;
        co_return {};
    }
    // Without a checksum the upload is still needed, for the ETag and the conditions.
    GODWIT_CO_TRY_VOID(co_await begin_upload(std::nullopt));
    BodyChecks checks;
    checks.md5 = digest_of(DigestAlgorithm::Md5, bytes_of(kProbeText));
    GODWIT_CO_TRY(Reaction plain, co_await put_part(checks));
    part_etag_ = plain.etag;
    co_return {};
}

Task<Result<bool>> Probe::checks(DigestAlgorithm algorithm) {
    std::string_view name = to_string(algorithm);
    Result<void> begun = co_await begin_upload(algorithm);
    if (!begun && is_refusal(begun.error().kind())) {
        find(fmt::format("checksum {}: not known ({})", name, begun.error().code()));
        co_return false;
    }
    if (!begun) co_return std::move(begun.error());

    BodyChecks wrong, right;
    wrong.checksum = digest_of(algorithm, bytes_of("other bytes"));
    right.checksum = digest_of(algorithm, bytes_of(kProbeText));
    GODWIT_CO_TRY(Reaction lied, co_await put_part(wrong));
    if (lied.taken()) {
        find(fmt::format("checksum {}: a wrong one was accepted, so it proves nothing", name));
        co_return false;
    }
    GODWIT_CO_TRY(Reaction honest, co_await put_part(right));
    if (!honest.taken()) {
        find(fmt::format("checksum {}: refused ({})", name, honest.refused_with));
        co_return false;
    }
    find(fmt::format("checksum {}: checked (a wrong one was refused: {})", name, lied.refused_with));
    part_etag_ = honest.etag;
    co_return true;
}

Task<Result<void>> Probe::conditions() {
    Digest md5 = digest_of(DigestAlgorithm::Md5, bytes_of(kProbeText));
    result_.etag_is_md5 = etag_equals(part_etag_, md5);
    find(fmt::format("ETag of a part: {} its MD5", result_.etag_is_md5 ? "is" : "is not"));
    GODWIT_CO_TRY_VOID(co_await put_conditions());
    if (!object_is_there_) co_return {};
    GODWIT_CO_TRY_VOID(co_await complete_conditions());
    co_return co_await delete_condition();
}

Task<Result<void>> Probe::put_conditions() {
    Condition none, absent;
    absent.absent = true;
    GODWIT_CO_TRY(Reaction made, co_await put(none));
    if (!made.taken()) {
        co_return Error(ErrorKind::Unsupported, "probe", patient_.client->uri(key_),
                        fmt::format("the server does not take a plain object ({})", made.refused_with));
    }
    GODWIT_CO_TRY(Reaction again, co_await put(absent));
    result_.put_if_absent = stopped("PutObject with If-None-Match: *", again);
    Condition other = match(std::string(kNoEtag), false);
    GODWIT_CO_TRY(Reaction mismatched, co_await put(other));
    if (!stopped("PutObject with If-Match", mismatched)) co_return {};
    for (bool bare : {false, true}) {
        Condition current = match(etag_, bare);
        GODWIT_CO_TRY(Reaction matched, co_await put(current));
        if (!matched.taken()) continue;
        result_.put_if_match = true;
        result_.put_etag_bare = bare;
        if (bare) find("PutObject with If-Match: wants the ETag without quotes");
        co_return {};
    }
    find("PutObject with If-Match: refused even where it holds, so it is not used");
    co_return {};
}

// A Complete that is not stopped has consumed the upload: then no more is asked.
Task<Result<void>> Probe::complete_conditions() {
    if (!upload_ || part_etag_.empty()) co_return {};
    Condition absent;
    absent.absent = true;
    GODWIT_CO_TRY(Reaction existing, co_await complete(absent));
    result_.complete_if_absent = stopped("CompleteMultipartUpload with If-None-Match: *", existing);
    if (existing.taken()) co_return {};
    Condition other = match(std::string(kNoEtag), false);
    GODWIT_CO_TRY(Reaction mismatched, co_await complete(other));
    bool enforced = stopped("CompleteMultipartUpload with If-Match", mismatched);
    if (mismatched.taken()) co_return {};
    Condition current = match(etag_, false);
    GODWIT_CO_TRY(Reaction matched, co_await complete(current));
    result_.complete_if_match = enforced && matched.taken();
    if (enforced && !matched.taken()) {
        find("CompleteMultipartUpload with If-Match: refused even where it holds, so it is not used");
    }
    co_return {};
}

// A bucket with versions would keep a delete marker, which the writes of others must not find.
Task<Result<void>> Probe::delete_condition() {
    if (keeps_versions_) {
        find("DeleteObject with If-Match: not asked, the bucket keeps versions");
        co_return {};
    }
    Condition other = match(std::string(kNoEtag), false), current = match(etag_, false);
    std::string newest;
    auto wrong = co_await delete_object(context_, once_, key_, other, newest);
    bool stopped = !wrong && wrong.error().kind() == ErrorKind::Changed;
    if (!wrong && !stopped && !is_refusal(wrong.error().kind())) co_return std::move(wrong.error());
    if (wrong) object_is_there_ = false;
    if (stopped) {
        auto right = co_await delete_object(context_, once_, key_, current, newest);
        result_.delete_if_match = right.has_value();
        if (right) object_is_there_ = false;
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

Task<Result<Reaction>> Probe::put_part(BodyChecks checks) {
    PutPart part;
    part.upload = &*upload_;
    part.number = 1;
    part.bytes = bytes_of(kProbeText);
    part.checks = checks;
    auto attempt = [&](int) -> Task<Result<Reaction>> {
        auto done = co_await upload_part(context_, once_, part);
        co_return reaction(done);
    };
    co_return co_await runtime::retry(context_, patient_.client->retry_policy(), attempt);
}

Task<Result<Reaction>> Probe::put(Condition condition) {
    PutObject object;
    object.key = key_;
    object.bytes = bytes_of(kProbeText);
    object.condition = std::move(condition);
    object_is_there_ = true;  // as far as we know from here on
    auto attempt = [&](int) -> Task<Result<Reaction>> {
        auto done = co_await put_object(context_, once_, object);
        if (done && !done->version_id.empty() && done->version_id != "null") {
            keeps_versions_ = true;
        }
        co_return reaction(done);
    };
    auto done = co_await runtime::retry(context_, patient_.client->retry_policy(), attempt);
    if (done && done->taken()) etag_ = done->etag;
    co_return std::move(done);
}

Condition Probe::match(std::string etag, bool bare) {
    Condition condition;
    condition.etag = std::move(etag);
    condition.bare = bare;
    return condition;
}

Task<Result<Reaction>> Probe::complete(Condition condition) {
    CompletedPart part;
    part.number = 1;
    part.etag = part_etag_;
    if (result_.attests) part.checksum = digest_of(*result_.attests, bytes_of(kProbeText));
    CompleteUpload request;
    request.upload = &*upload_;
    request.parts = std::span(&part, 1);
    request.condition = std::move(condition);
    auto attempt = [&](int) -> Task<Result<Reaction>> {
        auto done = co_await complete_upload(context_, once_, request);
        co_return reaction(done);
    };
    auto done = co_await runtime::retry(context_, patient_.client->retry_policy(), attempt);
    if (done && done->taken()) {
        etag_ = done->etag;
        upload_.reset();
    }
    co_return std::move(done);
}

Task<Result<void>> Probe::begin_upload(std::optional<DigestAlgorithm> algorithm) {
    co_await abort_upload();
    const model::Metadata* no_metadata = nullptr;
    auto begun = co_await create_upload(context_, patient_, key_, no_metadata, algorithm);
    if (!begun) co_return std::move(begun.error());
    upload_ = std::move(*begun);
    co_return {};
}

Task<void> Probe::abort_upload() {
    if (!upload_) co_return;
    UploadId upload = std::move(*upload_);
    upload_.reset();
    auto aborted = co_await s3::abort_upload(context_, patient_, upload);
    if (!aborted) find("left behind: " + aborted.error().message());
}

Task<void> Probe::clean_up() {
    co_await abort_upload();
    if (!object_is_there_) co_return;
    auto removed = co_await remove_versions(context_, patient_, key_);
    if (!removed) find("left behind: " + removed.error().message());
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
