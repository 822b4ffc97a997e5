// A command line cut into words as a POSIX shell would, without expansions of any kind. For
// `credential_process` and quoted profile names; botocore cuts them so as well.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace godwit::s3 {

// Quotes ' and ", and backslash outside of '. Absent when a quote is not closed or a backslash ends
// the text.
std::optional<std::vector<std::string>> shell_words(std::string_view text);

}  // namespace godwit::s3
