// A KeyList in a local file, of any size: a head, and blocks of 64 KiB that begin with whole keys, so that
// the place of a key is found by halving. Head and blocks carry checksums: a list that the disk has spoilt is
// Corrupt, never another list.
#pragma once

#include <memory>
#include <string>

#include "base/digest.h"
#include "ledger/scratch_file.h"
#include "model/key_list.h"

namespace godwit::ledger {

class KeyFile final : public model::KeyList {
  public:
    // One that keep() has written. Fails with Corrupt for what is none.
    static Result<std::shared_ptr<const KeyFile>> open(const std::string& path);

    model::KeyListKind kind() const override { return head_.kind; }
    std::uint64_t count() const override { return head_.count; }
    // SHA-256 over kind and keys, in hexadecimal: equal lists have equal ones, in whichever order and how
    // often their keys were given.
    std::string digest() const { return Digest(DigestAlgorithm::Sha256, head_.sha256).hex(); }
    Result<std::unique_ptr<model::KeyCursor>> at(std::string_view key) const override;
    // Absent when the list does not hold it.
    Result<std::optional<model::ListedKey>> find(std::string_view key) const;
    // Copies the file to `path`, durable.
    Result<void> keep(const std::string& path) const { return file_.keep(path); }

    struct Head {
        model::KeyListKind kind = model::KeyListKind::Keys;
        std::uint64_t count = 0;
        std::uint64_t blocks = 0;
        std::array<std::byte, 32> sha256{};
    };

  private:
    friend class KeyFileWriter;
    class Cursor;
    KeyFile(ScratchFile file, Head head) : file_(std::move(file)), head_(head) {}
    // Without its head and what follows the last key.
    Result<std::string> read_block(std::uint64_t block) const;
    Error corrupt(std::string cause) const;

    ScratchFile file_;
    Head head_;
};

// Writes one.
class KeyFileWriter {
  public:
    static constexpr std::size_t kKeyBytesMax = 8192;

    // In `directory`, without a name.
    static Result<KeyFileWriter> create(const std::string& directory, model::KeyListKind kind);
    // Keys come in byte order, each once, and are not empty nor longer than kKeyBytesMax.
    Result<void> add(std::string_view key, std::uint64_t line);
    Result<std::shared_ptr<const KeyFile>> finish();

  private:
    KeyFileWriter(ScratchFile file, model::KeyListKind kind);
    Result<void> flush();

    ScratchFile file_;
    KeyFile::Head head_;
    Hasher hasher_{DigestAlgorithm::Sha256};
    std::string block_;
    std::string last_key_;
};

}  // namespace godwit::ledger
