// Reads one answer's body off a connection, by the framing that its head declared.
#pragma once

#include "net/body_framing.h"
#include "net/connection.h"

namespace godwit::net {

class BodyReader {
  public:
    explicit BodyReader(BodyFraming framing)
        : framing_(framing), left_bytes_(framing.declared_bytes.value_or(0)) {}

    // Up to out.size() bytes (at least one is asked for); 0 only at the body's end. Fails with Lost
    // when the connection ends before the body, with Corrupt, or as Connection does.
    runtime::Task<Result<std::size_t>> read(runtime::Context& context, Connection& connection,
                                            std::span<std::byte> out);
    // Nothing of the body is left on the connection.
    bool done() const;
    BodyFraming::Kind kind() const { return framing_.kind; }

  private:
    runtime::Task<Result<std::size_t>> read_length(runtime::Context& context, Connection& connection,
                                                   std::span<std::byte> out);
    runtime::Task<Result<std::size_t>> read_chunked(runtime::Context& context, Connection& connection,
                                                    std::span<std::byte> out);
    runtime::Task<Result<std::size_t>> read_chunk_data(runtime::Context& context, Connection& connection,
                                                       std::span<std::byte> out);
    runtime::Task<Result<std::size_t>> read_to_close(runtime::Context& context, Connection& connection,
                                                     std::span<std::byte> out);
    Result<void> decode(ReceiveBuffer& received);
    Error cut_short(const Connection& connection) const;

    BodyFraming framing_;
    std::uint64_t left_bytes_;
    std::uint64_t read_bytes_ = 0;
    ChunkDecoder chunks_;
    bool closed_ = false;
};

}  // namespace godwit::net
