#include "s3double/reply_writer.h"

#include <algorithm>
#include <charconv>

namespace godwit::s3double {

namespace {

void append_number(std::string& out, std::uint64_t number, int base = 10) {
    char digits[24];
    auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
    out.append(digits, end);
}

bool may_have_body(int status) {
    return status != 204 && status != 304;
}

// The part of `run`, which starts at `start`, that lies at or after `from`, at most `limit` bytes.
std::span<const std::byte> clipped(std::span<const std::byte> run, std::uint64_t skip, std::uint64_t limit) {
    run = run.subspan(std::min<std::uint64_t>(skip, run.size()));
    return run.first(std::min<std::uint64_t>(limit, run.size()));
}

}  // namespace

void ReplyWriter::start(const Response& response, bool close) {
    response_ = &response;
    sent_ = 0;
    const ReplyShape& shape = response.shape;
    head_.clear();
    tail_.clear();
    write_head(close);
    if (shape.chunked && !response.head_only) {
        append_number(head_, body_bytes(), 16);
        head_ += "\r\n";
        tail_ = shape.chunked_without_end ? "\r\n" : "\r\n0\r\n\r\n";
    }
    tail_ += shape.after;
    short_ =
        shape.chunked_without_end || (response.announced_bytes && *response.announced_bytes != body_bytes());
    total_ = end_ = head_.size() + body_bytes() + tail_.size();
    if (shape.stall_at) end_ = std::min(end_, *shape.stall_at);
    if (shape.cut_at) end_ = std::min(end_, *shape.cut_at);
}

void ReplyWriter::write_head(bool close) {
    const Response& response = *response_;
    head_.append(response.shape.before).append("HTTP/1.1 ");
    append_number(head_, static_cast<std::uint64_t>(response.status()));
    head_.append(" ").append(reason_phrase(response.status())).append("\r\n").append(response.lines());
    if (response.shape.chunked) {
        head_ += "Transfer-Encoding: chunked\r\n";
    } else if (may_have_body(response.status()) && !response.has_own_length) {
        head_ += "Content-Length: ";
        append_number(head_, response.announced_bytes.value_or(response.body_bytes()));
        head_ += "\r\n";
    }
    if (close) head_ += "Connection: close\r\n";
    head_ += "\r\n";
}

// Head, body and tail in order, from the first byte that has not gone.
std::size_t ReplyWriter::gather(Runs& runs) const {
    std::size_t count = 0;
    std::uint64_t at = sent_;
    auto add = [&](std::span<const std::byte> run, std::uint64_t start) {
        auto part = clipped(run, at - start, end_ - at);
        if (part.empty()) return;
        runs[count++] = part;
        at += part.size();
    };
    if (at < head_.size()) add(std::as_bytes(std::span(head_)), 0);
    std::uint64_t body_end = head_.size() + body_bytes();
    while (at >= head_.size() && at < std::min(body_end, end_) && count + 1 < runs.size()) {
        std::uint64_t offset = at - head_.size();
        auto run = response_->body ? response_->body->at(response_->offset + offset)
                                   : std::as_bytes(std::span(response_->text)).subspan(offset);
        add(clipped(run, 0, body_end - at), at);
    }
    if (at >= body_end && at < end_ && count < runs.size()) add(std::as_bytes(std::span(tail_)), body_end);
    return count;
}

ReplyWriter::Progress ReplyWriter::write(Transport& transport) {
    while (sent_ < end_) {
        Runs runs;
        std::size_t count = gather(runs);
        bool drips = response_->shape.drip_ms > 0;
        if (drips) runs[0] = runs[0].first(1), count = 1;
        auto moved = transport.write(std::span(runs).first(count));
        if (moved.state == Transport::State::Closed) return Progress::Broken;
        if (moved.state != Transport::State::Done) return Progress::Blocked;
        sent_ += moved.size_bytes;
        if (drips && sent_ < end_) return Progress::Dripped;
    }
    return Progress::Ended;
}

}  // namespace godwit::s3double
