// The bytes of a list, wherever it is: a file, standard input, an object in S3, or behind a URL.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "app/list_options.h"
#include "app/loop_run.h"
#include "app/store_kit.h"
#include "net/http_client.h"

namespace godwit::app {

class ListBytes {
  public:
    virtual ~ListBytes() = default;
    // Up to out.size() bytes; 0 only at the true end of the list, which then was one and the same all the
    // while. Fails with Changed when it was not, and with Lost or Corrupt for one that is cut short.
    virtual runtime::Task<Result<std::size_t>> read(runtime::Context& context, std::span<char> out) = 0;
    // Before it is destroyed.
    virtual runtime::Task<void> close() { co_return; }
};

// `where` is as in ListRequest::text; run and kit outlive the bytes. Fails with what stands in the way of
// reading.
runtime::Task<Result<std::unique_ptr<ListBytes>>> open_list_bytes(LoopRun& run, StoreKit& kit,
                                                                  const std::string& where,
                                                                  const EndOptions& end);

}  // namespace godwit::app
