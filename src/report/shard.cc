#include "report/shard.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

namespace godwit::report {
namespace {

constexpr std::string_view kBetween = ",\n", kEnd = "\n]}\n";

std::string_view member_name(Kind kind) {
    switch (kind) {
        case Kind::Transferred:
            return "Transferred";
        case Kind::Verified:
            return "Verified";
        case Kind::Skipped:
            return "Skipped";
        case Kind::Deleted:
            return "Deleted";
    }
    return "";
}

}  // namespace

Shard::Shard(Kind kind, std::string_view execution)
    : head_(fmt::format("{{\"TaskExecutionId\":{},\"{}\":[\n", boost::json::serialize(execution),
                        member_name(kind))) {}

bool Shard::fits(std::string_view item, std::size_t bytes_max) const {
    return empty() || text_.size() + kBetween.size() + item.size() + kEnd.size() <= bytes_max;
}

void Shard::add(std::string_view item) {
    text_ += empty() ? std::string_view(head_) : kBetween;
    text_ += item;
    ++items_;
}

std::string Shard::take() {
    text_ += kEnd;
    items_ = 0;
    return std::exchange(text_, {});
}

}  // namespace godwit::report
