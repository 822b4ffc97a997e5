// What sinks leave behind to be carried on after a crash: read, written and read again is the same.
#include "base/check.h"
#include "base/error.h"
#include "fuzz/target.h"
#include "posix/sink.h"
#include "s3/sink_checkpoint.h"

namespace godwit::fuzz {
namespace {

void check_posix(std::string_view text) {
    std::optional<posix::Checkpoint> read = posix::parse_checkpoint(text);
    if (!read) return;
    GODWIT_CHECK(posix::StagingNames::has_the_form(read->staged_name), "{}", printable(text));
    GODWIT_CHECK(read->staged_name.find_first_of(std::string_view("/\0", 2)) == std::string::npos);
    GODWIT_CHECK(posix::format_checkpoint(*read) == text, "{}", printable(text));
}

void check_s3(const std::string& text) {
    std::optional<s3::Checkpoint> read = s3::read_checkpoint(text);
    if (!read) return;
    GODWIT_CHECK(!read->upload.id.empty() && read->part_bytes > 0, "{}", printable(text));
    GODWIT_CHECK(s3::write_checkpoint(*read) == text, "{}", printable(text));
}

// Any key and any id that a server may have given are kept.
void check_upload(Input input) {
    s3::Checkpoint checkpoint;
    checkpoint.part_bytes = input.number() | 1;
    checkpoint.begun_unix_ns = input.signed_number();
    checkpoint.upload.id = input.block();
    checkpoint.upload.key = input.rest();
    if (checkpoint.upload.id.empty()) return;
    std::optional<s3::Checkpoint> again = s3::read_checkpoint(s3::write_checkpoint(checkpoint));
    GODWIT_CHECK(
        again && again->upload.id == checkpoint.upload.id && again->upload.key == checkpoint.upload.key &&
            again->part_bytes == checkpoint.part_bytes && again->begun_unix_ns == checkpoint.begun_unix_ns,
        "{}", s3::write_checkpoint(checkpoint));
}

}  // namespace

void run(Input input) {
    check_upload(input);
    std::string_view text = input.rest();
    check_posix(text);
    check_s3(std::string(text));
}

}  // namespace godwit::fuzz
