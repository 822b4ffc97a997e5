// The errors of S3 ("Error responses" in the API reference): code, status and the words that go
// with them.
#pragma once

#include <string>
#include <string_view>

namespace godwit::s3double {

struct ErrorRow {
    std::string_view code;
    int status;
    std::string_view message;
};
// A code that the table lacks gets status 400 and an empty message.
ErrorRow error_row(std::string_view code);

// What an operation refuses with. `code` is of the table; an empty `message` takes the table's.
struct Refusal {
    std::string_view code;
    std::string message;
    // Further elements of the error's XML, already escaped ("<Region>eu-west-1</Region>").
    std::string details;
};

}  // namespace godwit::s3double
