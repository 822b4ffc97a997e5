// Header lines of a target's input.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "net/http_parser.h"

namespace godwit::fuzz {

// With the text that they refer to.
struct Headers : std::vector<net::HttpHeader> {
    Headers() = default;
    Headers(Headers&&) = default;

    std::string_view keep(std::string line) { return text_.emplace_back(std::move(line)); }

  private:
    std::deque<std::string> text_;
};

// "name: value" on each line, up to an empty one. As net::parse_head() hands headers on: names in lower case,
// no control character in a value but tabs, and no white space around it.
inline Headers read_headers(Input& input) {
    Headers headers;
    for (std::string_view line = input.line(); !line.empty(); line = input.line()) {
        std::size_t colon = std::min(line.find(':'), line.size());
        std::string name(line.substr(0, colon)), value(line.substr(std::min(colon + 1, line.size())));
        for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        std::erase_if(value, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
        std::size_t begin = value.find_first_not_of(" \t");
        value.erase(0, std::min(begin, value.size()));
        value.erase(value.find_last_not_of(" \t") + 1);
        headers.push_back({headers.keep(std::move(name)), headers.keep(std::move(value))});
    }
    return headers;
}

}  // namespace godwit::fuzz
