#include "s3/sink_checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "base/encoding.h"

namespace godwit::s3 {

namespace {

constexpr std::string_view kName = "godwit-s3-upload";
constexpr std::string_view kVersion = "1";

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> fields;
    for (std::size_t space; (space = text.find(' ')) != std::string_view::npos;
         text.remove_prefix(space + 1)) {
        fields.push_back(text.substr(0, space));
    }
    fields.push_back(text);
    return fields;
}

template <class T>
std::optional<T> number(std::string_view text) {
    T value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::string write_checkpoint(const Checkpoint& checkpoint) {
    return fmt::format("{} {} {} {} {} {} {}", kName, kVersion, checkpoint.part_bytes,
                       checkpoint.begun_unix_ns, checkpoint.checksum ? to_string(*checkpoint.checksum) : "-",
                       percent_encode(checkpoint.upload.id, Keep::Unreserved),
                       percent_encode(checkpoint.upload.key, Keep::Unreserved));
}

std::optional<Checkpoint> read_checkpoint(const std::string& bytes) {
    std::vector<std::string_view> fields = split(bytes);
    if (fields.size() != 7 || fields[0] != kName || fields[1] != kVersion) return std::nullopt;
    auto part_bytes = number<std::uint64_t>(fields[2]);
    auto begun = number<std::int64_t>(fields[3]);
    auto checksum = digest_algorithm_from(fields[4]);
    auto id = percent_decode(fields[5]);
    auto key = percent_decode(fields[6]);
    bool known_checksum = checksum || fields[4] == "-";
    if (!part_bytes || *part_bytes == 0 || !begun || !known_checksum || !id || id->empty() || !key) {
        return std::nullopt;
    }
    Checkpoint checkpoint;
    checkpoint.upload = {std::move(*key), std::move(*id)};
    checkpoint.part_bytes = *part_bytes;
    checkpoint.begun_unix_ns = *begun;
    checkpoint.checksum = checksum;
    // There are other ways to write the numbers and the names; we do not write them.
    if (write_checkpoint(checkpoint) != bytes) return std::nullopt;
    return checkpoint;
}

}  // namespace godwit::s3
