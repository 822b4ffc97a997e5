#include "app/rows.h"

#include <algorithm>

#include "app/csv.h"
#include "app/json_text.h"
#include "app/quantity.h"
#include "base/check.h"
#include "base/time_format.h"
#include "model/enum_names.h"

namespace godwit::app {
namespace {

constexpr model::EnumNames<OutputFormat, 5> kFormatNames{{{OutputFormat::Table, "table"},
                                                          {OutputFormat::Json, "json"},
                                                          {OutputFormat::JsonLines, "jsonl"},
                                                          {OutputFormat::Csv, "csv"},
                                                          {OutputFormat::Name, "name"}}};

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
    return out;
}

std::string padded(std::string_view text, std::size_t width, bool right) {
    std::size_t used = width_of(text);
    std::string space(width > used ? width - used : 0, ' ');
    return right ? space + std::string(text) : std::string(text) + space;
}

double seconds_of(std::int64_t duration_ns) {
    return static_cast<double>(Duration(duration_ns) / std::chrono::milliseconds(1)) / 1000;
}

std::string joined(const std::vector<std::string>& fields, char separator) {
    std::string line;
    for (const std::string& field : fields) {
        if (&field != fields.data()) line += separator;
        line += field;
    }
    return line + "\n";
}

}  // namespace

std::optional<OutputFormat> output_format_from(std::string_view name) {
    return model::value_of(kFormatNames, name);
}

Cell text_cell(std::string_view text) {
    return {Cell::Kind::Text, std::string(text)};
}
Cell name_cell(std::string_view bytes) {
    return {Cell::Kind::Name, std::string(bytes)};
}
Cell number_cell(std::uint64_t number) {
    return {Cell::Kind::Number, static_cast<std::int64_t>(number)};
}
Cell size_cell(std::uint64_t bytes) {
    return {Cell::Kind::Size, static_cast<std::int64_t>(bytes)};
}
Cell time_cell(std::int64_t unix_ns) {
    return unix_ns == 0 ? empty_cell() : Cell(Cell::Kind::Time, unix_ns);
}
Cell duration_cell(Duration duration) {
    return {Cell::Kind::Duration, duration.count()};
}
Cell flag_cell(bool value) {
    return {Cell::Kind::Flag, std::int64_t{value}};
}
Cell empty_cell() {
    return {};
}

std::string Cell::shown() const {
    switch (kind_) {
        case Kind::Empty:
            return "";
        case Kind::Text:
        case Kind::Name:
            return printable(text_);
        case Kind::Number:
            return with_thousands(static_cast<std::uint64_t>(number_));
        case Kind::Size:
            return iec_bytes(static_cast<std::uint64_t>(number_));
        case Kind::Time: {
            std::string text = format_rfc3339(number_, TimePrecision::Seconds);
            std::ranges::replace(text, 'T', ' ');
            return text;
        }
        case Kind::Duration:
            return short_duration(Duration(number_));
        case Kind::Flag:
            return number_ != 0 ? "yes" : "no";
    }
    return "";
}

std::string Cell::exact() const {
    switch (kind_) {
        case Kind::Empty:
            return "";
        case Kind::Text:
        case Kind::Name:
            return printable(text_);
        case Kind::Number:
        case Kind::Size:
            return std::to_string(static_cast<std::uint64_t>(number_));
        case Kind::Time:
            return format_rfc3339(number_, TimePrecision::Milliseconds);
        case Kind::Duration:
            return fmt::format("{:.3f}", seconds_of(number_));
        case Kind::Flag:
            return number_ != 0 ? "true" : "false";
    }
    return "";
}

boost::json::value Cell::json() const {
    switch (kind_) {
        case Kind::Empty:
            return nullptr;
        case Kind::Text:
        case Kind::Name:
        case Kind::Time:
            return boost::json::value(exact());
        case Kind::Number:
        case Kind::Size:
            return static_cast<std::uint64_t>(number_);
        case Kind::Duration:
            return seconds_of(number_);
        case Kind::Flag:
            return number_ != 0;
    }
    return nullptr;
}

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Rows::Rows(Terminal& terminal, OutputFormat format, std::string_view type, std::vector<Column> columns)
    : terminal_(terminal), format_(format), type_(type), columns_(std::move(columns)) {}

Rows::~Rows() = default;

void Rows::add(std::vector<Cell> cells) {
    GODWIT_CHECK(cells.size() == columns_.size(), "{} cells for {} columns", cells.size(), columns_.size());
    if (wants_names_only()) return add_line(cells.front().exact());
    ++count_;
    switch (format_) {
        case OutputFormat::Table:
            if (!terminal_.out_is_terminal()) return add_separated(cells);
            block_.push_back(std::move(cells));
            if (block_.size() == kBlockRowsMax) write_block();
            return;
        case OutputFormat::Csv:
            return add_separated(cells);
        case OutputFormat::Json:
        case OutputFormat::JsonLines:
            return add_json(cells);
        case OutputFormat::Name:
            return;
    }
}

void Rows::add_name(std::string_view name) {
    GODWIT_CHECK(wants_names_only(), "a name alone");
    add_line(printable(name));
}

void Rows::add_line(const std::string& text) {
    ++count_;
    terminal_.out(text + "\n");
}

void Rows::write_header() {
    if (header_written_) return;
    header_written_ = true;
    std::vector<std::string> names;
    for (const Column& column : columns_) names.emplace_back(column.name);
    if (format_ == OutputFormat::Csv) terminal_.out(csv_line(names));
    if (format_ == OutputFormat::Table) terminal_.out(joined(names, '\t'));
}

void Rows::add_separated(const std::vector<Cell>& cells) {
    write_header();
    bool csv = format_ == OutputFormat::Csv;
    std::vector<std::string> fields;
    fields.reserve(cells.size());
    for (const Cell& cell : cells) {
        fields.push_back(csv ? csv_field(cell.bytes() ? *cell.bytes() : cell.exact(), cell.is_text())
                             : cell.exact());
    }
    terminal_.out(csv ? csv_line(fields) : joined(fields, '\t'));
}

boost::json::object Rows::json_row(const std::vector<Cell>& cells) const {
    boost::json::object row;
    row["v"] = 1;
    if (clock_) row["ts"] = format_rfc3339(clock_->unix_time_ns(), TimePrecision::Milliseconds);
    row["type"] = type_;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (const std::string* bytes = cells[i].bytes()) {
            set_bytes(row, columns_[i].name, *bytes);
        } else {
            row[columns_[i].name] = cells[i].json();
        }
    }
    return row;
}

void Rows::add_json(const std::vector<Cell>& cells) {
    boost::json::object row = json_row(cells);
    if (format_ == OutputFormat::JsonLines) {
        terminal_.out(json_line(row));
        return;
    }
    terminal_.out((count_ == 1 ? "[\n" : ",\n") + json_text(row));
}

// The widths are those of one block, which on a screen is a page or more.
void Rows::write_block() {
    std::vector<std::size_t> widths;
    for (const Column& column : columns_) widths.push_back(column.name.size());
    for (const auto& cells : block_) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(cells[i].shown()));
        }
    }
    auto line = [&](auto&& text_of) {
        std::string out;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (i > 0) out += "  ";
            bool last = i + 1 == columns_.size();
            out += last && !columns_[i].right ? text_of(i) : padded(text_of(i), widths[i], columns_[i].right);
        }
        out.erase(out.find_last_not_of(' ') + 1);
        return out;
    };
    if (!header_written_) {
        auto heading = [&](std::size_t i) { return upper(columns_[i].name); };
        terminal_.out(terminal_.styled_out(Style::Bold, line(heading)) + "\n");
        header_written_ = true;
    }
    for (const auto& cells : block_) {
        auto shown = [&](std::size_t i) { return cells[i].shown(); };
        terminal_.out(line(shown) + "\n");
    }
    block_.clear();
}

void Rows::finish() {
    if (!block_.empty()) write_block();
    if (format_ == OutputFormat::Json) terminal_.out(count_ == 0 ? "[]\n" : "\n]\n");
    if (format_ == OutputFormat::Csv || (format_ == OutputFormat::Table && !terminal_.out_is_terminal())) {
        write_header();
    }
}

}  // namespace godwit::app
