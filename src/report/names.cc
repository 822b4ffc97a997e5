#include "report/names.h"

#include <fmt/format.h>

#include <charconv>

#include "base/digest.h"
#include "base/encoding.h"

namespace godwit::report {
namespace {

constexpr std::size_t kDigits = 17;
constexpr std::string_view kExtension = ".json";

std::string_view word(Kind kind) {
    switch (kind) {
        case Kind::Transferred:
            return "transferred";
        case Kind::Verified:
            return "verified";
        case Kind::Skipped:
            return "skipped";
        case Kind::Deleted:
            return "deleted";
    }
    return "";
}

std::string with_digits(const std::string& stem, std::string_view asked_for) {
    std::string all = fmt::format("{} {}", stem, asked_for);
    std::string digits = digest_of(DigestAlgorithm::Sha256, bytes_of(all)).hex().substr(0, kDigits);
    return fmt::format("{}-{}{}", stem, digits, kExtension);
}

// The shard's number, from "00001-HEX17.json"; absent for another form.
std::optional<std::uint64_t> number_of(std::string_view rest) {
    std::size_t tail = 1 + kDigits + kExtension.size();
    if (rest.size() <= tail || !rest.ends_with(kExtension)) return {};
    std::string_view digits = rest.substr(0, rest.size() - tail);
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (!whole || rest[digits.size()] != '-') return {};
    return number;
}

}  // namespace

std::string detailed_folder(std::string_view task, std::string_view execution) {
    return fmt::format("Detailed-Reports/{}/{}/", task, execution);
}

std::string summary_folder(std::string_view task, std::string_view execution) {
    return fmt::format("Summary-Reports/{}/{}/", task, execution);
}

std::string detailed_name(std::string_view execution, Kind kind, std::uint64_t number,
                          const Options& options) {
    std::string stem = fmt::format("{}.files-{}-v1-{:05}", execution, word(kind), number);
    return with_digits(stem, to_string(options.level_of(kind)));
}

std::string summary_name(std::string_view execution, const Options& options) {
    return with_digits(fmt::format("{}.summary-v1", execution), options.text());
}

bool is_of_another_report(std::string_view name, std::string_view execution, const Options& options) {
    if (name.starts_with(fmt::format("{}.summary-v1-", execution)))
        return name != summary_name(execution, options);
    for (Kind kind : kKinds) {
        std::string head = fmt::format("{}.files-{}-v1-", execution, word(kind));
        if (!name.starts_with(head)) continue;
        auto number = number_of(name.substr(head.size()));
        return number && (options.summary_only || name != detailed_name(execution, kind, *number, options));
    }
    return false;
}

}  // namespace godwit::report
