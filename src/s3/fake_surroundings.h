// Environment and files for tests: two maps instead of the machine's.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "s3/aws_config.h"

namespace godwit::s3 {

struct FakeSurroundings {
    std::map<std::string, std::string> variables{{"HOME", "/home/u"}};
    std::map<std::string, std::string> files;

    // Looks at the maps as they are when it is asked; they outlive it.
    Surroundings view() const {
        return {.variable = [this](const std::string& name) -> std::optional<std::string> {
                    auto found = variables.find(name);
                    if (found == variables.end()) return std::nullopt;
                    return found->second;
                },
                .read_file = [this](const std::string& path) -> Result<std::string> {
                    auto found = files.find(path);
                    if (found == files.end()) return Error(ErrorKind::NotFound, "read", path, "no such file");
                    return found->second;
                }};
    }
};

}  // namespace godwit::s3
