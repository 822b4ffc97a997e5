// A list that says which objects a run is about: keys, one object each, or prefixes, which stand for all keys
// that begin with them. Sorted, each once; no prefix begins with another one of its list. It may be larger
// than memory, so it is read by cursors (ledger/key_file.h holds it in a file).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "model/key.h"

namespace godwit::model {

enum class KeyListKind : std::uint8_t { Keys = 1, Prefixes = 2 };

struct ListedKey {
    Key key;
    // Of the list as it was given, from 1; 0: nobody listed it by hand, and that it is gone is no news.
    std::uint64_t line = 0;
};

// Goes through a list in key byte order. Blocks for a read of a local file now and then.
class KeyCursor {
  public:
    virtual ~KeyCursor() = default;
    // Null at the end. Valid until pop().
    virtual const ListedKey* current() const = 0;
    // Fails with what reading the list failed with, and with Corrupt.
    virtual Result<void> pop() = 0;
};

class KeyList {
  public:
    virtual ~KeyList() = default;
    virtual KeyListKind kind() const = 0;
    virtual std::uint64_t count() const = 0;
    // At the last one that is not greater than `key`, or the first one if all are. The list outlives the
    // cursor. Fails as KeyCursor::pop().
    virtual Result<std::unique_ptr<KeyCursor>> at(std::string_view key) const = 0;
};

}  // namespace godwit::model
