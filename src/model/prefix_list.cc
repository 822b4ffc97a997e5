#include "model/prefix_list.h"

#include <fmt/format.h>

#include <algorithm>

namespace godwit::model {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool ends_line(char byte) {
    return byte == '\n' || byte == '\r';
}

}  // namespace

Result<void> PrefixListReader::read(std::string_view bytes, std::vector<PrefixLine>& lines) {
    while (!bytes.empty()) {
        if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        auto end = static_cast<std::size_t>(std::ranges::find_if(bytes, ends_line) - bytes.begin());
        GODWIT_TRY_VOID(append(bytes.substr(0, end)));
        if (end == bytes.size()) break;
        after_cr_ = bytes[end] == '\r';
        end_line(lines);
        ++line_;
        bytes.remove_prefix(end + 1);
    }
    return {};
}

Result<void> PrefixListReader::append(std::string_view bytes) {
    if (bytes.find('\0') != std::string_view::npos) {
        return Error(ErrorKind::Invalid, "read prefixes", fmt::format("{}:{}", name_, line_),
                     "it holds a NUL byte; is this a text file?")
            .with_code("BadPrefixList");
    }
    // One more than is allowed, and what a byte order mark takes.
    std::size_t room = kPrefixBytesMax + kByteOrderMark.size() + 1 - prefix_.size();
    prefix_ += bytes.substr(0, room);
    return {};
}

void PrefixListReader::end_line(std::vector<PrefixLine>& lines) {
    if (line_ == 1 && prefix_.starts_with(kByteOrderMark)) prefix_.erase(0, kByteOrderMark.size());
    if (!prefix_.empty()) {
        std::string fault;
        if (prefix_.size() > kPrefixBytesMax) {
            fault = fmt::format("it is too long; {} bytes are allowed", kPrefixBytesMax);
            prefix_.resize(kPrefixBytesMax);
        }
        lines.push_back({line_, std::move(prefix_), std::move(fault)});
    }
    prefix_.clear();
}

void PrefixListReader::finish(std::vector<PrefixLine>& lines) {
    end_line(lines);
}

}  // namespace godwit::model
