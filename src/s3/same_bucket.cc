#include "s3/same_bucket.h"

#include "s3/probe_trial.h"

namespace godwit::s3 {
namespace {

Task<Result<bool>> is_seen(Context& context, const Bucket& bucket, const std::string& key) {
    const std::string any_etag;
    auto head = co_await head_object(context, bucket, key, any_etag, DigestAlgorithm::Crc64Nvme);
    if (!head && head.error().kind() == ErrorKind::Denied) co_return false;
    if (!head) co_return std::move(head.error());
    co_return head->has_value();
}

}  // namespace

Task<Result<bool>> is_same_bucket(Context& context, const Bucket& written, const Bucket& other,
                                  const std::string& key) {
    Trial mark(context, written, key);
    Result<bool> seen = false;
    Result<void> made = co_await mark.make();
    if (made) seen = co_await is_seen(context, other, key);
    // Where nothing may be removed the probe leaves its objects, too, and says so.
    (void)co_await mark.clean_up();
    if (!made) co_return std::move(made.error());
    co_return std::move(seen);
}

}  // namespace godwit::s3
