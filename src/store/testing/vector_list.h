// A list in memory, for tests.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "model/key_list.h"

namespace godwit::store::testing {

// The lines are those of the sorted names.
class VectorList final : public model::KeyList {
  public:
    VectorList(model::KeyListKind kind, std::vector<std::string> names, bool with_lines = true)
        : kind_(kind) {
        std::ranges::sort(names);
        for (std::string& name : names)
            keys_.push_back({model::Key(std::move(name)), with_lines ? keys_.size() + 1 : 0});
    }
    model::KeyListKind kind() const override { return kind_; }
    std::uint64_t count() const override { return keys_.size(); }
    Result<std::unique_ptr<model::KeyCursor>> at(std::string_view key) const override {
        auto behind =
            std::ranges::find_if(keys_, [&](const model::ListedKey& one) { return one.key.bytes() > key; });
        auto place = static_cast<std::size_t>(behind - keys_.begin());
        return std::make_unique<Cursor>(keys_, place == 0 ? 0 : place - 1);
    }

  private:
    class Cursor final : public model::KeyCursor {
      public:
        Cursor(const std::vector<model::ListedKey>& keys, std::size_t place) : keys_(keys), place_(place) {}
        const model::ListedKey* current() const override {
            return place_ < keys_.size() ? &keys_[place_] : nullptr;
        }
        Result<void> pop() override {
            ++place_;
            return {};
        }

      private:
        const std::vector<model::ListedKey>& keys_;
        std::size_t place_;
    };
    model::KeyListKind kind_;
    std::vector<model::ListedKey> keys_;
};

}  // namespace godwit::store::testing
