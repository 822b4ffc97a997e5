// PrefixGuard finds, in a stream of keys in byte order, those that lie beneath a key that is itself
// a file: `a` and `a/b` live side by side in an object store and cannot in a file system.
//
// The rule: the shorter key, which comes first, wins; what lies beneath it is UNREPRESENTABLE.
// Memory: the files that are still a prefix of the current key, so at most one per byte of a key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace godwit::model {

class PrefixGuard {
  public:
    // Takes the next key of the stream; keys must come in byte order. The file key that `key` lies
    // beneath, or nothing. A key so found is not remembered.
    std::string_view beneath_file(std::string_view key);

    // Says that `key`, just taken, names something that cannot contain others (file or symlink).
    void is_file(std::string_view key);

  private:
    // Each is a proper prefix of the next.
    std::vector<std::string> files_;
};

}  // namespace godwit::model
