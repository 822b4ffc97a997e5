// A map of holes in one header's value: what is read could only have been written so, and is written so
// again; its holes are in order, with data between them.
#include "base/check.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "s3/hole_header.h"

namespace godwit::fuzz {

void run(Input input) {
    std::string_view text = input.rest();
    std::optional<model::Holes> holes = s3::decode_holes(text);
    if (!holes) return;
    GODWIT_CHECK(s3::encode_holes(*holes) == text, "{}", printable(text));
    GODWIT_CHECK(holes->size() <= model::kHolesMax);
    std::uint64_t end = 0;
    for (const model::Hole& hole : *holes) {
        GODWIT_CHECK(hole.blocks > 0 && (hole.first_block > end || &hole == holes->data()));
        GODWIT_CHECK(hole.end_block() > hole.first_block);
        end = hole.end_block();
    }
}

}  // namespace godwit::fuzz
