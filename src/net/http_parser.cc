#include "net/http_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>

namespace godwit::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

constexpr std::size_t kHeadersUsual = 16;

Error not_http(std::string cause) {
    return Error(ErrorKind::Corrupt, "parse", "HTTP answer", std::move(cause)).with_code("NotHttp");
}

// Takes the fields as the library finds them; what follows the head is none of its business.
class Collector final : public http::basic_parser<false> {
  public:
    explicit Collector(ResponseHead& head) : head_(head) { head_.headers.reserve(kHeadersUsual); }

  private:
    void on_response_impl(int code, string_view, int version, error_code&) override {
        head_.status = code;
        head_.is_http_1_0 = version == 10;
    }
    void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
        HttpHeader& header = head_.headers.emplace_back(std::string(name), std::string(value));
        for (char& c : header.name) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        }
    }
    void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        return body.size();
    }
    void on_finish_impl(error_code&) override {}

    ResponseHead& head_;
};

}  // namespace

std::optional<std::string_view> ResponseHead::header(std::string_view name) const {
    for (const HttpHeader& header : headers) {
        if (header.name == name) return header.value;
    }
    return std::nullopt;
}

Result<std::optional<std::size_t>> find_head_end(std::span<const std::byte> bytes, std::size_t searched) {
    constexpr std::string_view kBegin = "HTTP/1.";
    constexpr std::string_view kEnd = "\r\n\r\n";
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.substr(0, kBegin.size()) != kBegin.substr(0, text.size()))
        return not_http("not an HTTP/1 answer");
    std::size_t from = searched < kEnd.size() ? 0 : searched - (kEnd.size() - 1);
    std::size_t end = text.find(kEnd, from);
    if (end == std::string_view::npos) return std::optional<std::size_t>();
    return end + kEnd.size();
}

Result<ResponseHead> parse_head(std::span<const std::byte> head) {
    ResponseHead out;
    Collector collector(out);
    collector.header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(head.size() + 1, UINT32_MAX)));
    collector.skip(true);
    error_code error;
    std::size_t used = collector.put(boost::asio::buffer(head.data(), head.size()), error);
    if (error) return not_http(error.message());
    if (!collector.is_header_done() || used != head.size()) return not_http("the head ends too early");
    return out;
}

}  // namespace godwit::net
