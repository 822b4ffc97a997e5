// Names that a place may take for one, though their bytes differ: file systems that make no difference
// between upper and lower case, or between the ways in which Unicode composes a letter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/key.h"

namespace godwit::model {

// `name` in upper case, in lower case, composed (NFC) and decomposed (NFD): those of them that differ from
// it, without doubles. A place that takes another name for it by case or composition takes one of these for
// it too, but for oddities such as a name of `ß` alone. What is no UTF-8 has no other spelling but for its
// ASCII letters.
std::vector<std::string> other_spellings(std::string_view name);

// The keys that differ from `key` in another spelling of one component. None of a directory: directories that
// are taken for one become one.
std::vector<Key> other_spellings(const Key& key);

// What becomes of an object whose name may be another one's: Exists, code "NamesFold".
Error names_fold(std::string subject);

}  // namespace godwit::model
