#include "s3double/rules.h"

#include <memory>

namespace godwit::s3double {

namespace {

constexpr std::size_t kKeysCountedMax = 1'000'000;

// xorshift64*: a rule's own generator, so that rules do not disturb one another.
double next_fraction(std::uint64_t& state) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return static_cast<double>((state * 0x2545f4914f6cdd1du) >> 11) / 9007199254740992.0;
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text) {
    std::size_t g = 0, t = 0, star = std::string_view::npos, mark = 0;
    while (t < text.size()) {
        if (g < glob.size() && (glob[g] == '?' || (glob[g] != '*' && glob[g] == text[t]))) {
            ++g, ++t;
        } else if (g < glob.size() && glob[g] == '*') {
            star = g++;
            mark = t;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*') ++g;
    return g == glob.size();
}

void Rules::replace_all(std::vector<Rule> rules) {
    live_.clear();
    for (Rule& rule : rules) add(std::move(rule));
}

void Rules::add(Rule rule) {
    Live live;
    live.random = rule.match.seed * 0x9e3779b97f4a7c15u | 1;
    live.rule = std::make_shared<const Rule>(std::move(rule));
    live_.push_back(std::move(live));
}

bool Rules::fits(const Match& match, const Subject& subject) {
    if (subject.operation == Operation::Double) return false;
    if (match.operation != Operation::Unknown && match.operation != subject.operation) return false;
    if (match.part != 0 && match.part != subject.part) return false;
    if (!match.parameter.empty() && !subject.request.has_parameter(match.parameter)) return false;
    return glob_matches(match.bucket, subject.bucket) && glob_matches(match.key, subject.key);
}

bool Rules::is_due(Live& live, const Subject& subject) {
    const Match& match = live.rule->match;
    std::uint64_t* seen = &live.seen;
    if (match.per_key) {
        if (live.seen_by_key.size() >= kKeysCountedMax) live.seen_by_key.clear();
        seen = &live.seen_by_key[std::string(subject.key)];
    }
    ++*seen;
    if (match.nth != 0 && *seen != match.nth) return false;
    if (match.every != 0 && *seen % match.every != 0) return false;
    if (match.times != 0 && (match.per_key ? *seen : live.fired + 1) > match.times) return false;
    return match.probability >= 1 || next_fraction(live.random) < match.probability;
}

std::shared_ptr<const Rule> Rules::due(const Subject& subject) {
    for (Live& live : live_) {
        if (!fits(live.rule->match, subject) || !is_due(live, subject)) continue;
        ++live.fired;
        return live.rule;
    }
    return nullptr;
}

std::vector<std::pair<std::string, std::uint64_t>> Rules::fired() const {
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    for (const Live& live : live_) counts.emplace_back(live.rule->name, live.fired);
    return counts;
}

}  // namespace godwit::s3double
