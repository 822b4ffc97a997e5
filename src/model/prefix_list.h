// Lists of prefixes, one a line: all keys that begin with one of them. Lines end in LF, CR or CRLF; those
// without anything are passed over; nothing is quoted, and spaces are data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace godwit::model {

struct PrefixLine {
    std::uint64_t line = 0;  // from 1
    std::string prefix;
    // Not empty: why no key can begin with it.
    std::string fault = {};
};

// Reads such a list in pieces that may end anywhere. Holds one line at most.
class PrefixListReader {
  public:
    static constexpr std::size_t kPrefixBytesMax = 4096;

    // `name` is what errors call the list.
    explicit PrefixListReader(std::string name) : name_(std::move(name)) {}

    // Adds what `bytes` completes. Fails with Invalid, naming the line, for what is no text.
    Result<void> read(std::string_view bytes, std::vector<PrefixLine>& lines);
    // There are no more bytes.
    void finish(std::vector<PrefixLine>& lines);

  private:
    Result<void> append(std::string_view bytes);
    void end_line(std::vector<PrefixLine>& lines);

    std::string name_;
    std::uint64_t line_ = 1;
    std::string prefix_;
    bool after_cr_ = false;
};

}  // namespace godwit::model
