// Patterns for keys: `?` is one byte and `*` any run of bytes, neither a '/'; `**` is any run of
// bytes; a component `**/` may also be nothing at all. Everything else stands for itself.
//
//   projects/**/*.tif   matches projects/a.tif and projects/x/y/a.tif
//   projects/*          matches projects/a, not projects/a/b
//
// Matching takes time in proportion to pattern times key, whatever the pattern.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace godwit::ledger {

class PathGlob {
  public:
    explicit PathGlob(std::string_view pattern);
    bool matches(std::string_view key) const;

  private:
    enum class Kind : std::uint8_t { Literal, AnyByte, AnyRun, AnyPath, AnyDirectories };
    struct Token {
        Kind kind;
        char literal;
    };
    // Sets of states are strings with a flag for each.
    void reach(std::string& states, std::size_t state) const;
    void step(std::string& next, std::size_t state, char byte) const;

    std::vector<Token> tokens_;
};

}  // namespace godwit::ledger
