// Rows that others read: CSV through a strict reader of RFC 4180, JSON through Boost.JSON. What was written
// is read back, whatever an object is called.
#include <boost/json/parse.hpp>
#include <cmath>

#include "app/csv.h"
#include "app/json_text.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/error.h"
#include "fuzz/target.h"

namespace godwit::fuzz {
namespace {

// One field at the head of `line`, taken off; absent for what the standard does not allow.
std::optional<std::string> take_field(std::string_view& line) {
    std::string field;
    if (!line.starts_with('"')) {
        field = line.substr(0, line.find_first_of(",\r\n\""));
        line.remove_prefix(field.size());
        return field;
    }
    for (line.remove_prefix(1);; line.remove_prefix(1)) {
        if (line.empty()) return std::nullopt;
        if (line.starts_with("\"\""))
            line.remove_prefix(1);
        else if (line.starts_with('"'))
            break;
        field += line.front();
    }
    line.remove_prefix(1);
    return field;
}

std::optional<std::vector<std::string>> read_line(std::string_view line) {
    std::vector<std::string> fields;
    while (true) {
        std::optional<std::string> field = take_field(line);
        if (!field) return std::nullopt;
        fields.push_back(std::move(*field));
        if (line == "\r\n") return fields;
        if (!line.starts_with(',')) return std::nullopt;
        line.remove_prefix(1);
    }
}

void check_csv(std::span<const std::string> values) {
    std::vector<std::string> written;
    for (const std::string& value : values) written.push_back(app::csv_field(value, true));
    std::string line = app::csv_line(written);
    auto read = read_line(line);
    GODWIT_CHECK(read && read->size() == values.size(), "{}", line);
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::string_view field = (*read)[i];
        GODWIT_CHECK(field.empty() || !std::string_view("=+-@\t\r").contains(field.front()), "{}", line);
        // The apostrophe is the one thing that may stand before the value.
        if (field.starts_with('\'') && !values[i].starts_with('\'')) field.remove_prefix(1);
        GODWIT_CHECK(field == printable(values[i]), "{}", line);
    }
}

std::string bytes_in(const boost::json::object& object, const std::string& name) {
    const boost::json::value* exact = object.if_contains(name + "_base64");
    if (!exact) return std::string(object.at(name).as_string());
    auto bytes = base64_decode(std::string_view(exact->as_string()));
    GODWIT_CHECK(bytes, "no base64");
    return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

void check_json(std::span<const std::string> values, std::int64_t number) {
    double ratio = static_cast<double>(number) / 3;
    boost::json::object object = app::json_event("event", number);
    object["number"] = number;
    object["ratio"] = ratio;
    for (std::size_t i = 0; i < values.size(); ++i)
        app::set_bytes(object, "k" + std::to_string(i), values[i]);
    std::string line = app::json_line(object);
    GODWIT_CHECK(line.find('\n') == line.size() - 1, "{}", line);
    boost::system::error_code error;
    boost::json::value read = boost::json::parse(line, error);
    GODWIT_CHECK(!error, "{}: {}", error.message(), line);
    const boost::json::object& again = read.as_object();
    GODWIT_CHECK(again.at("number").to_number<std::int64_t>() == number, "{}", line);
    // The parser itself is off by the last digit.
    double difference = std::abs(again.at("ratio").to_number<double>() - ratio);
    GODWIT_CHECK(difference <= std::abs(ratio) * 1e-14, "{}", line);
    for (std::size_t i = 0; i < values.size(); ++i)
        GODWIT_CHECK(bytes_in(again, "k" + std::to_string(i)) == values[i], "{}", line);
}

}  // namespace

// Eight bytes of a number, then values.
void run(Input input) {
    std::int64_t number = input.signed_number();
    std::vector<std::string> values{std::string(input.block())};
    while (!input.empty()) values.emplace_back(input.block());
    check_csv(values);
    check_json(values, number);
}

}  // namespace godwit::fuzz
