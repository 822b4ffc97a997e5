#include "posix/unsynced.h"

namespace godwit::posix {

void UnsyncedDirectories::note(const std::string& path) {
    std::lock_guard lock(mutex_);
    std::uint64_t& generation = generations_[path];
    if (generation != kPoisoned) generation = next_generation_++;
}

std::vector<UnsyncedDirectories::Item> UnsyncedDirectories::above(std::string_view directory) const {
    std::vector<Item> items;
    std::lock_guard lock(mutex_);
    if (generations_.empty()) return items;
    for (;;) {
        auto found = generations_.find(directory);
        if (found != generations_.end()) items.push_back({found->first, found->second});
        if (directory.empty()) return items;
        std::size_t slash = directory.rfind('/');
        directory = directory.substr(0, slash == std::string_view::npos ? 0 : slash);
    }
}

void UnsyncedDirectories::synced(const Item& item) {
    std::lock_guard lock(mutex_);
    auto found = generations_.find(item.path);
    if (found != generations_.end() && found->second == item.generation) generations_.erase(found);
}

void UnsyncedDirectories::poison(const Item& item) {
    std::lock_guard lock(mutex_);
    generations_[item.path] = kPoisoned;
}

bool UnsyncedDirectories::is_poisoned(const std::string& path) const {
    std::lock_guard lock(mutex_);
    auto found = generations_.find(path);
    return found != generations_.end() && found->second == kPoisoned;
}

}  // namespace godwit::posix
