// Selection: which objects a run is about. It holds for both ends: what it hides is neither copied nor
// compared nor deleted, wherever it lies.
//
// An object is selected when an include matches its key, or there is none, and no exclude does, and its size
// and time are within the bounds. The order of patterns never matters. The directories that lead to a
// selected object are not selected for that.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/key_pattern.h"
#include "model/object.h"

namespace godwit::model {

// Patterns of which any may match. Thousands of paths and prefixes cost no more than one; others are tried
// one after the other. `text` is what the pattern is called in explanations.
class PatternSet {
  public:
    void add(KeyPattern pattern, std::string text);
    // The text of one that matches, else null.
    const std::string* find(std::string_view key) const;
    bool empty() const { return paths_.empty() && prefixes_.empty() && others_.empty(); }
    // What matches begins with one of these: sorted, none of them a prefix of another.
    std::vector<std::string> literal_prefixes() const;

  private:
    struct Literal {
        std::string bytes, text;
    };
    struct Other {
        KeyPattern pattern;
        std::string text;
    };
    const Literal* find_path(std::string_view key) const;
    const Literal* find_prefix(std::string_view key) const;

    // Sorted by bytes, each once; no prefix begins with another one.
    std::vector<Literal> paths_, prefixes_;
    std::vector<Other> others_;
};

// Of files and objects; directories have no size, and their times change with what they hold.
struct SelectionBounds {
    std::uint64_t size_bytes_min = 0;
    std::uint64_t size_bytes_max = std::numeric_limits<std::uint64_t>::max();
    std::int64_t mtime_unix_ns_min = std::numeric_limits<std::int64_t>::min();
    std::int64_t mtime_unix_ns_max = std::numeric_limits<std::int64_t>::max();

    friend bool operator==(const SelectionBounds&, const SelectionBounds&) = default;
};

class Selection {
  public:
    // How patterns are called in explanations ("--exclude *.tmp") is the caller's.
    void include(KeyPattern pattern, std::string text) { includes_.add(std::move(pattern), std::move(text)); }
    void exclude(KeyPattern pattern, std::string text) { excludes_.add(std::move(pattern), std::move(text)); }
    void set_bounds(SelectionBounds bounds) { bounds_ = bounds; }

    bool everything() const;
    bool selects_key(std::string_view key) const;
    // Of an object whose key is selected.
    bool selects_entry(const Entry& entry) const;
    // An exclude covers the directory with all that lies beneath it.
    bool leaves_out(std::string_view directory_key) const { return excludes_.find(directory_key) != nullptr; }
    // Every selected key begins with one of these: sorted, none of them a prefix of another. One that is
    // empty: any key may be selected.
    std::vector<std::string> prefixes() const;

    // Why the key is in or out; one line. Sizes and times are not looked at.
    std::string explanation(std::string_view key) const;

  private:
    PatternSet includes_, excludes_;
    SelectionBounds bounds_;
};

// AWS DataSync's filter: patterns of its simple grammar with a '|' between them. Adds them to `selection`;
// `option` says where the value was given. Fails with Invalid, naming the pattern.
enum class FilterKind : std::uint8_t { Include, Exclude };
inline constexpr std::size_t kFilterCharactersMax = 102'400;
Result<void> add_simple_filter(Selection& selection, FilterKind kind, std::string_view value,
                               std::string_view option);

}  // namespace godwit::model
