#include "ledger/key_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc64.h"
#include "base/encoding.h"
#include "ledger/key_record.h"

namespace godwit::ledger {
namespace {

constexpr std::string_view kMagic = "godwit keys 1\n\n\n";
constexpr std::size_t kHeadBytes = 4096, kBlockBytes = 64 << 10;
// CRC-64 of the rest, and how many bytes of it are keys.
constexpr std::size_t kBlockHeadBytes = 12;

std::uint64_t checksum(std::string_view bytes) {
    return crc64_nvme(0, bytes_of(bytes));
}

std::string head_text(const KeyFile::Head& head) {
    std::string text(kMagic);
    append_number<std::uint64_t>(text, static_cast<std::uint64_t>(head.kind));
    append_number<std::uint64_t>(text, head.count);
    append_number<std::uint64_t>(text, head.blocks);
    text.append(reinterpret_cast<const char*>(head.sha256.data()), head.sha256.size());
    append_number<std::uint64_t>(text, checksum(text));
    return text;
}

// What head_text() wrote, else nothing.
std::optional<KeyFile::Head> head_from(std::string_view text) {
    KeyFile::Head head;
    std::size_t size = head_text(head).size();
    if (text.size() < size || !text.starts_with(kMagic)) return {};
    text = text.substr(0, size);
    std::size_t at = kMagic.size();
    auto kind = number_at<std::uint64_t>(text, at);
    head.kind = kind == 2 ? model::KeyListKind::Prefixes : model::KeyListKind::Keys;
    head.count = number_at<std::uint64_t>(text, at + 8);
    head.blocks = number_at<std::uint64_t>(text, at + 16);
    std::memcpy(head.sha256.data(), text.data() + at + 24, head.sha256.size());
    if (head_text(head) != text) return {};
    return head;
}

}  // namespace

// ---- Reading

class KeyFile::Cursor final : public model::KeyCursor {
  public:
    explicit Cursor(const KeyFile& list) : list_(list) {}

    const model::ListedKey* current() const override { return at_end_ ? nullptr : &current_; }

    Result<void> pop() override {
        if (rest_.empty()) {
            at_end_ = block_ >= list_.head_.blocks;
            if (at_end_) return {};
            GODWIT_TRY_VOID(load(block_));
        }
        auto record = take_record(rest_);
        if (!record) return list_.corrupt("a key in it is cut off");
        current_ = {model::Key(std::string(record->key)), record->line};
        return {};
    }

    // To the last one not greater than `key`, which this block holds if it is not before all.
    Result<void> seek(std::uint64_t block, std::string_view key) {
        GODWIT_TRY_VOID(load(block));
        GODWIT_TRY_VOID(pop());
        for (;;) {
            std::string_view ahead = rest_;
            auto next = take_record(ahead);
            if (!next || next->key > key) return {};
            current_ = {model::Key(std::string(next->key)), next->line};
            rest_ = ahead;
        }
    }

  private:
    Result<void> load(std::uint64_t block) {
        GODWIT_TRY(bytes_, list_.read_block(block));
        rest_ = bytes_;
        block_ = block + 1;
        return {};
    }

    const KeyFile& list_;
    std::string bytes_;
    std::string_view rest_;    // of bytes_
    std::uint64_t block_ = 0;  // the one to come
    bool at_end_ = false;
    model::ListedKey current_;
};

Error KeyFile::corrupt(std::string cause) const {
    return Error(ErrorKind::Corrupt, "read the list of objects in", file_.path(), std::move(cause))
        .with_scope(Scope::State);
}

Result<std::string> KeyFile::read_block(std::uint64_t block) const {
    std::string bytes(kBlockBytes, '\0');
    GODWIT_TRY(std::size_t got, file_.read_at(kHeadBytes + block * kBlockBytes, bytes));
    if (got < kBlockBytes) return corrupt("it ends too early");
    auto used = number_at<std::uint32_t>(bytes, 8);
    std::string_view rest = std::string_view(bytes).substr(8);
    bool whole = number_at<std::uint64_t>(bytes, 0) == checksum(rest) && used > 0 &&
                 used <= kBlockBytes - kBlockHeadBytes;
    if (!whole) return corrupt(fmt::format("the checksum of block {} is another one", block));
    return bytes.substr(kBlockHeadBytes, used);
}

Result<std::unique_ptr<model::KeyCursor>> KeyFile::at(std::string_view key) const {
    auto cursor = std::make_unique<Cursor>(*this);
    if (head_.blocks == 0) {
        GODWIT_TRY_VOID(cursor->pop());
        return cursor;
    }
    // The last block whose first key is not greater lies in [low, high).
    std::uint64_t low = 0, high = head_.blocks;
    while (high - low > 1) {
        std::uint64_t middle = low + (high - low) / 2;
        GODWIT_TRY(std::string bytes, read_block(middle));
        std::string_view rest = bytes;
        auto first = take_record(rest);
        if (!first) return corrupt("a key in it is cut off");
        (first->key <= key ? low : high) = middle;
    }
    GODWIT_TRY_VOID(cursor->seek(low, key));
    return cursor;
}

Result<std::optional<model::ListedKey>> KeyFile::find(std::string_view key) const {
    std::optional<model::ListedKey> found;
    GODWIT_TRY(std::unique_ptr<model::KeyCursor> cursor, at(key));
    const model::ListedKey* listed = cursor->current();
    if (listed && listed->key.bytes() == key) found = *listed;
    return found;
}

Result<std::shared_ptr<const KeyFile>> KeyFile::open(const std::string& path) {
    GODWIT_TRY(ScratchFile file, ScratchFile::open(path));
    std::string text(kHeadBytes, '\0');
    GODWIT_TRY(std::size_t got, file.read_at(0, text));
    std::optional<Head> head = head_from(std::string_view(text).substr(0, got));
    if (!head) {
        return Error(ErrorKind::Corrupt, "read the list of objects in", path, "it is no list of ours")
            .with_scope(Scope::State);
    }
    return std::shared_ptr<const KeyFile>(new KeyFile(std::move(file), *head));
}

// ---- Writing

KeyFileWriter::KeyFileWriter(ScratchFile file, model::KeyListKind kind) : file_(std::move(file)) {
    head_.kind = kind;
    block_.reserve(kBlockBytes);
    block_.resize(kBlockHeadBytes);
    std::string begin;
    append_number<std::uint64_t>(begin, static_cast<std::uint64_t>(kind));
    hasher_.update(bytes_of(begin));
}

Result<KeyFileWriter> KeyFileWriter::create(const std::string& directory, model::KeyListKind kind) {
    GODWIT_TRY(ScratchFile file, ScratchFile::create(directory));
    return KeyFileWriter(std::move(file), kind);
}

Result<void> KeyFileWriter::add(std::string_view key, std::uint64_t line) {
    GODWIT_CHECK(key > last_key_ && key.size() <= kKeyBytesMax, "key of {} bytes after one of {}", key.size(),
                 last_key_.size());
    if (block_.size() + record_bytes(key) > kBlockBytes) GODWIT_TRY_VOID(flush());
    append_record(block_, key, line);
    std::string length;
    append_number<std::uint64_t>(length, key.size());
    hasher_.update(bytes_of(length));
    hasher_.update(bytes_of(key));
    last_key_ = key;
    ++head_.count;
    return {};
}

Result<void> KeyFileWriter::flush() {
    std::string used;
    append_number(used, static_cast<std::uint32_t>(block_.size() - kBlockHeadBytes));
    block_.replace(8, used.size(), used);
    block_.resize(kBlockBytes);
    std::string sum;
    append_number<std::uint64_t>(sum, checksum(std::string_view(block_).substr(8)));
    block_.replace(0, sum.size(), sum);
    GODWIT_TRY_VOID(file_.write_at(kHeadBytes + head_.blocks * kBlockBytes, block_));
    ++head_.blocks;
    block_.resize(kBlockHeadBytes);
    return {};
}

Result<std::shared_ptr<const KeyFile>> KeyFileWriter::finish() {
    if (block_.size() > kBlockHeadBytes) GODWIT_TRY_VOID(flush());
    Digest digest = hasher_.digest();
    std::ranges::copy(digest.bytes(), head_.sha256.begin());
    GODWIT_TRY_VOID(file_.write_at(0, head_text(head_)));
    return std::shared_ptr<const KeyFile>(new KeyFile(std::move(file_), head_));
}

}  // namespace godwit::ledger
