#include "s3/probe_remains.h"

#include <fmt/format.h>

#include "s3/multipart.h"

namespace godwit::s3 {
namespace {

// A probe writes each object five times at most, and every write may be a version.
constexpr int kVersionsMax = 16;

Task<Result<void>> abort_uploads(Context& context, const Bucket& bucket, const std::string& key) {
    GODWIT_CO_TRY(PendingUploads pending, co_await list_uploads(context, bucket, key));
    for (const PendingUpload& each : pending.uploads) {
        UploadId upload;
        upload.key = each.key;
        upload.id = each.upload_id;
        GODWIT_CO_TRY_VOID(co_await abort_upload(context, bucket, upload));
    }
    co_return {};
}

}  // namespace

std::string probe_key(const std::string& prefix, const std::string& token) {
    return prefix + ".godwit-probe-" + token;
}

Task<Result<void>> remove_versions(Context& context, const Bucket& bucket, const std::string& key) {
    const std::string any_etag;
    const Condition none;
    for (int i = 0; i < kVersionsMax; ++i) {
        GODWIT_CO_TRY(auto head,
                      co_await head_object(context, bucket, key, any_etag, DigestAlgorithm::Crc64Nvme));
        if (!head) co_return {};
        std::string version = head->version_id == "null" ? std::string() : head->version_id;
        GODWIT_CO_TRY_VOID(co_await delete_object(context, bucket, key, none, version));
    }
    co_return Error(ErrorKind::Corrupt, "probe", bucket.client->uri(key),
                    fmt::format("it is still there after {} deletes", kVersionsMax));
}

Task<Result<void>> discard_probe(Context& context, const Bucket& bucket, const std::string& key) {
    for (std::string_view suffix : kProbeSuffixes) {
        std::string uploads_key = key + std::string(suffix);
        GODWIT_CO_TRY_VOID(co_await abort_uploads(context, bucket, uploads_key));
    }
    ListRequest list;
    list.prefix = key;
    GODWIT_CO_TRY(ListPage page, co_await list_objects(context, bucket, list));
    for (const auto& object : page.objects) {
        GODWIT_CO_TRY_VOID(co_await remove_versions(context, bucket, object.key));
    }
    co_return {};
}

}  // namespace godwit::s3
