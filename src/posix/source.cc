#include "posix/source.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/encoding.h"
#include "base/sabotage.h"
#include "posix/file_status.h"
#include "posix/holes.h"
#include "posix/medium.h"
#include "posix/xattrs.h"

namespace godwit::posix {
namespace {

using model::EvidenceLevel;
using model::ObjectType;
using runtime::Context;
using runtime::Task;
using store::Part;

constexpr std::size_t kTargetBytesMax = 4095;

model::ObjectInfo info_of(const model::Key& key, const struct stat& status) {
    model::ObjectInfo info;
    info.entry = entry_of(key, status);
    info.metadata.posix = info.entry.posix;
    return info;
}

// Directories have no bytes, and their times move with their children: there the kind is enough.
bool is_expected(const store::OpenRequest& request, const struct stat& status) {
    if (object_type(status) != request.type) return false;
    return request.type == ObjectType::Directory || identity_of(status) == request.expected;
}

// O_NOATIME is for owners and the privileged; others move the access time.
Opened open_for_reading(const Root& root, const std::string& path) {
    constexpr int kFlags = O_RDONLY | O_NONBLOCK;
    Opened opened = root.open_at(path, kFlags | O_NOATIME);
    if (!opened && opened.error() == EPERM) opened = root.open_at(path, kFlags);
    return opened;
}

// Something else stands there now than what was listed.
bool means_changed(int error_number) {
    return error_number == ELOOP || error_number == ENOTDIR || error_number == EISDIR ||
           error_number == ENXIO;
}

Error open_error(int error_number, std::string subject) {
    Error error = path_error(error_number, "open", std::move(subject));
    return means_changed(error_number) ? std::move(error).with_kind(ErrorKind::Changed) : std::move(error);
}

class FileSource final : public store::Source {
  public:
    FileSource(std::shared_ptr<Workshop> workshop, std::shared_ptr<const Root> root, std::string path,
               DigestAlgorithm algorithm)
        : workshop_(std::move(workshop)),
          root_(std::move(root)),
          path_(std::move(path)),
          algorithm_(algorithm) {}

    // On a pool thread: opens for reads in parts, or reads the whole file.
    Result<void> open(const store::OpenRequest& request);
    Result<void> read_whole(const store::OpenRequest& request);
    Result<void> clone_to(int fd) const;

    const model::ObjectInfo& info() const override { return info_; }
    std::optional<Part> take_whole() override { return std::exchange(whole_, std::nullopt); }
    EvidenceLevel read_level() const override { return medium_->level(); }

    Task<Result<Digest>> read(Context& context, std::uint64_t offset_bytes,
                              std::span<std::byte> out) override {
        GODWIT_CO_TRY_VOID(context.check());
        auto job = [&] { return read_now(offset_bytes, out); };
        co_return co_await workshop_->pool.run(job);
    }

    Task<Result<void>> verify_unchanged(Context& context) override {
        GODWIT_CO_TRY_VOID(context.check());
        auto job = [&] { return look_again(); };
        co_return co_await workshop_->pool.run(job);
    }

  private:
    Result<void> open_file();
    Result<void> look(const store::OpenRequest& request);
    Result<Digest> read_now(std::uint64_t offset_bytes, std::span<std::byte> out) const;
    Result<void> look_again() const;
    Result<struct stat> status_now() const;
    std::string subject() const { return root_->display(path_); }

    std::shared_ptr<Workshop> workshop_;
    std::shared_ptr<const Root> root_;
    std::string path_;
    DigestAlgorithm algorithm_;
    Descriptor fd_;
    struct stat status_{};
    std::unique_ptr<Medium> medium_;
    model::ObjectInfo info_;
    std::optional<Part> whole_;
};

Result<void> FileSource::open_file() {
    Opened opened = open_for_reading(*root_, path_);
    if (!opened) return open_error(opened.error(), subject());
    fd_ = std::move(*opened);
    // After the file was listed and before it is read: a page that was dirty already could be written to
    // through a mapping without a trace, now and until the next run (A7).
    root_->os().start_writeback(fd_.get());
    medium_ = std::make_unique<Medium>(root_->os(), fd_.get());
    return {};
}

// Is what is open what was listed?
Result<void> FileSource::look(const store::OpenRequest& request) {
    // Before the look that tells whether all of it is one generation: setting one moves ctime.
    model::XattrClasses classes = workshop_->options.attributes.xattrs;
    GODWIT_TRY(model::NamedValues xattrs, read_xattrs(root_->os(), fd_.get(), classes, subject()));
    std::optional<model::Holes> holes;
    if (workshop_->options.sparse) {
        GODWIT_TRY(holes, read_holes(root_->os(), fd_.get(), request.expected.size_bytes, subject()));
    }
    GODWIT_TRY(status_, status_now());
    if (!is_expected(request, status_))
        return changed("open", subject(), request.expected, identity_of(status_));
    info_ = info_of(request.key, status_);
    info_.metadata.xattrs = std::move(xattrs);
    info_.metadata.told_xattrs = classes;
    info_.metadata.holes = std::move(holes);
    workshop_->tell_file_id(info_);
    return {};
}

Result<void> FileSource::open(const store::OpenRequest& request) {
    GODWIT_TRY_VOID(open_file());
    GODWIT_TRY_VOID(look(request));
    if (request.from_medium) medium_ = Medium::past_cache(*root_, fd_.get(), status_);
    return {};
}

// Looks once, and afterwards: a file that then is what was listed was so all the while. What else may stand
// there by now is not harmed by a read at a position; a pipe or terminal refuses it.
Result<void> FileSource::read_whole(const store::OpenRequest& request) {
    if (request.from_medium) {
        GODWIT_TRY_VOID(open(request));
    } else {
        GODWIT_TRY_VOID(open_file());
    }
    Buffer bytes(request.expected.size_bytes);
    Result<Digest> digest = read_now(0, bytes.span());
    GODWIT_TRY_VOID(look(request));
    if (!digest) return std::move(digest.error());
    whole_.emplace(Part{.bytes = std::move(bytes), .digest = *digest});
    return {};
}

Result<Digest> FileSource::read_now(std::uint64_t offset_bytes, std::span<std::byte> out) const {
    Hasher hasher(algorithm_);
    auto take = [&](std::span<const std::byte> piece) { hasher.update(piece); };
    auto got = medium_->read_into(offset_bytes, out, take);
    if (!got) return path_error(got.error(), "read", subject());
    if (*got != out.size()) {
        return Error(ErrorKind::Changed, "read", subject(),
                     fmt::format("expected {} bytes from byte {}, but the file ends after {} of them",
                                 out.size(), offset_bytes, *got));
    }
    return hasher.digest();
}

Result<struct stat> FileSource::status_now() const {
    struct stat now{};
    int failed = root_->os().fstat(fd_.get(), now);
    if (failed < 0) return path_error(-failed, "look at", subject());
    return now;
}

Result<void> FileSource::look_again() const {
    GODWIT_TRY(struct stat now, status_now());
    if (same_generation(status_, now) || GODWIT_SABOTAGE(skip_source_check)) return {};
    return changed("read", subject(), identity_of(status_), identity_of(now));
}

// What the file was between two looks that tell the same is what was cloned.
Result<void> FileSource::clone_to(int fd) const {
    int failed = root_->os().clone(fd, fd_.get());
    if (failed < 0) return path_error(-failed, "share the blocks of", subject());
    return look_again();
}

// A link's target or a directory's nothing: all that there is to read is in memory.
class HeldSource final : public store::Source {
  public:
    HeldSource(std::shared_ptr<Workshop> workshop, std::shared_ptr<const Root> root,
               store::OpenRequest request)
        : workshop_(std::move(workshop)), root_(std::move(root)), request_(std::move(request)) {}

    Result<void> open();

    const model::ObjectInfo& info() const override { return info_; }
    std::optional<Part> take_whole() override;
    EvidenceLevel read_level() const override { return EvidenceLevel::ReadBackCached; }

    Task<Result<Digest>> read(Context& context, std::uint64_t offset_bytes,
                              std::span<std::byte> out) override {
        GODWIT_CO_TRY_VOID(context.check());
        if (offset_bytes + out.size() > content_.size()) {
            co_return Error(ErrorKind::Changed, "read", root_->display(request_.key.bytes()),
                            "it is shorter than asked for");
        }
        if (!out.empty()) std::memcpy(out.data(), content_.data() + offset_bytes, out.size());
        co_return digest_of(request_.digest, out);
    }

    Task<Result<void>> verify_unchanged(Context& context) override {
        GODWIT_CO_TRY_VOID(context.check());
        auto job = [&] { return HeldSource(workshop_, root_, request_).open(); };
        co_return co_await workshop_->pool.run(job);
    }

  private:
    std::shared_ptr<Workshop> workshop_;
    std::shared_ptr<const Root> root_;
    store::OpenRequest request_;
    model::ObjectInfo info_;
    std::string content_;
    bool taken_ = false;
};

Result<void> HeldSource::open() {
    std::string subject = root_->display(request_.key.bytes());
    GODWIT_TRY(KeyPath path, key_path(request_.key));
    Opened opened = root_->open_at(path.path, O_PATH);
    if (!opened) return open_error(opened.error(), subject);
    model::XattrClasses classes = workshop_->options.attributes.xattrs;
    GODWIT_TRY(model::NamedValues xattrs, read_xattrs(root_->os(), opened->get(), classes, subject));
    struct stat status{};
    int failed = root_->os().fstat(opened->get(), status);
    if (failed < 0) return path_error(-failed, "look at", subject);
    if (!is_expected(request_, status))
        return changed("open", subject, request_.expected, identity_of(status));
    info_ = info_of(request_.key, status);
    info_.metadata.xattrs = std::move(xattrs);
    info_.metadata.told_xattrs = classes;
    if (request_.type != ObjectType::Symlink) return {};
    std::array<char, kTargetBytesMax + 1> target;
    ssize_t got = root_->os().readlinkat(opened->get(), "", target.data(), target.size());
    if (got < 0) return path_error(static_cast<int>(-got), "read", subject);
    content_.assign(target.data(), static_cast<std::size_t>(got));
    info_.entry.identity.size_bytes = content_.size();
    return {};
}

std::optional<Part> HeldSource::take_whole() {
    if (content_.size() > request_.whole_bytes_max || std::exchange(taken_, true)) return std::nullopt;
    Buffer bytes(content_.size());
    if (!content_.empty()) std::memcpy(bytes.data(), content_.data(), content_.size());
    return Part{.bytes = std::move(bytes), .digest = digest_of(request_.digest, bytes_of(content_))};
}

}  // namespace

Result<std::unique_ptr<store::Source>> open_source(std::shared_ptr<Workshop> workshop,
                                                   std::shared_ptr<const Root> root,
                                                   const store::OpenRequest& request) {
    if (request.type == ObjectType::Special) {
        return Error(ErrorKind::Unsupported, "open", root->display(request.key.bytes()),
                     "a FIFO, socket or device is not copied")
            .with_code("SpecialFile");
    }
    GODWIT_TRY(KeyPath path, key_path(request.key));
    if (request.type != ObjectType::File) {
        auto held = std::make_unique<HeldSource>(std::move(workshop), std::move(root), request);
        GODWIT_TRY_VOID(held->open());
        return std::unique_ptr<store::Source>(std::move(held));
    }
    auto source =
        std::make_unique<FileSource>(std::move(workshop), std::move(root), path.path, request.digest);
    bool is_small = request.expected.size_bytes <= request.whole_bytes_max;
    GODWIT_TRY_VOID(is_small ? source->read_whole(request) : source->open(request));
    return std::unique_ptr<store::Source>(std::move(source));
}

Result<void> clone_source(const store::Source& source, int fd) {
    if (auto* file = dynamic_cast<const FileSource*>(&source)) return file->clone_to(fd);
    return Error(ErrorKind::Unsupported, "share the blocks of", source.info().entry.key.bytes(),
                 "it is no file of a directory");
}

}  // namespace godwit::posix
