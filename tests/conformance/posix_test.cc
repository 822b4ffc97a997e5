// The conformance suite over the POSIX store, on the file system of the temporary directory and, for
// root, on a tmpfs.
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "conformance/store_conformance.h"
#include "posix/store.h"

namespace godwit::conformance {
namespace {

constexpr std::string_view kToken = "a token for the suite";

class PosixLocation : public Location {
  public:
    PosixLocation() {
        std::string name = (std::filesystem::temp_directory_path() / "godwit-suite-XXXXXX").string();
        if (::mkdtemp(name.data())) path_ = name;
    }
    ~PosixLocation() override {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }

    std::unique_ptr<store::Store> connect() override {
        posix::PosixOptions options;
        options.root = path_;
        options.staging_token = kToken;
        return std::make_unique<posix::PosixStore>(loop_, pool_, std::move(options));
    }

    // The suite knows leftovers by their key in quotes; here the name alone tells that there is one.
    std::vector<std::string> leftovers() override {
        std::vector<std::string> left;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
            std::string name = entry.path().filename().string();
            if (!posix::StagingNames::has_the_form(name)) continue;
            bool of_object = name == posix::StagingNames(kToken).name_for(model::Key("object"));
            left.push_back(of_object ? "\"object\"" : entry.path().string());
        }
        return left;
    }

  protected:
    runtime::Pool pool_{loop_, 4, "suite-posix"};
    std::string path_;
};

// Without a medium, so that the other way of reading back is walked too.
class MemoryFileSystem final : public PosixLocation {
  public:
    MemoryFileSystem() { mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=512m") == 0; }
    ~MemoryFileSystem() override {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }
    bool mounted() const { return mounted_; }

  private:
    bool mounted_ = false;
};

Deviations deviations() {
    Deviations deviations;
    deviations.can_hold = [](const std::string& key) { return bool(posix::key_path(model::Key(key))); };
    // A file system has no place for them.
    deviations.keeps_content_headers = false;
    // Its parts are small.
    deviations.streams_parts = false;
    // Owners other than oneself take privilege.
    deviations.keeps_posix = ::geteuid() == 0;
    return deviations;
}

StoreCase disk_case() {
    StoreCase store_case;
    store_case.name = "disk";
    store_case.make = [] { return std::make_unique<PosixLocation>(); };
    store_case.deviations = deviations();
    return store_case;
}

StoreCase memory_case() {
    StoreCase store_case = disk_case();
    store_case.name = "tmpfs";
    store_case.make = []() -> std::unique_ptr<Location> {
        auto location = std::make_unique<MemoryFileSystem>();
        if (!location->mounted()) return nullptr;
        return location;
    };
    return store_case;
}

INSTANTIATE_TEST_SUITE_P(Posix, StoreConformance, testing::Values(disk_case(), memory_case()), case_name);

}  // namespace
}  // namespace godwit::conformance
