#include "s3/md5_batch.h"

#include <algorithm>
#include <utility>

namespace godwit::s3 {

void Md5Batch::add(Job& job) {
    ++jobs_;
    waiting_.push_back(job);
    loop_.at_turn_end(*this);
}

void Md5Batch::fill_lanes() {
    while (at_work_.size() < md5_lanes()) {
        Job* job = waiting_.pop_front();
        if (!job) return;
        at_work_.push_back(job);
    }
}

void Md5Batch::release_lanes() {
    for (Job*& job : at_work_) {
        if (job->message_.is_idle()) loop_.resume_soon(std::exchange(job, nullptr)->handle_);
    }
    jobs_ -= std::erase(at_work_, nullptr);
}

void Md5Batch::part_ended() {
    --parts_;
    if (jobs_ > 0) loop_.at_turn_end(*this);
}

bool Md5Batch::has_company() const {
    return paused_enough_ || jobs_ >= std::min(md5_lanes(), parts_ / 2);
}

void Md5Batch::expired() {
    paused_enough_ = true;
    loop_.at_turn_end(*this);
}

void Md5Batch::turn_ended() {
    if (!has_company()) {
        if (!is_linked()) loop_.start_timer(*this, loop_.now() + kPauseMax);
        return;
    }
    runtime::Loop::stop_timer(*this);
    advance_slice();
    if (jobs_ > 0) loop_.at_turn_end(*this);
    paused_enough_ &= jobs_ > 0;
}

void Md5Batch::advance_slice() {
    fill_lanes();
    for (std::size_t left = kTurnBytes / kMd5BlockBytes; left > 0 && !at_work_.empty(); fill_lanes()) {
        std::array<Md5Message*, kMd5LanesMax> messages;
        std::size_t count = at_work_.size();
        for (std::size_t i = 0; i < count; ++i) messages[i] = &at_work_[i]->message_;
        std::size_t blocks_max = std::max<std::size_t>(left / count, 1);
        std::size_t blocks = md5_advance(std::span(messages).first(count), blocks_max);
        left -= std::min(left, blocks * count);
        release_lanes();
    }
}

runtime::Task<Digest> Md5Batch::digest_of(std::span<const std::byte> bytes) {
    Md5Message message;
    message.append(bytes);
    message.end();
    co_await take_in(message);
    co_return message.digest();
}

}  // namespace godwit::s3
