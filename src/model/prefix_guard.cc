#include "model/prefix_guard.h"

namespace godwit::model {

std::string_view PrefixGuard::beneath_file(std::string_view key) {
    while (!files_.empty() && !key.starts_with(files_.back())) files_.pop_back();
    for (const std::string& file : files_) {
        if (key.size() > file.size() && key[file.size()] == '/') return file;
    }
    return {};
}

void PrefixGuard::is_file(std::string_view key) {
    files_.emplace_back(key);
}

}  // namespace godwit::model
