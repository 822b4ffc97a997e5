// A conformance Location in an S3 bucket, whatever server it is on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "conformance/store_conformance.h"
#include "s3/store.h"

namespace godwit::conformance {

class S3Location : public Location {
  public:
    // `options` need endpoint, bucket, prefix and credentials; the rest is made quick for tests.
    explicit S3Location(s3::S3Options options);

    std::unique_ptr<store::Store> connect() override;
    // The uploads under the prefix that were neither completed nor aborted, as the server lists them.
    std::vector<std::string> leftovers() override;

    net::HttpClient& http() { return *http_; }
    s3::S3Options& options() { return options_; }

  private:
    std::unique_ptr<net::HttpClient> http_;
    s3::S3Options options_;
};

// Keys that a bucket holds: UTF-8 without NUL, at most 1,024 bytes with the prefix.
std::function<bool(const std::string&)> s3_key_rule(const std::string& prefix);

}  // namespace godwit::conformance
