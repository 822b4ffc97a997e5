#include "s3/shell_words.h"

namespace godwit::s3 {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Reads one word at the head of `text` and takes it off.
std::optional<std::string> take_word(std::string_view& text) {
    std::string word;
    char quote = 0;
    while (!text.empty() && (quote || !is_blank(text.front()))) {
        char c = text.front();
        text.remove_prefix(1);
        if (c == quote) {
            quote = 0;
        } else if (!quote && (c == '\'' || c == '"')) {
            quote = c;
        } else if (c == '\\' && quote != '\'') {
            if (text.empty()) return std::nullopt;
            // Inside "" a backslash is itself before all but these two.
            if (quote && text.front() != '"' && text.front() != '\\') word += c;
            word += text.front();
            text.remove_prefix(1);
        } else {
            word += c;
        }
    }
    if (quote) return std::nullopt;
    return word;
}

}  // namespace

std::optional<std::vector<std::string>> shell_words(std::string_view text) {
    std::vector<std::string> words;
    while (true) {
        while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
        if (text.empty()) return words;
        std::optional<std::string> word = take_word(text);
        if (!word) return std::nullopt;
        words.push_back(std::move(*word));
    }
}

}  // namespace godwit::s3
