#include "s3/store_options.h"

namespace godwit::s3 {

namespace {

std::string first_variable(const AwsConfig& config, const std::string& name, const std::string& other) {
    if (auto value = config.variable(name)) return *value;
    return config.variable(other).value_or("");
}

std::vector<std::string> split_hosts(std::string_view text) {
    std::vector<std::string> hosts;
    while (!text.empty()) {
        std::size_t comma = text.find(',');
        std::string_view host = text.substr(0, comma);
        while (host.starts_with(' ')) host.remove_prefix(1);
        while (host.ends_with(' ')) host.remove_suffix(1);
        if (!host.empty()) hosts.emplace_back(host);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return hosts;
}

void fill_http(const AwsConfig& config, net::HttpClientOptions& http) {
    if (http.tls.ca_file.empty()) http.tls.ca_file = config.ca_bundle().value_or("");
    bool chosen = !http.proxy_http.empty() || !http.proxy_https.empty() || !http.no_proxy.empty();
    if (chosen) return;
    http.proxy_http = first_variable(config, "http_proxy", "HTTP_PROXY");
    http.proxy_https = first_variable(config, "https_proxy", "HTTPS_PROXY");
    http.no_proxy = split_hosts(first_variable(config, "no_proxy", "NO_PROXY"));
}

}  // namespace

Result<S3Options> resolve_options(S3Options options) {
    GODWIT_TRY(AwsConfig config, AwsConfig::load(options.surroundings, options.profile));
    if (options.endpoint.url.empty()) options.endpoint.url = config.endpoint_url("s3").value_or("");
    if (options.endpoint.region.empty()) options.endpoint.region = config.region().value_or("");
    if (options.endpoint.style == AddressStyle::Auto) {
        GODWIT_TRY(options.endpoint.style, config.address_style());
    }
    fill_http(config, options.http);
    return options;
}

}  // namespace godwit::s3
