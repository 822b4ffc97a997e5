// `credential_process`: a program of the user's that prints credentials.
// Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
#pragma once

#include <memory>
#include <string>

#include "runtime/io_loop.h"
#include "s3/credentials.h"

namespace godwit::s3 {

struct ProcessLimits {
    Duration timeout = std::chrono::seconds(60);
    std::size_t output_bytes_max = 64 << 10;
};

// Runs the command, cut into words but not given to a shell, and returns what it wrote to its standard
// output. Its standard input is empty, its standard error ours, so that it can talk to the user; we add
// nothing to its arguments or environment. Kinds: NotFound or Denied (cannot be started), Invalid (no
// command, or an exit status other than 0), Corrupt (too much output), Lost (timeout; it is then killed).
Task<Result<std::string>> run_process(Context& context, runtime::IoLoop& loop, const std::string& command,
                                      const ProcessLimits& limits);

// `profile` is for describe().
std::unique_ptr<CredentialsProvider> process_credentials(runtime::IoLoop& loop, std::string command,
                                                         std::string profile, ProcessLimits limits);

}  // namespace godwit::s3
