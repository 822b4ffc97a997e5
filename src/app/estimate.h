// What a plan would cost: requests by kind, bytes over the network, and money where prices are given.
//
// Counted from the plan alone, as the program sends requests when all goes well: what has to be looked at
// first (examine, recheck) is counted for the look and not for a copy that may follow, and neither are
// retries nor the dozen requests by which a server is tried out.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/plan.h"

namespace godwit::app {

// As S3 bills them. Stable names in output: "list", "head", "get", "put", "copy", "post", "delete".
enum class RequestGroup : std::uint8_t { List, Head, Get, Put, Copy, Post, Delete };
inline constexpr std::size_t kRequestGroupCount = 7;
std::string_view to_string(RequestGroup group);

// What is paid for 1,000 requests of each kind, and for a GiB that leaves a bucket.
struct PriceTable {
    std::string currency;
    std::array<double, kRequestGroupCount> per_1000{};
    double per_gib_out = 0;
};
// A JSON file: {"currency":"USD","per_1000_requests":{"put":0.005,...},"per_gib_out":0.09}; what is not named
// costs nothing. Fails with a usage error for a file that is no such table, naming the member.
Result<PriceTable> read_price_table(const std::string& path);

class Estimate {
  public:
    // Which ends are buckets, and whether objects are copied inside one server.
    Estimate(bool source_is_s3, bool destination_is_s3, bool inside_server)
        : source_is_s3_(source_is_s3), destination_is_s3_(destination_is_s3), inside_server_(inside_server) {}

    void add(const model::PlannedObject& object);
    // So many keys were listed at an end of its kind.
    void add_listed(std::uint64_t source_keys, std::uint64_t destination_keys);

    std::uint64_t operator[](RequestGroup group) const { return requests_[static_cast<std::size_t>(group)]; }
    std::uint64_t requests() const;
    std::uint64_t bytes_out() const { return bytes_out_; }
    double cost(const PriceTable& prices) const;
    // {"requests":{...},"cost":{...}}: members to be added to a summary.
    void add_to(boost::json::object& summary, const std::optional<PriceTable>& prices) const;

  private:
    void count(RequestGroup group, std::uint64_t requests) {
        requests_[static_cast<std::size_t>(group)] += requests;
    }
    void add_copy(std::uint64_t bytes);
    void add_look();

    bool source_is_s3_, destination_is_s3_, inside_server_;
    std::array<std::uint64_t, kRequestGroupCount> requests_{};
    std::uint64_t bytes_out_ = 0;
};

}  // namespace godwit::app
