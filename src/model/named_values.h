#pragma once

#include <string>
#include <utility>
#include <vector>

namespace godwit::model {

using NamedValues = std::vector<std::pair<std::string, std::string>>;

}  // namespace godwit::model
