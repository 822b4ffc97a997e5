// Answers that refuse: status, headers and a body of any kind, down to what the client learns of them.
//
// Input: the status; a line for each header, "name: value"; an empty line; the body.
#include <charconv>

#include "fuzz/headers.h"
#include "fuzz/s3_answers.h"
#include "fuzz/target.h"
#include "s3/addressing.h"

namespace godwit::fuzz {
namespace {

constexpr std::chrono::hours kRetryAfterMax(1);

int status_of(std::string_view line) {
    int status = 0;
    std::from_chars(line.data(), line.data() + line.size(), status);
    return status;
}

void check(const s3::AnswerHead& head, const std::string& body) {
    s3::Refusal refusal = s3::refusal(kOperation, head, body);
    check_message(refusal.error);
    GODWIT_CHECK(refusal.region.empty() || s3::is_region_name(refusal.region), "{}", refusal.region);
    GODWIT_CHECK(refusal.region != kOperation.region, "sent to where it came from");
    auto wait = refusal.error.retry_after();
    GODWIT_CHECK(!wait || (wait->count() >= 0 && *wait <= kRetryAfterMax), "{} ms", wait->count());
}

}  // namespace

void run(Input input) {
    int status = status_of(input.line());
    Headers headers = read_headers(input);
    check(s3::answer_head(status, headers), std::string(input.rest()));
}

}  // namespace godwit::fuzz
