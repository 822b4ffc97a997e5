#include "s3/md5_batch.h"

#include <algorithm>
#include <utility>

namespace godwit::s3 {

void Md5Batch::add(Job& job) {
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
    std::erase(at_work_, nullptr);
}

void Md5Batch::turn_ended() {
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
    if (!at_work_.empty()) loop_.at_turn_end(*this);
}

runtime::Task<Digest> Md5Batch::digest_of(std::span<const std::byte> bytes) {
    Md5Message message;
    message.append(bytes);
    message.end();
    co_await take_in(message);
    co_return message.digest();
}

}  // namespace godwit::s3
