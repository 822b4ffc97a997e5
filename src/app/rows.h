// Rows: the result of every command that lists something, in the form that was asked for.
//
// A person gets aligned columns with short numbers; a program gets tab-separated values with exact
// ones, or JSON, JSON lines, CSV, or names alone. Rows are written as they come: memory is one block
// of rows, whatever their number. Names of objects can forge neither columns nor lines.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/terminal.h"
#include "base/clock.h"

namespace godwit::app {

enum class OutputFormat : std::uint8_t { Table, Json, JsonLines, Csv, Name };
// "table", "json", "jsonl", "csv", "name".
std::optional<OutputFormat> output_format_from(std::string_view name);

// One value of a row. What it looks like is found out when somebody looks: of a long listing each row is
// looked at in one way.
class Cell {
  public:
    enum class Kind : std::uint8_t { Empty, Text, Name, Number, Size, Time, Duration, Flag };
    Cell() = default;
    Cell(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
    Cell(Kind kind, std::int64_t number) : kind_(kind), number_(number) {}

    std::string shown() const;  // for people
    std::string exact() const;  // for programs
    boost::json::value json() const;
    bool is_text() const { return kind_ == Kind::Text || kind_ == Kind::Name || kind_ == Kind::Flag; }
    // The bytes themselves, where they are a name; JSON then carries them whole. Else null.
    const std::string* bytes() const { return kind_ == Kind::Name ? &text_ : nullptr; }

  private:
    Kind kind_ = Kind::Empty;
    std::string text_;         // of a Text or Name
    std::int64_t number_ = 0;  // of all others; times and durations in nanoseconds
};
Cell text_cell(std::string_view text);
// A name of an object or place: any bytes.
Cell name_cell(std::string_view bytes);
Cell number_cell(std::uint64_t number);
Cell size_cell(std::uint64_t bytes);
// 0 is no time: an empty cell.
Cell time_cell(std::int64_t unix_ns);
Cell duration_cell(Duration duration);
Cell flag_cell(bool value);
Cell empty_cell();

struct Column {
    std::string_view name;  // lower case, as in JSON
    bool right = false;     // numbers stand to the right
};

class Rows {
  public:
    // The first column is what -o name prints. `type` stands in every JSON line.
    Rows(Terminal& terminal, OutputFormat format, std::string_view type, std::vector<Column> columns);
    ~Rows();
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    // From now on JSON rows carry the time at which they are added: for results that are events.
    // `clock` outlives this.
    void stamp(const Clock& clock) { clock_ = &clock; }

    // As many cells as columns.
    void add(std::vector<Cell> cells);
    // -o name writes the first column alone: who makes a row may leave out the others, which is most of a
    // long listing's work.
    bool wants_names_only() const { return format_ == OutputFormat::Name; }
    void add_name(std::string_view name);
    // Writes what is left. No add() after it.
    void finish();
    std::uint64_t count() const { return count_; }

  private:
    static constexpr std::size_t kBlockRowsMax = 500;
    void write_block();
    void add_line(const std::string& text);
    void add_json(const std::vector<Cell>& cells);
    void add_separated(const std::vector<Cell>& cells);
    boost::json::object json_row(const std::vector<Cell>& cells) const;
    void write_header();

    Terminal& terminal_;
    OutputFormat format_;
    const Clock* clock_ = nullptr;
    std::string_view type_;
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> block_;
    std::uint64_t count_ = 0;
    bool header_written_ = false;
};

// How many columns of a terminal `text` (UTF-8) takes, one for each code point.
std::size_t width_of(std::string_view text);

}  // namespace godwit::app
