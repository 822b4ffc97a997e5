// A part that is read in small pieces, and that a test may spoil between its readings.
#pragma once

#include <functional>
#include <string>

#include "base/encoding.h"
#include "store/store.h"

namespace godwit::conformance {

class TextPart final : public store::PartBytes {
  public:
    static constexpr std::size_t kPieceBytes = 70'000;

    explicit TextPart(std::string text) : text_(std::move(text)) {}

    std::uint64_t size_bytes() const override { return text_.size(); }
    runtime::Task<Result<store::Piece>> read(runtime::Context&, std::uint64_t offset_bytes) override {
        if (offset_bytes == 0) GODWIT_CO_TRY_VOID(on_reading(++readings, text_));
        auto bytes = bytes_of(std::string_view(text_).substr(offset_bytes, kPieceBytes));
        co_return store::Piece{bytes, digest_of(DigestAlgorithm::Crc64Nvme, bytes)};
    }

    // Told each new reading, from 1, before its first piece; may change the text or fail.
    std::function<Result<void>(int reading, std::string& text)> on_reading =
        [](int, std::string&) -> Result<void> { return {}; };
    int readings = 0;

  private:
    std::string text_;
};

}  // namespace godwit::conformance
