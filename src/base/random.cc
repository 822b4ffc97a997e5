#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"

namespace godwit {
namespace {

class SystemRandom final : public Random {
  public:
    void fill(std::span<std::byte> out) override {
        while (!out.empty()) {
            ssize_t got = getrandom(out.data(), out.size(), 0);
            if (got < 0 && errno == EINTR) continue;
            GODWIT_CHECK(got > 0, "getrandom: errno {}", errno);
            out = out.subspan(static_cast<std::size_t>(got));
        }
    }
};

}  // namespace

Random& system_random() {
    static SystemRandom random;
    return random;
}

std::string random_hex(Random& random, std::size_t size_bytes) {
    std::vector<std::byte> bytes(size_bytes);
    random.fill(bytes);
    return hex_encode(bytes);
}

}  // namespace godwit
