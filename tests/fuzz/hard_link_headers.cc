// The id of a file in one header's value: what is read could only have been written so, and is written so
// again.
#include "base/check.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "s3/hard_link_header.h"

namespace godwit::fuzz {

void run(Input input) {
    std::string_view text = input.rest();
    std::optional<model::FileId> id = s3::decode_file_id(text);
    if (!id) return;
    GODWIT_CHECK(s3::encode_file_id(*id) == text, "{}", printable(text));
    GODWIT_CHECK(text.size() <= 35, "{}", printable(text));
}

}  // namespace godwit::fuzz
