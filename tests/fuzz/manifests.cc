// Manifests and lists of prefixes: however a list is cut into pieces it says the same, every line is told of
// once and in order, what is refused is refused in one printable line, and what manifest_line() writes is
// read back.
#include "base/check.h"
#include "fuzz/target.h"
#include "model/manifest.h"
#include "model/prefix_list.h"

namespace godwit::fuzz {
namespace {

struct Read {
    std::vector<model::ManifestEntry> entries;
    std::string refusal;
};

Read read_manifest(std::string_view text, std::size_t piece) {
    Read read;
    model::ManifestReader reader("list");
    Result<void> done;
    for (std::size_t at = 0; done && at < text.size(); at += piece)
        done = reader.read(text.substr(at, piece), read.entries);
    if (done) done = reader.finish(read.entries);
    if (!done) read.refusal = done.error().message();
    return read;
}

void check_entry(const model::ManifestEntry& entry, std::uint64_t line_before) {
    GODWIT_CHECK(entry.line > line_before, "line {} after {}", entry.line, line_before);
    GODWIT_CHECK(entry.path.size() <= model::ManifestReader::kPathBytesMax);
    GODWIT_CHECK(entry.version.size() <= model::ManifestReader::kVersionBytesMax);
    if (!entry.fault.empty()) {
        GODWIT_CHECK(printable(entry.fault) == entry.fault);
        return;
    }
    GODWIT_CHECK(!entry.path.empty() && !entry.path.ends_with('/'));
    Read again = read_manifest(model::manifest_line(entry.path), 4096);
    GODWIT_CHECK(again.refusal.empty() && again.entries.size() == 1 && again.entries[0].path == entry.path);
}

void check_manifest(std::string_view text, std::size_t piece) {
    Read whole = read_manifest(text, text.size() + 1), cut = read_manifest(text, piece);
    GODWIT_CHECK(whole.refusal == cut.refusal, "{} became {}", whole.refusal, cut.refusal);
    GODWIT_CHECK(printable(whole.refusal) == whole.refusal);
    GODWIT_CHECK(whole.entries.size() == cut.entries.size());
    std::uint64_t line = 0;
    for (std::size_t i = 0; i < whole.entries.size(); ++i) {
        const model::ManifestEntry &a = whole.entries[i], &b = cut.entries[i];
        GODWIT_CHECK(a.line == b.line && a.path == b.path && a.version == b.version && a.fault == b.fault);
        check_entry(a, std::exchange(line, a.line));
    }
}

std::vector<model::PrefixLine> read_prefixes(std::string_view text, std::size_t piece) {
    std::vector<model::PrefixLine> lines;
    model::PrefixListReader reader("list");
    for (std::size_t at = 0; at < text.size(); at += piece) {
        if (!reader.read(text.substr(at, piece), lines)) return lines;
    }
    reader.finish(lines);
    return lines;
}

void check_prefixes(std::string_view text, std::size_t piece) {
    if (text.find('\0') != std::string_view::npos) {
        read_prefixes(text, piece);
        return;
    }
    auto whole = read_prefixes(text, text.size() + 1), cut = read_prefixes(text, piece);
    GODWIT_CHECK(whole.size() == cut.size());
    std::uint64_t line = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        GODWIT_CHECK(whole[i].line == cut[i].line && whole[i].prefix == cut[i].prefix);
        GODWIT_CHECK(whole[i].line > std::exchange(line, whole[i].line));
        GODWIT_CHECK(!whole[i].prefix.empty() && whole[i].prefix.find_first_of("\r\n") == std::string::npos);
    }
}

}  // namespace

void run(Input input) {
    std::size_t piece = input.byte() % 16 + 1u;
    std::string_view text = input.rest();
    check_manifest(text, piece);
    check_prefixes(text, piece);
}

}  // namespace godwit::fuzz
