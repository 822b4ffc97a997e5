// Prepared statements and COPY: how values travel to PostgreSQL and back.
#include <fmt/format.h>

#include <charconv>

#include "db/postgres_session.h"

namespace godwit::db {
namespace {

// Types of the port (catalog/pg_type: they never change).
constexpr Oid kUnknown = 0;
constexpr Oid kInt8 = 20, kInt2 = 21, kInt4 = 23;
constexpr Oid kBytea = 17, kText = 25;
constexpr int kBinary = 1;

Oid type_of(const Value& value) {
    switch (value.kind()) {
        case Value::Kind::Null:
            return kUnknown;
        case Value::Kind::Integer:
            return kInt8;
        case Value::Kind::Bytes:
            return kBytea;
        case Value::Kind::Text:
            return kText;
    }
    return kUnknown;
}

std::int64_t from_big_endian(std::string_view bytes) {
    std::uint64_t value = (static_cast<unsigned char>(bytes[0]) & 0x80) ? ~std::uint64_t{0} : 0;
    for (char byte : bytes) value = (value << 8) | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(value);
}

// "INSERT 0 12" -> 12; nothing for statements that change no rows.
std::int64_t changed_rows(PGresult* result) {
    std::string_view text = ::PQcmdTuples(result);
    std::int64_t rows = 0;
    std::from_chars(text.data(), text.data() + text.size(), rows);
    return rows;
}

// The arrays that libpq wants; numbers are written into `integers`, which must not move meanwhile.
struct ParameterArrays {
    explicit ParameterArrays(const std::vector<Value>& values) : integers(values.size()) {
        for (std::size_t i = 0; i < values.size(); ++i) add(values[i], integers[i]);
    }
    void add(const Value& value, std::string& integer) {
        std::string_view view;
        if (value.kind() == Value::Kind::Integer) {
            append_big_endian(integer, value.as_integer());
            view = integer;
        } else if (value.kind() != Value::Kind::Null) {
            view = value.view().data() ? value.view() : std::string_view("");
        }
        data.push_back(view.data());
        sizes.push_back(static_cast<int>(view.size()));
        formats.push_back(kBinary);
    }
    std::vector<std::string> integers;
    std::vector<const char*> data;
    std::vector<int> sizes;
    std::vector<int> formats;
};

}  // namespace

PostgresStatement::~PostgresStatement() {
    deallocate();
}

void PostgresStatement::deallocate() {
    if (name_.empty()) return;
    // In a failed transaction the server refuses; the name is never used again, so that is no harm.
    (void)session_.execute("DEALLOCATE " + name_);
    name_.clear();
}

void PostgresStatement::bind(int number, const Value& value) {
    GODWIT_CHECK(number >= 1, "parameter {}", number);
    auto count = static_cast<std::size_t>(number);
    if (values_.size() < count) values_.resize(count, Value::null());
    values_[count - 1] = value;
}

// A null fits every type; any other value must be of the type that was prepared.
Result<void> PostgresStatement::prepare_for_values() {
    bool fits = !name_.empty() && types_.size() == values_.size();
    std::vector<Oid> types(values_.size(), kUnknown);
    for (std::size_t i = 0; i < values_.size(); ++i) {
        Oid known = i < types_.size() ? types_[i] : kUnknown;
        types[i] = values_[i].kind() == Value::Kind::Null ? known : type_of(values_[i]);
        fits = fits && types[i] == known;
    }
    if (fits) return {};
    deallocate();
    std::string name = session_.new_statement_name();
    GODWIT_TRY_VOID(session_.check(::PQprepare(session_.handle(), name.c_str(), sql_.c_str(),
                                               static_cast<int>(types.size()), types.data()),
                                   fmt::format("prepare '{}' for", sql_)));
    name_ = std::move(name);
    types_ = std::move(types);
    return {};
}

Result<void> PostgresStatement::run() {
    GODWIT_TRY_VOID(prepare_for_values());
    ParameterArrays parameters(values_);
    GODWIT_TRY(result_,
               session_.check(::PQexecPrepared(session_.handle(), name_.c_str(),
                                               static_cast<int>(values_.size()), parameters.data.data(),
                                               parameters.sizes.data(), parameters.formats.data(), kBinary),
                              "run a statement on"));
    return {};
}

Result<bool> PostgresStatement::step() {
    if (!result_) GODWIT_TRY_VOID(run());
    if (++row_ < ::PQntuples(result_.get())) return true;
    changes_ = changed_rows(result_.get());
    return false;
}

void PostgresStatement::reset() {
    result_.reset();
    row_ = -1;
}

bool PostgresStatement::is_null(int column) const {
    return ::PQgetisnull(result_.get(), row_, column) != 0;
}

std::int64_t PostgresStatement::integer(int column) const {
    if (is_null(column)) return 0;
    Oid type = ::PQftype(result_.get(), column);
    GODWIT_CHECK(type == kInt8 || type == kInt4 || type == kInt2, "column {} of '{}' has type {}", column,
                 sql_, type);
    return from_big_endian(bytes(column));
}

std::string_view PostgresStatement::bytes(int column) const {
    return {::PQgetvalue(result_.get(), row_, column),
            static_cast<std::size_t>(::PQgetlength(result_.get(), row_, column))};
}

int PostgresStatement::column_count() const {
    return result_ ? ::PQnfields(result_.get()) : 0;
}

namespace {

constexpr std::size_t kCopyBufferBytes = std::size_t{64} << 10;

void append_field(std::string& out, const Value& value) {
    switch (value.kind()) {
        case Value::Kind::Null:
            append_big_endian(out, std::int32_t{-1});
            return;
        case Value::Kind::Integer:
            append_big_endian(out, std::int32_t{8});
            append_big_endian(out, value.as_integer());
            return;
        case Value::Kind::Bytes:
        case Value::Kind::Text:
            append_big_endian(out, static_cast<std::int32_t>(value.view().size()));
            out += value.view();
            return;
    }
}

}  // namespace

Result<void> PostgresBulkAppend::start() {
    GODWIT_TRY_VOID(session_.check(::PQexec(session_.handle(), copy_statement_.c_str()), "append rows to"));
    copying_ = true;
    buffer_.assign("PGCOPY\n\377\r\n\0", 11);
    append_big_endian(buffer_, std::int32_t{0});  // flags
    append_big_endian(buffer_, std::int32_t{0});  // no header extension
    return {};
}

Result<void> PostgresBulkAppend::send() {
    int sent = ::PQputCopyData(session_.handle(), buffer_.data(), static_cast<int>(buffer_.size()));
    buffer_.clear();
    if (sent != 1) return session_.error(nullptr, "append rows to");
    return {};
}

Result<void> PostgresBulkAppend::append(std::span<const Value> row) {
    if (!copying_) GODWIT_TRY_VOID(start());
    append_big_endian(buffer_, static_cast<std::int16_t>(row.size()));
    for (const Value& value : row) append_field(buffer_, value);
    if (buffer_.size() >= kCopyBufferBytes) return send();
    return {};
}

Result<void> PostgresBulkAppend::finish() {
    if (!std::exchange(copying_, false)) return {};
    append_big_endian(buffer_, std::int16_t{-1});  // the end of the rows
    GODWIT_TRY_VOID(send());
    if (::PQputCopyEnd(session_.handle(), nullptr) != 1) return session_.error(nullptr, "append rows to");
    Result<void> outcome;
    // Every result must be taken before the session can be used again.
    while (PGresult* result = ::PQgetResult(session_.handle())) {
        Result<PostgresResult> checked = session_.check(result, "append rows to");
        if (!checked && outcome) outcome = std::move(checked.error());
    }
    return outcome;
}

}  // namespace godwit::db
