// A batch's planned objects: bytes that decode are bytes that were encoded.
#include "base/check.h"
#include "base/encoding.h"
#include "fuzz/target.h"
#include "ledger/batch_codec.h"

namespace godwit::fuzz {

void run(Input input) {
    std::string_view bytes = input.rest();
    Result<std::vector<model::PlannedObject>> objects = ledger::decode_batch(bytes, "batch 1");
    if (!objects) return;
    for (const model::PlannedObject& object : *objects) {
        GODWIT_CHECK(!object.key.empty() && object.key.size() <= ledger::kKeyBytesMax);
        GODWIT_CHECK(object.source.tag.size() <= 4096);
    }
    std::string again = ledger::encode_batch(*objects);
    GODWIT_CHECK(again == bytes, "{} became {}", hex_encode(bytes_of(bytes)), hex_encode(bytes_of(again)));
}

}  // namespace godwit::fuzz
