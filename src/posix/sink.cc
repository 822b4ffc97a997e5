#include "posix/sink.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/sabotage.h"
#include "posix/medium.h"

namespace godwit::posix {
namespace {

using model::EvidenceLevel;
using runtime::Context;
using runtime::Task;
using store::Receipt;

// What one job reads back, and how many jobs do so at once: enough to keep a device busy.
constexpr std::uint64_t kWindowBytes = 32u << 20;
constexpr std::size_t kWindowsInFlightMax = 4;

// These say nothing against the staged bytes, so a resume may go on with them.
bool may_be_resumed(const Error& error) {
    return error.kind() == ErrorKind::Lost || error.kind() == ErrorKind::Busy ||
           error.kind() == ErrorKind::Cancelled;
}

class PosixSink final : public store::Sink {
  public:
    PosixSink(std::shared_ptr<Workshop> workshop, KeyPath path, const store::PutRequest& request,
              std::string staged_name)
        : workshop_(std::move(workshop)),
          root_(workshop_->root),
          request_(request),
          file_(workshop_->tools(*root_), std::move(path), request, std::move(staged_name)),
          stored_((request.size_bytes + part_size_bytes() - 1) / part_size_bytes(), false) {}

    // The two beginnings, on a pool thread.
    Result<void> begin();
    Result<void> resume(const Checkpoint& checkpoint);

    std::uint64_t part_size_bytes() const override { return workshop_->options.part_bytes; }
    std::string checkpoint() const override;
    Task<Result<void>> write(Context& context, std::uint64_t offset_bytes, std::span<const std::byte> bytes,
                             const Digest& digest) override;
    Task<Result<Receipt>> commit(Context& context, const Digest& source) override;

  private:
    Result<void> share_or_extend();
    Result<void> store_part(std::uint64_t offset_bytes, std::span<const std::byte> bytes,
                            const Digest& digest);
    bool is_stored(std::uint64_t offset_bytes, std::uint64_t size_bytes, const Digest& digest) const;
    Result<void> all_parts_stored() const;
    Task<Result<void>> prepare(Context& context, const Digest& source);
    Task<Result<void>> read_back(Context& context, const Digest& source);
    Task<Result<Digest>> digest_in_parallel(Context& context, const Medium& medium,
                                            DigestAlgorithm algorithm);
    Task<Result<Digest>> digest_in_order(Context& context, const Medium& medium, DigestAlgorithm algorithm);
    // A read-back in several windows at once.
    struct Windows {
        std::vector<Hasher> hashers;
        std::optional<Error> failure;
    };
    Task<void> window_task(Windows& windows, const Medium& medium, std::size_t number);
    Result<void> digest_window(const Medium& medium, std::uint64_t offset_bytes, Hasher& hasher) const;
    Task<void> give_up();
    std::string subject() const { return root_->display(request_.key.bytes()); }

    std::shared_ptr<Workshop> workshop_;
    std::shared_ptr<const Root> root_;
    store::PutRequest request_;
    FileReplacement file_;
    std::vector<bool> stored_;  // by part; loop thread
    // The staged file holds what an earlier run wrote, so nothing in it can be taken for a hole.
    bool resumed_ = false;
    // The staged file shares all its blocks with the source: nothing is left to write.
    bool shared_ = false;
};

Result<void> PosixSink::begin() {
    GODWIT_TRY_VOID(file_.stage());
    Result<void> made = share_or_extend();
    if (!made) file_.remove();
    return made;
}

Result<void> PosixSink::share_or_extend() {
    GODWIT_TRY(shared_, file_.share(request_.source));
    return shared_ ? Result<void>() : file_.extend();
}

Result<void> PosixSink::resume(const Checkpoint& checkpoint) {
    resumed_ = true;
    GODWIT_TRY_VOID(file_.resume());
    const struct stat& status = file_.staged().status;
    bool same = status.st_ino == checkpoint.inode && checkpoint.size_bytes == request_.size_bytes;
    if (!same) return Error(ErrorKind::NotFound, "resume", subject(), "the staged file is another one");
    // One that has its size already may share its last block, which XFS would copy then.
    if (static_cast<std::uint64_t>(status.st_size) == request_.size_bytes) return {};
    return file_.extend();
}

std::string PosixSink::checkpoint() const {
    return format_checkpoint({.staged_name = file_.staged().name,
                              .inode = file_.staged().status.st_ino,
                              .size_bytes = request_.size_bytes});
}

Task<Result<void>> PosixSink::write(Context& context, std::uint64_t offset_bytes,
                                    std::span<const std::byte> bytes, const Digest& digest) {
    GODWIT_CHECK(offset_bytes % part_size_bytes() == 0 && offset_bytes + bytes.size() <= request_.size_bytes,
                 "{} bytes at {} of {}", bytes.size(), offset_bytes, request_.size_bytes);
    GODWIT_CO_TRY_VOID(context.check());
    auto job = [&] { return store_part(offset_bytes, bytes, digest); };
    GODWIT_CO_TRY_VOID(co_await workshop_->pool.run(job));
    if (!bytes.empty()) stored_[offset_bytes / part_size_bytes()] = true;
    co_return {};
}

Result<void> PosixSink::store_part(std::uint64_t offset_bytes, std::span<const std::byte> bytes,
                                   const Digest& digest) {
    if (shared_) return {};
    if (!resumed_) return file_.write_into_hole(offset_bytes, bytes);
    if (is_stored(offset_bytes, bytes.size(), digest)) return {};
    return file_.write(offset_bytes, bytes);
}

bool PosixSink::is_stored(std::uint64_t offset_bytes, std::uint64_t size_bytes, const Digest& digest) const {
    Hasher hasher(digest.algorithm());
    auto take = [&](std::span<const std::byte> piece) { hasher.update(piece); };
    auto got = Medium(root_->os(), file_.staged().fd.get()).read(offset_bytes, size_bytes, take);
    return got && *got == size_bytes && hasher.digest() == digest;
}

Result<void> PosixSink::all_parts_stored() const {
    auto missing = std::ranges::find(stored_, false);
    if (missing == stored_.end()) return {};
    return Error(ErrorKind::Invalid, "commit", subject(),
                 fmt::format("part {} of {} was not written", missing - stored_.begin() + 1, stored_.size()));
}

Task<Result<Receipt>> PosixSink::commit(Context& context, const Digest& source) {
    GODWIT_CO_TRY_VOID(context.check());
    GODWIT_CO_TRY_VOID(all_parts_stored());
    Result<void> done = co_await prepare(context, source);
    if (done) {
        PublishGroup::Arrival arrival = workshop_->group.expect();
        done = co_await workshop_->group.join(context, root_, file_, std::move(arrival));
    }
    if (!done) {
        if (!may_be_resumed(done.error())) co_await give_up();
        co_return std::move(done.error());
    }
    co_return workshop_->receipt_for(file_.published());
}

Task<void> PosixSink::give_up() {
    auto job = [&] {
        file_.remove();
        return true;
    };
    co_await workshop_->pool.run(job);
}

// All that the group would do with a small file, in pieces.
Task<Result<void>> PosixSink::prepare(Context& context, const Digest& source) {
    auto sync = [&]() -> Result<void> {
        GODWIT_TRY_VOID(file_.set_attributes());
        return file_.sync();
    };
    GODWIT_CO_TRY_VOID(co_await workshop_->pool.run(sync));
    bool believed = shared_ && GODWIT_SABOTAGE(believe_the_clone);
    if (request_.verify && !believed) co_return co_await read_back(context, source);
    file_.prepared(EvidenceLevel::None, std::nullopt);
    co_return {};
}

Task<Result<void>> PosixSink::read_back(Context& context, const Digest& source) {
    struct stat status = file_.staged().status;
    status.st_size = static_cast<off_t>(request_.size_bytes);
    auto open = [&] { return Medium::past_cache(*root_, file_.staged().fd.get(), status); };
    std::unique_ptr<Medium> medium = co_await workshop_->pool.run(open);
    Result<Digest> found = Error(ErrorKind::Invalid, "", "", "");
    if (digests_combine(source.algorithm())) {
        found = co_await digest_in_parallel(context, *medium, source.algorithm());
    } else {
        found = co_await digest_in_order(context, *medium, source.algorithm());
    }
    if (!found) co_return std::move(found.error());
    std::string what = subject();
    if (*found != source && !GODWIT_SABOTAGE(skip_read_back_compare_of_parts))
        co_return corrupt(std::move(what), source, *found);
    file_.prepared(medium->level(), *found);
    co_return {};
}

// One window, on a pool thread.
Result<void> PosixSink::digest_window(const Medium& medium, std::uint64_t offset_bytes,
                                      Hasher& hasher) const {
    std::uint64_t size = std::min(kWindowBytes, request_.size_bytes - offset_bytes);
    auto take = [&](std::span<const std::byte> piece) { hasher.update(piece); };
    auto got = medium.read(offset_bytes, size, take);
    if (!got) return path_error(got.error(), "read back", subject());
    if (*got == size) return {};
    return Error(ErrorKind::Corrupt, "read back", subject(),
                 fmt::format("expected {} bytes from byte {}, stored {}", size, offset_bytes, *got))
        .with_code("Mismatch");
}

Task<Result<Digest>> PosixSink::digest_in_order(Context& context, const Medium& medium,
                                                DigestAlgorithm algorithm) {
    Hasher hasher(algorithm);
    for (std::uint64_t offset = 0; offset < request_.size_bytes; offset += kWindowBytes) {
        GODWIT_CO_TRY_VOID(context.check());
        auto job = [&] { return digest_window(medium, offset, hasher); };
        GODWIT_CO_TRY_VOID(co_await workshop_->pool.run(job));
    }
    co_return hasher.digest();
}

Task<void> PosixSink::window_task(Windows& windows, const Medium& medium, std::size_t number) {
    auto job = [&] { return digest_window(medium, number * kWindowBytes, windows.hashers[number]); };
    Result<void> done = co_await workshop_->pool.run(job);
    if (!done && !windows.failure) windows.failure.emplace(std::move(done.error()));
}

Task<Result<Digest>> PosixSink::digest_in_parallel(Context& context, const Medium& medium,
                                                   DigestAlgorithm algorithm) {
    Windows windows;
    for (std::uint64_t at = 0; at < request_.size_bytes; at += kWindowBytes)
        windows.hashers.emplace_back(algorithm);
    runtime::TaskGroup group(workshop_->loop);
    for (std::size_t number = 0; number < windows.hashers.size(); ++number) {
        co_await group.wait(kWindowsInFlightMax);
        if (Result<void> alive = context.check(); !alive) windows.failure.emplace(std::move(alive.error()));
        if (windows.failure) break;
        group.spawn(window_task(windows, medium, number));
    }
    co_await group.wait();
    if (windows.failure) co_return std::move(*windows.failure);
    Digest whole = digest_of(algorithm, {});
    for (std::size_t number = 0; number < windows.hashers.size(); ++number) {
        std::uint64_t size = std::min(kWindowBytes, request_.size_bytes - number * kWindowBytes);
        whole = combine(whole, windows.hashers[number].digest(), size);
    }
    co_return whole;
}

Result<void> check_is_file(const store::PutRequest& request, const KeyPath& path) {
    if (request.type == model::ObjectType::File && !path.is_directory) return {};
    return Error(ErrorKind::Unsupported, "write", request.key.bytes(), "only files are written in parts")
        .with_code("UnrepresentableKey");
}

}  // namespace

Task<Result<std::unique_ptr<store::Sink>>> begin_sink(std::shared_ptr<Workshop> workshop,
                                                      const store::PutRequest& request) {
    GODWIT_CO_TRY(KeyPath path, key_path(request.key));
    GODWIT_CO_TRY_VOID(check_is_file(request, path));
    std::string name = workshop->staging->name_for(request.key);
    auto sink = std::make_unique<PosixSink>(workshop, std::move(path), request, std::move(name));
    auto job = [&] { return sink->begin(); };
    GODWIT_CO_TRY_VOID(co_await workshop->pool.run(job));
    co_return std::unique_ptr<store::Sink>(std::move(sink));
}

Task<Result<std::unique_ptr<store::Sink>>> resume_sink(std::shared_ptr<Workshop> workshop,
                                                       const store::PutRequest& request,
                                                       const std::string& checkpoint) {
    GODWIT_CO_TRY(KeyPath path, key_path(request.key));
    GODWIT_CO_TRY_VOID(check_is_file(request, path));
    std::optional<Checkpoint> parsed = parse_checkpoint(checkpoint);
    if (!parsed) {
        co_return Error(ErrorKind::NotFound, "resume", workshop->root->display(request.key.bytes()),
                        "the checkpoint is none of this store's");
    }
    auto sink = std::make_unique<PosixSink>(workshop, std::move(path), request, parsed->staged_name);
    auto job = [&] { return sink->resume(*parsed); };
    GODWIT_CO_TRY_VOID(co_await workshop->pool.run(job));
    co_return std::unique_ptr<store::Sink>(std::move(sink));
}

}  // namespace godwit::posix
