#include "engine/range_cut.h"

#include <algorithm>
#include <vector>

#include "runtime/group.h"

namespace godwit::engine {

using runtime::Task;

namespace {

// Keys as code points: their order is that of the bytes, and whatever is put together of them is text, as
// S3 wants it.
using CodePoints = std::vector<char32_t>;

constexpr char32_t kFirstPrintable = U' ', kLastOfAscii = U'~', kLast = 0x10FFFF;
constexpr char32_t kFirstSurrogate = 0xD800, kLastSurrogate = 0xDFFF;

bool is_surrogate(char32_t point) {
    return point >= kFirstSurrogate && point <= kLastSurrogate;
}

void append(std::string& text, char32_t point) {
    auto byte = [&](char32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
    auto following = [&](int shift) { byte(0x80 | ((point >> shift) & 0x3F)); };
    if (point < 0x80) return byte(point);
    if (point < 0x800) {
        byte(0xC0 | (point >> 6));
    } else if (point < 0x10000) {
        byte(0xE0 | (point >> 12));
        following(6);
    } else {
        byte(0xF0 | (point >> 18));
        following(12);
        following(6);
    }
    following(0);
}

// The code point at the head of `text`, which loses it. Absent: it is no UTF-8.
std::optional<char32_t> take_point(std::string_view& text) {
    auto lead = static_cast<unsigned char>(text.front());
    std::size_t size = lead < 0x80   ? 1
                       : lead < 0xC2 ? 0
                       : lead < 0xE0 ? 2
                       : lead < 0xF0 ? 3
                       : lead < 0xF5 ? 4
                                     : 0;
    if (size == 0 || text.size() < size) return {};
    char32_t point = size == 1 ? lead : lead & (0x7Fu >> size);
    for (char next : text.substr(1, size - 1)) {
        auto bits = static_cast<unsigned char>(next);
        if ((bits & 0xC0) != 0x80) return {};
        point = (point << 6) | (bits & 0x3F);
    }
    constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[size] || point > kLast || is_surrogate(point)) return {};
    text.remove_prefix(size);
    return point;
}

std::optional<CodePoints> code_points(std::string_view text) {
    CodePoints points;
    while (!text.empty()) {
        std::optional<char32_t> point = take_point(text);
        if (!point) return {};
        points.push_back(*point);
    }
    return points;
}

// Absent: there is none that may stand in a key of ours.
std::optional<char32_t> next_point(char32_t point) {
    if (point == kLast) return {};
    ++point;
    if (is_surrogate(point)) return kLastSurrogate + 1;
    return std::max(point, kFirstPrintable);
}

// Questions under way at once: a round of them takes as long as one.
constexpr std::size_t kAskedAtOnce = 8;

class CutSearch {
  public:
    CutSearch(runtime::Loop& loop, const model::KeyRange& rest, CodePoints last, const HoldsAny& holds_any)
        : loop_(loop), rest_(rest), last_(std::move(last)), holds_any_(holds_any) {}

    Task<Result<std::optional<std::string>>> run() {
        std::optional<std::string> none;
        GODWIT_CO_TRY(std::size_t place, co_await first_place());
        if (place == last_.size()) co_return none;
        co_return co_await cut_at(place);
    }

  private:
    struct Question {
        std::string key;
        bool is_something_behind = false;
    };

    // The key that has the first `place` code points of the last key, and then `point`.
    std::string key_at(std::size_t place, char32_t point) const {
        std::string key;
        for (std::size_t i = 0; i < place; ++i) append(key, last_[i]);
        append(key, point);
        return key;
    }
    // The first key behind all that begin with the first `size` code points of the last key. Empty: there is
    // none.
    std::string behind_all_with(std::size_t size) const {
        for (; size > 0; --size) {
            if (std::optional<char32_t> next = next_point(last_[size - 1])) return key_at(size - 1, *next);
        }
        return {};
    }
    Task<Result<void>> ask(std::vector<Question>& questions) {
        runtime::TaskGroup asking(loop_);
        for (Question& question : questions) asking.spawn(ask_one(question));
        co_await asking.wait();
        if (failure_) co_return std::move(*failure_);
        co_return {};
    }
    Task<void> ask_one(Question& question) {
        if (question.key.empty()) co_return;
        bool is_last =
            !rest_.before.empty() && model::KeyRange::before_what_follows(question.key) >= rest_.before;
        if (is_last) co_return;
        model::KeyRange range{question.key, rest_.before};
        Result<bool> answer = co_await holds_any_(range);
        if (!answer && !failure_) failure_.emplace(std::move(answer.error()));
        question.is_something_behind = answer && *answer;
    }
    // The first place at which a key that follows differs from the last one: a greater code point stands
    // there. As many as the last key has when there is none.
    Task<Result<std::size_t>> first_place() {
        std::size_t low = 0, high = last_.size();
        while (low < high) {
            std::vector<std::size_t> places;
            std::size_t step = (high - low + kAskedAtOnce) / (kAskedAtOnce + 1);
            for (std::size_t place = low + step - 1; place < high; place += step) places.push_back(place);
            std::vector<Question> questions;
            for (std::size_t place : places) questions.push_back({behind_all_with(place + 1)});
            GODWIT_CO_TRY_VOID(co_await ask(questions));
            // Where there is something behind a place, there is behind each later one.
            auto found = std::ranges::find(questions, true, &Question::is_something_behind);
            auto count = static_cast<std::size_t>(found - questions.begin());
            if (count < places.size()) high = places[count];
            if (count > 0) low = places[count - 1] + 1;
        }
        co_return low;
    }
    // Of the code points at that place, halved again and again from above, the first that has something
    // behind.
    Task<Result<std::optional<std::string>>> cut_at(std::size_t place) {
        std::optional<char32_t> next = next_point(last_[place]);
        // The answers did not go together: somebody writes there.
        if (!next) co_return std::optional<std::string>();
        char32_t low = *next;
        // Most keys are ASCII.
        char32_t point = low < kLastOfAscii ? kLastOfAscii : low + (kLast - low) / 2;
        std::vector<Question> questions;
        for (; point > low; point = low + (point - low) / 2)
            questions.push_back({key_at(place, is_surrogate(point) ? kLastSurrogate + 1 : point)});
        GODWIT_CO_TRY_VOID(co_await ask(questions));
        for (Question& question : questions) {
            if (question.is_something_behind) co_return std::optional(std::move(question.key));
        }
        co_return std::optional(key_at(place, low));
    }

    runtime::Loop& loop_;
    const model::KeyRange& rest_;
    const CodePoints last_;
    const HoldsAny& holds_any_;
    std::optional<Error> failure_;
};

}  // namespace

Task<Result<std::optional<std::string>>> find_cut(runtime::Loop& loop, const model::KeyRange& rest,
                                                  const HoldsAny& holds_any) {
    std::optional<std::string> none;
    std::optional<CodePoints> last = code_points(rest.after);
    if (!last) co_return none;
    CutSearch search(loop, rest, *std::move(last), holds_any);
    co_return co_await search.run();
}

}  // namespace godwit::engine
