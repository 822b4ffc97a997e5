// A Key names an object: the bytes of its path relative to the location's root, '/'-separated.
//
// Keys are bytes, not text: any byte but NUL may occur on POSIX, and S3 keys are UTF-8 by contract
// but not by experience. They compare byte by byte, unsigned, which is the order in which S3 lists.
// A key that ends in '/' names a directory marker. The empty key is the root and names no object.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace godwit::model {

class Key {
  public:
    Key() = default;
    explicit Key(std::string bytes) : bytes_(std::move(bytes)) {}

    const std::string& bytes() const { return bytes_; }
    bool empty() const { return bytes_.empty(); }
    std::size_t size() const { return bytes_.size(); }
    bool is_directory() const { return bytes_.ends_with('/'); }

    friend auto operator<=>(const Key&, const Key&) = default;

  private:
    std::string bytes_;
};

// A half-open range of keys in byte order: what one shard covers.
struct KeyRange {
    // Keys strictly greater than this; empty means from the first key.
    std::string after;
    // Keys strictly smaller than this; empty means to the last key.
    std::string before;

    // The `before` of a range that ends with `last_key`: nothing lies between the two.
    static std::string before_what_follows(std::string last_key) { return std::move(last_key += '\0'); }
    // Can any key with this prefix be in it?
    bool meets(std::string_view prefix) const {
        bool is_behind = !before.empty() && prefix >= before;
        bool is_in_front = prefix < after && !std::string_view(after).starts_with(prefix);
        return !is_behind && !is_in_front;
    }
    bool contains(std::string_view key) const { return key > after && (before.empty() || key < before); }
};

}  // namespace godwit::model

template <>
struct std::hash<godwit::model::Key> {
    std::size_t operator()(const godwit::model::Key& key) const noexcept {
        return std::hash<std::string>{}(key.bytes());
    }
};
