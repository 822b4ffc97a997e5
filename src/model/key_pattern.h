// Patterns for keys, in three grammars.
//
//   glob       `?` is one byte and `*` any run of bytes, neither a '/'; `**` is any run of bytes; a
//              component `**/` may also be nothing at all. Everything else stands for itself.
//                projects/**/*.tif   matches projects/a.tif and projects/x/y/a.tif
//                projects/*          matches projects/a, not projects/a/b
//   selecting  the same, with `\` before a byte that stands for itself, and covering what lies beneath a
//   glob       directory that matches. Without a '/' before its end it matches names at any depth, else
//              paths from the root on; a '/' at the end asks for a directory.
//                *.tmp               matches a.tmp and x/y/a.tmp and x/a.tmp/b
//                /build/ or build/** matches what is in build at the root
//   simple     AWS DataSync's SIMPLE_PATTERN: `*` is any run of bytes, '/' too; `\` before `*`, `|` or `\`
//              makes them stand for themselves; a path from the root on, and what lies beneath it.
//                /documents*         matches documents/a and documents-2/b
//                *.tmp               matches x/a.tmp
//              (https://docs.aws.amazon.com/datasync/latest/userguide/filtering.html)
//
// Matching takes time in proportion to pattern times key, whatever the pattern.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace godwit::model {

class KeyPattern {
  public:
    static KeyPattern glob(std::string_view pattern);
    // Fails with Invalid, saying what is wrong in the pattern.
    static Result<KeyPattern> selecting_glob(std::string_view pattern);
    static Result<KeyPattern> simple(std::string_view pattern);

    bool matches(std::string_view key) const;

    // Of every key that matches: it begins so. May be empty.
    const std::string& literal_prefix() const { return literal_prefix_; }
    // The prefix says all: what begins so matches,
    bool is_prefix() const { return extent_ == Extent::Prefix; }
    // or it is the path of what matches, with what lies beneath it.
    bool is_path() const { return extent_ == Extent::Path; }

  private:
    enum class Kind : std::uint8_t { Literal, AnyByte, AnyRun, AnyPath, AnyDirectories };
    enum class Extent : std::uint8_t { Pattern, Prefix, Path };
    struct Token {
        Kind kind;
        char literal = 0;
    };
    void add_glob(std::string_view pattern, bool at_component);
    void add_literal(char byte) { tokens_.push_back({Kind::Literal, byte}); }
    Result<void> add_selecting(std::string_view pattern);
    void close();

    // Sets of states are strings with a flag for each.
    void reach(std::string& states, std::size_t state) const;
    void step(std::string& next, std::size_t state, char byte) const;
    void step_all(std::string& now, std::string& next, char byte) const;

    std::vector<Token> tokens_;
    bool covers_contents_ = false;
    // Keys are matched as if a '/' stood before them.
    bool from_slash_ = false;
    Extent extent_ = Extent::Pattern;
    std::string literal_prefix_;
};

}  // namespace godwit::model
