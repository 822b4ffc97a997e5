// What the targets of S3's answers have in common.
#pragma once

#include <string>
#include <string_view>

#include "base/check.h"
#include "s3/xml.h"

namespace godwit::fuzz {

inline constexpr s3::Operation kOperation{.name = "list",
                                          .subject = "s3://bucket/",
                                          .region = "us-east-1",
                                          .unix_time_ns = 1'795'000'000'000'000'000};

// 200 as a rule: that an answer is an error is told by its root.
inline s3::AnswerHead answer_head() {
    s3::AnswerHead head;
    head.status = 200;
    return head;
}

// Whatever the server wrote, a message is one line that drives no terminal.
inline void check_message(const Error& error) {
    std::string message = error.message();
    GODWIT_CHECK(message == printable(message), "{}", printable(message));
}

inline void check_etag(std::string_view etag) {
    GODWIT_CHECK(s3::is_etag(etag) && etag.size() <= s3::kEtagBytesMax, "{}", printable(etag));
}

}  // namespace godwit::fuzz
