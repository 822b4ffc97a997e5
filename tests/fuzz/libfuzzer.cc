// A target as libFuzzer calls it.
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    godwit::fuzz::run(godwit::fuzz::Input({reinterpret_cast<const char*>(data), size}));
    return 0;
}
