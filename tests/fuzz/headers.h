// Header lines of a target's input.
#pragma once

#include <string>
#include <vector>

#include "fuzz/target.h"
#include "net/http_parser.h"

namespace godwit::fuzz {

// "name: value" on each line, up to an empty one. As net::parse_head() hands headers on: names in lower case,
// no control character in a value but tabs, and no white space around it.
inline std::vector<net::HttpHeader> read_headers(Input& input) {
    std::vector<net::HttpHeader> headers;
    for (std::string_view line = input.line(); !line.empty(); line = input.line()) {
        std::size_t colon = std::min(line.find(':'), line.size());
        net::HttpHeader header{.name = std::string(line.substr(0, colon)),
                               .value = std::string(line.substr(std::min(colon + 1, line.size())))};
        for (char& c : header.name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        std::erase_if(header.value, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
        std::size_t begin = header.value.find_first_not_of(" \t");
        header.value.erase(0, std::min(begin, header.value.size()));
        header.value.erase(header.value.find_last_not_of(" \t") + 1);
        headers.push_back(std::move(header));
    }
    return headers;
}

}  // namespace godwit::fuzz
