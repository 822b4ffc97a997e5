#include "app/estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cmath>
#include <fstream>
#include <numeric>

#include "app/exit_code.h"

namespace godwit::app {
namespace {

using model::PlanAction;

constexpr std::array<std::string_view, kRequestGroupCount> kNames{"list", "head", "get",   "put",
                                                                  "copy", "post", "delete"};
constexpr std::uint64_t kPageKeys = 1000;
// Objects up to this size go whole; larger ones in parts of a multiple of it, 10,000 at most (DESIGN §5).
constexpr std::uint64_t kPartStepBytes = 8u << 20;
constexpr std::uint64_t kPartsMax = 10'000;

std::uint64_t divided_up(std::uint64_t number, std::uint64_t by) {
    return number / by + (number % by == 0 ? 0 : 1);
}

std::uint64_t parts_of(std::uint64_t bytes) {
    std::uint64_t steps = std::max<std::uint64_t>(1, divided_up(bytes, kPartStepBytes * kPartsMax));
    return std::max<std::uint64_t>(1, divided_up(bytes, kPartStepBytes * steps));
}

Error bad_table(const std::string& path, std::string why) {
    return usage_error("--prices=" + path, std::move(why));
}

Result<double> price(const std::string& path, std::string_view name, const boost::json::value& value) {
    boost::system::error_code error;
    double number = value.to_number<double>(error);
    if (!error && std::isfinite(number) && number >= 0) return number;
    return bad_table(path, fmt::format("`{}` is no price: a number from 0 on", name));
}

Result<void> read_requests(const std::string& path, const boost::json::value& value, PriceTable& table) {
    if (!value.is_object()) return bad_table(path, "`per_1000_requests` is no object");
    for (const auto& [name, each] : value.get_object()) {
        auto known = std::ranges::find(kNames, std::string_view(name));
        if (known == kNames.end()) {
            return bad_table(path, fmt::format("there is no request `{}`; there are: {}",
                                               std::string_view(name), fmt::join(kNames, ", ")));
        }
        GODWIT_TRY(table.per_1000[static_cast<std::size_t>(known - kNames.begin())], price(path, name, each));
    }
    return {};
}

}  // namespace

std::string_view to_string(RequestGroup group) {
    return kNames[static_cast<std::size_t>(group)];
}

Result<PriceTable> read_price_table(const std::string& path) {
    constexpr std::size_t kBytesMax = 64u << 10;
    std::ifstream file(path, std::ios::binary);
    if (!file) return bad_table(path, "the file cannot be read");
    std::string text(kBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(text, error);
    if (text.size() > kBytesMax || error || !value.is_object())
        return bad_table(path, "it is no JSON object");
    PriceTable table;
    for (const auto& [name, each] : value.get_object()) {
        if (name == "currency" && each.is_string()) {
            table.currency = std::string(each.get_string());
        } else if (name == "per_1000_requests") {
            GODWIT_TRY_VOID(read_requests(path, each, table));
        } else if (name == "per_gib_out") {
            GODWIT_TRY(table.per_gib_out, price(path, name, each));
        } else {
            return bad_table(
                path, fmt::format("`{}` is not known; there are: currency, per_1000_requests, per_gib_out",
                                  std::string_view(name)));
        }
    }
    return table;
}

void Estimate::add(const model::PlannedObject& object) {
    switch (object.action) {
        case PlanAction::Copy:
            return add_copy(object.source.size_bytes);
        case PlanAction::Metadata:
            add_look();
            if (destination_is_s3_) count(RequestGroup::Copy, 1);
            return;
        case PlanAction::Examine:
            return add_look();
        case PlanAction::Recheck:
            if (source_is_s3_) count(RequestGroup::Get, parts_of(object.source.size_bytes));
            if (source_is_s3_) bytes_out_ += object.source.size_bytes;
            return;
        case PlanAction::Delete:
            if (object.reason != model::SkipReason::None) return;
            if (source_is_s3_) count(RequestGroup::Head, 1);
            if (destination_is_s3_) count(RequestGroup::Delete, 1);
            return;
        case PlanAction::Skip:
        case PlanAction::Conflict:
        case PlanAction::Unrepresentable:
        case PlanAction::Missing:
            return;
    }
}

void Estimate::add_copy(std::uint64_t bytes) {
    if (inside_server_) return count(RequestGroup::Copy, 1);
    std::uint64_t parts = parts_of(bytes);
    if (source_is_s3_) {
        count(RequestGroup::Get, parts);
        bytes_out_ += bytes;
    }
    if (!destination_is_s3_) return;
    count(RequestGroup::Put, parts);
    if (bytes > kPartStepBytes) count(RequestGroup::Post, 2);  // its beginning and its end
}

void Estimate::add_look() {
    count(RequestGroup::Head, (source_is_s3_ ? 1u : 0u) + (destination_is_s3_ ? 1u : 0u));
}

void Estimate::add_listed(std::uint64_t source_keys, std::uint64_t destination_keys) {
    if (source_is_s3_) count(RequestGroup::List, divided_up(source_keys, kPageKeys));
    if (destination_is_s3_) count(RequestGroup::List, divided_up(destination_keys, kPageKeys));
}

std::uint64_t Estimate::requests() const {
    return std::accumulate(requests_.begin(), requests_.end(), std::uint64_t{0});
}

double Estimate::cost(const PriceTable& prices) const {
    double sum = static_cast<double>(bytes_out_) / (1u << 30) * prices.per_gib_out;
    for (std::size_t i = 0; i < kRequestGroupCount; ++i)
        sum += static_cast<double>(requests_[i]) / 1000 * prices.per_1000[i];
    return sum;
}

void Estimate::add_to(boost::json::object& summary, const std::optional<PriceTable>& prices) const {
    boost::json::object requests;
    for (std::size_t i = 0; i < kRequestGroupCount; ++i) {
        if (requests_[i] > 0) requests[kNames[i]] = requests_[i];
    }
    summary["requests"] = std::move(requests);
    if (prices) summary["cost"] = {{"amount", cost(*prices)}, {"currency", prices->currency}};
}

}  // namespace godwit::app
