#include "model/spellings.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

namespace godwit::model {
namespace {

using Letters = std::vector<utf8proc_int32_t>;

// Absent: no UTF-8.
std::optional<Letters> letters_of(std::string_view name) {
    Letters letters;
    auto* at = reinterpret_cast<const utf8proc_uint8_t*>(name.data());
    auto left = static_cast<utf8proc_ssize_t>(name.size());
    while (left > 0) {
        utf8proc_int32_t letter = 0;
        utf8proc_ssize_t size = utf8proc_iterate(at, left, &letter);
        if (size <= 0) return {};
        letters.push_back(letter);
        at += size;
        left -= size;
    }
    return letters;
}

template <class Change>
std::string with_letters(const Letters& letters, Change change) {
    std::string name;
    for (utf8proc_int32_t letter : letters) {
        std::array<utf8proc_uint8_t, 4> bytes{};
        utf8proc_ssize_t size = utf8proc_encode_char(change(letter), bytes.data());
        name.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
    }
    return name;
}

std::string normalised(const std::string& name, utf8proc_option_t how) {
    utf8proc_uint8_t* made = nullptr;
    auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | how);
    utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                                         static_cast<utf8proc_ssize_t>(name.size()), &made, options);
    std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> held(made, std::free);
    if (size < 0) return name;
    return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(size)};
}

std::string in_ascii_case(std::string name, char first, char last, int distance) {
    for (char& c : name) {
        if (c >= first && c <= last) c = static_cast<char>(c + distance);
    }
    return name;
}

std::vector<std::string> spellings(const std::string& name) {
    std::optional<Letters> letters = letters_of(name);
    if (!letters) return {in_ascii_case(name, 'a', 'z', 'A' - 'a'), in_ascii_case(name, 'A', 'Z', 'a' - 'A')};
    return {with_letters(*letters, utf8proc_toupper), with_letters(*letters, utf8proc_tolower),
            normalised(name, UTF8PROC_COMPOSE), normalised(name, UTF8PROC_DECOMPOSE)};
}

}  // namespace

std::vector<std::string> other_spellings(std::string_view name) {
    std::string own(name);
    std::vector<std::string> others = spellings(own);
    std::ranges::sort(others);
    auto doubles = std::ranges::unique(others);
    others.erase(doubles.begin(), doubles.end());
    std::erase(others, own);
    return others;
}

Error names_fold(std::string subject) {
    return Error(ErrorKind::Exists, "publish", std::move(subject),
                 "the file system takes names that differ in case, or in how letters are composed, for one, "
                 "and another object has this one")
        .with_code("NamesFold");
}

std::vector<Key> other_spellings(const Key& key) {
    const std::string& bytes = key.bytes();
    std::vector<Key> keys;
    if (bytes.ends_with('/')) return keys;
    for (std::size_t begin = 0; begin <= bytes.size();) {
        std::size_t end = std::min(bytes.find('/', begin), bytes.size());
        for (const std::string& other : other_spellings(std::string_view(bytes).substr(begin, end - begin)))
            keys.emplace_back(bytes.substr(0, begin) + other + bytes.substr(end));
        begin = end + 1;
    }
    return keys;
}

}  // namespace godwit::model
