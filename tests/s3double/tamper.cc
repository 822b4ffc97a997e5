#include "s3double/tamper.h"

#include <array>

#include "s3double/checksum.h"

namespace godwit::s3double {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    if (from.empty()) return;
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

// A well-formed checksum that is not the right one: the first digit of its base64 differs.
void spoil(std::string& text, std::size_t at) {
    text[at] = text[at] == 'A' ? 'B' : 'A';
}

void spoil_checksums(Response& response) {
    for (const ChecksumName& name : checksum_names()) {
        if (auto value = response.header(name.header); value && !value->empty()) {
            std::string wrong(*value);
            spoil(wrong, 0);
            response.set(name.header, wrong);
        }
        std::string open = "<" + std::string(name.element) + ">";
        std::size_t at = response.text.find(open);
        if (at != std::string::npos) spoil(response.text, at + open.size());
    }
}

// The head still names the length that an honest answer would have.
void lie_about_bytes(Response& response, const Lie& lie) {
    if (!response.body || lie.kind == Lie::Kind::None) return;
    response.announced_bytes = response.size_bytes;
    Body slice = response.body->slice(response.offset, response.size_bytes);
    response.body = std::make_shared<const Body>(lied_about(slice, lie));
    response.offset = 0;
    response.size_bytes = response.body->size_bytes();
}

void shape_reply(ReplyShape& shape, const Effects& effects) {
    shape.cut_at = effects.cut_reply_at;
    shape.stall_at = effects.stall_reply_at;
    shape.reset = effects.reset;
    shape.drip_ms = effects.drip_ms;
    shape.delay_ms = effects.delay_ms;
    shape.before = effects.raw_before;
    shape.after = effects.raw_after;
    shape.chunked = effects.chunked || effects.chunked_without_end;
    shape.chunked_without_end = effects.chunked_without_end;
}

}  // namespace

void tamper_with(Exchange& x) {
    const Effects& effects = x.effects();
    Response& response = x.response;
    if (effects.wrong_checksum) spoil_checksums(response);
    for (const auto& [from, to] : effects.replace) replace_all(response.text, from, to);
    lie_about_bytes(response, effects.served);
    for (const std::string& name : effects.drop_headers) response.remove(name);
    for (const auto& [name, value] : effects.headers) response.set(name, value);
    response.has_own_length = response.header("content-length").has_value();
    if (effects.close) response.close = true;
    shape_reply(response.shape, effects);
}

}  // namespace godwit::s3double
