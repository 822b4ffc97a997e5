// Real S3 servers for test programs, started once a process by the scripts in tests/servers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace godwit::conformance {

// A running server; stopped, and its directory removed, on destruction (and by itself when this
// process dies).
class RealServer {
  public:
    // Runs `tests/servers/SCRIPT start`. Nothing when the server cannot be had here: the reason is then
    // on stderr, loudly.
    static std::unique_ptr<RealServer> start(const std::string& script, const std::string& bucket);
    ~RealServer();

    // "ENDPOINT", "AWS_ACCESS_KEY_ID", ...: what the script printed.
    const std::string& operator[](const std::string& name) const { return values_.at(name); }

  private:
    std::string script_;
    std::map<std::string, std::string> values_;
};

}  // namespace godwit::conformance
