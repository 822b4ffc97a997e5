// The one conformance suite over every Store. What store.h promises is tested here, once; a store
// that cannot keep a promise declares the deviation, so that it is read and not discovered.
//
// To add a store: write a Location for it and one line
//
//     INSTANTIATE_TEST_SUITE_P(Posix, StoreConformance, testing::Values(posix_case()), case_name);
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conformance/text_part.h"
#include "runtime/io_loop.h"
#include "store/store.h"

namespace godwit::conformance {

// One fresh and empty place with a loop; it lasts for one test.
class Location {
  public:
    virtual ~Location() = default;

    // A new, unattached Store on the place, as a restarted process would make it. All stores are
    // destroyed before the Location.
    virtual std::unique_ptr<store::Store> connect() = 0;
    // What unfinished work has left at the place: staged files, unfinished uploads. For messages.
    virtual std::vector<std::string> leftovers() = 0;

    runtime::IoLoop& loop() { return loop_; }

  protected:
    runtime::IoLoop loop_;
};

// What a store does otherwise than store.h says, each with its reason at the declaring place.
struct Deviations {
    // Keys that it cannot hold: put() must then fail without touching anything.
    std::function<bool(const std::string& key)> can_hold = [](const std::string&) { return true; };
    // `a` and `a/b` can both exist (of stores that are not hierarchical).
    bool holds_key_beside_directory = true;
    // put() and commit() see that another generation is in place.
    bool enforces_replaces = true;
    // commit() with a wrong digest leaves the old object in place.
    bool checks_before_publishing = true;
    // A sink can be carried on by a store made later.
    bool resumes = true;
    // Content headers come back from stat().
    bool keeps_content_headers = true;
    // PosixAttributes come back from stat() (the mode's type bits and permissions, owner, mtime).
    bool keeps_posix = true;
    // discard() without a checkpoint finds what was staged.
    bool discards_without_checkpoint = true;
    // remove() of another generation fails with Changed.
    bool removes_exactly = true;
    // write_streamed() is not known: every part can be held.
    bool streams_parts = true;
    // copy_from() of another generation publishes nothing (it always fails).
    bool copies_exactly = true;
};

struct StoreCase {
    std::string name;
    std::function<std::unique_ptr<Location>()> make;
    Deviations deviations;
    // Sizes that make the test's "large" objects: a multiple of the store's part size and some bytes.
    std::uint64_t large_bytes = (24u << 20) + 12'345;
};

class StoreConformance : public testing::TestWithParam<StoreCase> {
  protected:
    void SetUp() override;
    void TearDown() override;

    const Deviations& deviations() const { return GetParam().deviations; }
    bool holds(const std::string& key) const { return deviations().can_hold(key); }
    store::Store& store() { return *store_; }
    runtime::Context& context() { return *context_; }
    // Drops the store and makes a new one on the same place.
    void restart();
    void drop_store();

    // Runs one operation to its end.
    template <class T>
    T run(runtime::Task<T> task) {
        return location_->loop().block_on(std::move(task));
    }

    // The requests that tests are made of; `replaces` is what stands there now.
    store::PutRequest request_for(const std::string& key, std::uint64_t size_bytes);
    Result<store::Receipt> put(const std::string& key, std::string_view text, model::Metadata metadata = {});
    Result<store::Receipt> put(const store::PutRequest& request, std::string_view text);
    // The receipt of a put that must succeed.
    store::Receipt written(const std::string& key, std::string_view text, model::Metadata metadata = {});
    // Small new objects under all of `keys`, many at a time.
    void write_all(const std::vector<std::string>& keys);
    // The whole object, which must be `expected`.
    Result<std::string> get(const std::string& key, const model::Identity& expected);
    Result<std::unique_ptr<store::Source>> open(const std::string& key, const model::Identity& expected,
                                                std::uint64_t whole_bytes_max);
    // Absent also when stat() failed, which is then a failure of the test.
    std::optional<model::ObjectInfo> stat(const std::string& key, bool with_tags = false);
    std::string text_at(const std::string& key);
    Result<std::vector<model::Entry>> list(store::ListedKeys keys = {});
    std::vector<std::string> keys(store::ListedKeys listed = {});

    // A sink that holds every part of `text` but the last `parts_missing`.
    std::unique_ptr<store::Sink> filled_sink(const store::PutRequest& request, std::string_view text,
                                             std::size_t parts_missing = 0);
    Result<void> write_parts(store::Sink& sink, std::string_view text, std::size_t parts_missing = 0);

    std::unique_ptr<Location> location_;
    std::unique_ptr<runtime::Context> context_;
    std::unique_ptr<store::Store> store_;
};

// `size_bytes` bytes that repeat nowhere within a part.
std::string pattern(std::uint64_t size_bytes, std::uint64_t seed = 1);
std::string text_of(std::span<const std::byte> bytes);

// For INSTANTIATE_TEST_SUITE_P's last argument.
inline std::string case_name(const testing::TestParamInfo<StoreCase>& info) {
    return info.param.name;
}

// A printer, so that a failure names the store and not its bytes.
inline void PrintTo(const StoreCase& store_case, std::ostream* out) {
    *out << store_case.name;
}

}  // namespace godwit::conformance
