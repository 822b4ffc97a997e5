// A target without libFuzzer: runs it over files, and over the files of directories.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz/target.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& path) {
    if (!fs::is_directory(path)) return {path};
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

// Into memory of exactly its size, so that a sanitizer sees what reads beyond it.
bool replay(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return false;
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    bytes.shrink_to_fit();
    godwit::fuzz::run(godwit::fuzz::Input({bytes.data(), bytes.size()}));
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    int replayed = 0;
    for (int i = 1; i < argc; ++i) {
        // Regressions are there only where something was found.
        if (!fs::exists(argv[i])) continue;
        for (const fs::path& path : files_of(argv[i])) {
            std::printf("%s\n", path.c_str());
            std::fflush(stdout);
            if (!replay(path)) return 1;
            ++replayed;
        }
    }
    std::printf("%d inputs\n", replayed);
    return replayed > 0 ? 0 : 1;
}
