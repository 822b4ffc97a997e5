// Lays an answer out as bytes and hands them to a transport from where it stopped.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "s3double/http_response.h"
#include "s3double/transport.h"

namespace godwit::s3double {

class ReplyWriter {
  public:
    // `response` must stay as it is until the reply has ended.
    void start(const Response& response, bool close);

    enum class Progress : std::uint8_t {
        Blocked,  // again when the transport can write
        Dripped,  // one byte went; again after drip_ms
        Ended,    // all went that is to go
        Broken,   // the client is gone
    };
    Progress write(Transport& transport);
    std::uint64_t sent_bytes() const { return sent_; }
    // The rule's shape ended it before its time.
    bool was_cut() const { return end_ < total_ && response_->shape.cut_at == end_; }
    bool was_stalled() const { return end_ < total_ && response_->shape.stall_at == end_ && !was_cut(); }
    // Less followed than was announced.
    bool is_short() const { return short_; }

  private:
    using Runs = std::array<std::span<const std::byte>, Transport::kRunsMax>;
    std::size_t gather(Runs& runs) const;
    void write_head(bool close);
    std::uint64_t body_bytes() const { return response_->head_only ? 0 : response_->body_bytes(); }

    const Response* response_ = nullptr;
    std::string head_, tail_;
    std::uint64_t sent_ = 0, end_ = 0, total_ = 0;
    bool short_ = false;
};

}  // namespace godwit::s3double
