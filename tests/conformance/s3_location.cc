#include "conformance/s3_location.h"

#include "base/utf8.h"

namespace godwit::conformance {

using runtime::Context;
using runtime::Task;

namespace {

Task<Result<s3::UploadsPage>> list_all_uploads(Context& context, s3::Client& client,
                                               const std::string& prefix) {
    s3::Request request(s3::RequestKind::ListUploads, "");
    std::pair<std::string_view, std::string_view> parameters[] = {
        {"encoding-type", "url"}, {"prefix", prefix}, {"uploads", ""}};
    request.query = s3::canonical_query(parameters);
    s3::XmlReader<s3::UploadsPage> reader(s3::parse_uploads_page);
    GODWIT_CO_TRY_VOID(co_await client.call(context, request, reader));
    co_return reader.take();
}

}  // namespace

S3Location::S3Location(s3::S3Options options) : options_(std::move(options)) {
    options_.retry.delay_min = std::chrono::milliseconds(1);
    auto http = net::HttpClient::make(loop_, options_.http);
    GODWIT_CHECK(http, "{}", http.error().message());
    http_ = std::move(*http);
}

std::unique_ptr<store::Store> S3Location::connect() {
    auto store = s3::S3Store::make(loop_, *http_, options_);
    GODWIT_CHECK(store, "{}", store.error().message());
    return std::move(*store);
}

std::vector<std::string> S3Location::leftovers() {
    s3::ClientOptions client_options;
    client_options.bucket = options_.bucket;
    client_options.endpoint = options_.endpoint;
    auto credentials = s3::static_credentials(*options_.credentials, "test");
    auto client = s3::Client::make(loop_, *http_, std::move(credentials), client_options);
    GODWIT_CHECK(client, "{}", client.error().message());
    Context context(loop_);
    auto page = loop_.block_on(list_all_uploads(context, **client, options_.prefix));
    GODWIT_CHECK(page, "{}", page.error().message());
    std::vector<std::string> left;
    for (const s3::PendingUpload& upload : page->uploads) {
        left.push_back(fmt::format("\"{}\" {}", upload.key.substr(options_.prefix.size()), upload.upload_id));
    }
    return left;
}

std::function<bool(const std::string&)> s3_key_rule(const std::string& prefix) {
    std::size_t room = 1024 - prefix.size();
    return
        [room](const std::string& key) { return is_utf8(key) && !key.contains('\0') && key.size() <= room; };
}

}  // namespace godwit::conformance
