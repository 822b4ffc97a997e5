#include "ledger/outcome_rows.h"

#include <fmt/format.h>

namespace godwit::ledger {

using db::Value;

namespace {

template <class E>
Value number(E value) {
    return Value::integer(static_cast<std::int64_t>(value));
}

// Columns from left to right.
class Reader {
  public:
    explicit Reader(const db::Statement& statement) : statement_(statement) {}

    std::int64_t integer() { return statement_.integer(column_++); }
    std::string text() { return std::string(statement_.text(column_++)); }
    std::string bytes() { return std::string(statement_.bytes(column_++)); }
    // The column tells by how much.
    std::int64_t later_than(std::int64_t unix_ns) {
        std::int64_t later = 0;
        if (__builtin_add_overflow(unix_ns, integer(), &later)) sound_ = false;
        return later;
    }
    template <class E>
    E enumerator(E first, E last) {
        std::int64_t value = integer();
        if (value >= static_cast<std::int64_t>(first) && value <= static_cast<std::int64_t>(last))
            return static_cast<E>(value);
        sound_ = false;
        return first;
    }
    // The level's column stands before the evidence's.
    model::Evidence evidence() {
        auto level = enumerator(model::EvidenceLevel::None, model::EvidenceLevel::ReadBack);
        std::optional<model::Evidence> evidence = unpack_evidence(statement_.bytes(column_++), level);
        sound_ = sound_ && evidence;
        return evidence ? *std::move(evidence) : model::Evidence();
    }
    bool is_sound() const { return sound_; }

  private:
    const db::Statement& statement_;
    int column_ = 0;
    bool sound_ = true;
};

void read_error(Reader& reader, ObjectRecord& record) {
    reader.integer();  // seq again; null without an error
    record.scope = static_cast<Scope>(reader.integer());
    record.error_kind = reader.text();
    record.error_code = reader.text();
    record.error_message = reader.text();
}

}  // namespace

IndexEffect index_effect(const ObjectRecord& record) {
    if (record.outcome == model::Outcome::Deleted) return IndexEffect::Remove;
    return record.index ? IndexEffect::Put : IndexEffect::None;
}

std::span<const Value> OutcomeValues::outcome(std::int64_t seq, const ObjectRecord& record,
                                              std::string_view evidence) {
    values_.assign({Value::integer(seq), Value::integer(record.batch), number(record.item),
                    number(record.outcome), number(record.type), Value::bytes(record.key.bytes()),
                    number(record.bytes), number(record.evidence.level), Value::bytes(evidence),
                    number(record.attempts), Value::integer(record.started_unix_ns),
                    Value::integer(record.ended_unix_ns - record.started_unix_ns),
                    number(index_effect(record)),
                    record.reason.empty() ? Value::null() : Value::text(record.reason)});
    return values_;
}

std::span<const Value> OutcomeValues::error(std::int64_t seq, const ObjectRecord& record) {
    // Stores may answer with anything, PostgreSQL takes valid UTF-8 only.
    code_ = printable(record.error_code);
    message_ = printable(record.error_message);
    values_.assign({Value::integer(seq), number(record.scope), Value::text(record.error_kind),
                    Value::text(code_), Value::text(message_)});
    return values_;
}

Result<OutcomeRow> read_outcome(const db::Statement& statement, const std::string& subject) {
    Reader reader(statement);
    OutcomeRow row;
    ObjectRecord& record = row.record;
    row.seq = reader.integer();
    record.batch = reader.integer();
    record.item = static_cast<std::uint32_t>(reader.integer());
    record.outcome = reader.enumerator(model::kFirstOutcome, model::kLastOutcome);
    record.type = reader.enumerator(model::ObjectType::File, model::ObjectType::Special);
    record.key = model::Key(reader.bytes());
    record.bytes = static_cast<std::uint64_t>(reader.integer());
    record.evidence = reader.evidence();
    record.attempts = static_cast<std::uint32_t>(reader.integer());
    record.started_unix_ns = reader.integer();
    record.ended_unix_ns = reader.later_than(record.started_unix_ns);
    record.index = reader.integer() == static_cast<std::int64_t>(IndexEffect::Put);
    record.reason = reader.text();
    read_error(reader, record);
    if (reader.is_sound()) return row;
    return Error(ErrorKind::Corrupt, "read", subject,
                 fmt::format("ledger row {} holds what no Godwit writes; restore a backup", row.seq));
}

}  // namespace godwit::ledger
