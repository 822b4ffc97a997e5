// One file of a detailed report in the making:
//
//   {"TaskExecutionId":"exec-...","Transferred":[
//   {...},
//   {...}
//   ]}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/options.h"

namespace godwit::report {

// DataSync makes none larger. An item has at most a few ten thousand bytes (a path with its escapes and its
// base64, a reason of kReasonBytesMax), so that any number of items is cut well.
inline constexpr std::size_t kShardBytesMax = 5'000'000;

class Shard {
  public:
    Shard(Kind kind, std::string_view execution);

    bool empty() const { return items_ == 0; }
    // Would it be larger than `bytes_max` with this item, too? The first item always fits.
    bool fits(std::string_view item, std::size_t bytes_max) const;
    void add(std::string_view item);
    // The file's text; the shard is empty afterwards.
    std::string take();

  private:
    std::string head_, text_;
    std::uint64_t items_ = 0;
};

}  // namespace godwit::report
