// What an execution remembers of its command: written by one process, read by another years later. Paths are
// bytes, and all of them come back.
#include "app/run_record.h"
#include "base/check.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "s3/shell_words.h"

namespace godwit::fuzz {
namespace {

using app::RunRecord;

bool equal(const RunRecord& a, const RunRecord& b) {
    return a.source == b.source && a.destination == b.destination && a.options == b.options &&
           a.selection == b.selection;
}

void check_written(const RunRecord& record) {
    std::string text = to_text(record);
    Result<RunRecord> again = app::run_record_from(text);
    GODWIT_CHECK(again, "{}", again.error().message());
    GODWIT_CHECK(equal(*again, record), "{}", printable(text));
    GODWIT_CHECK(again->plan() == record.plan(), "{}", printable(text));
}

// Values are anybody's, names are ours.
std::string option_name(std::string_view text) {
    std::string name(text);
    std::erase_if(name, [](char c) { return (c < 'a' || c > 'z') && c != '-'; });
    return name;
}

// As a line to be pasted into a shell.
void check_word(const std::string& text) {
    auto words = s3::shell_words(app::shell_word(text));
    GODWIT_CHECK(words && words->size() == 1 && words->front() == printable(text), "{}", printable(text));
}

}  // namespace

void run(Input input) {
    Input parts = input;
    RunRecord record;
    record.source = parts.block();
    record.destination = parts.block();
    record.selection = parts.block();
    while (!parts.empty()) {
        std::string name = option_name(parts.block());
        for (std::size_t values = parts.byte() % 3 + 1; values > 0; --values)
            record.options[name].emplace_back(parts.block());
    }
    check_written(record);
    check_word(record.source);
    if (Result<RunRecord> foreign = app::run_record_from(std::string(input.rest()))) check_written(*foreign);
}

}  // namespace godwit::fuzz
