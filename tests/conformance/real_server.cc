#include "conformance/real_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace godwit::conformance {

namespace {

// The output of a shell command; nothing when it failed.
std::optional<std::string> output_of(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (!pipe) return std::nullopt;
    std::string text;
    std::array<char, 4096> buffer;
    while (std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        text.append(buffer.data(), count);
    }
    return ::pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

}  // namespace

std::unique_ptr<RealServer> RealServer::start(const std::string& script, const std::string& bucket) {
    auto server = std::make_unique<RealServer>();
    server->script_ = fmt::format("{}/tests/servers/{}", GODWIT_SOURCE_DIR, script);
    std::string command =
        fmt::format("bash '{}' start --bucket {} --owner {}", server->script_, bucket, ::getpid());
    std::optional<std::string> output = output_of(command);
    if (!output) {
        fmt::print(stderr, "SKIPPED LOUDLY: {} did not start; its tests do not run\n", script);
        server->script_.clear();
        return nullptr;
    }
    for (std::size_t at = 0; at < output->size();) {
        std::size_t end = std::min(output->find('\n', at), output->size());
        std::string line = output->substr(at, end - at);
        if (std::size_t equals = line.find('='); equals != std::string::npos) {
            server->values_[line.substr(0, equals)] = line.substr(equals + 1);
        }
        at = end + 1;
    }
    return server;
}

RealServer::~RealServer() {
    auto dir = values_.find("SERVER_DIR");
    if (script_.empty() || dir == values_.end()) return;
    std::string command = fmt::format("bash '{}' stop '{}'", script_, dir->second);
    if (std::system(command.c_str()) != 0) fmt::print(stderr, "{} did not stop\n", script_);
    std::error_code ignored;
    std::filesystem::remove_all(dir->second, ignored);
}

}  // namespace godwit::conformance
