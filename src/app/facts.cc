#include "app/facts.h"

#include <fmt/format.h>

#include "app/json_text.h"

namespace godwit::app {
namespace {

std::string value_text(const boost::json::value& value) {
    if (const auto* text = value.if_string()) return std::string(*text);
    if (const auto* number = value.if_uint64()) return std::to_string(*number);
    if (const auto* number = value.if_int64()) return std::to_string(*number);
    if (const auto* number = value.if_double()) return fmt::format("{}", *number);
    if (const auto* truth = value.if_bool()) return *truth ? "yes" : "no";
    return "";
}

}  // namespace

void write_facts(const boost::json::object& facts, OutputFormat output, Terminal& terminal) {
    if (output == OutputFormat::Json || output == OutputFormat::JsonLines) {
        terminal.out(json_line(facts));
        return;
    }
    Rows rows(terminal, output, "fact", {{"name"}, {"value"}});
    auto add = [&](std::string_view name, const boost::json::value& value) {
        rows.add({text_cell(name), text_cell(value_text(value))});
    };
    for (const auto& [name, value] : facts) {
        if (name == "v" || name == "type") continue;
        if (const auto* group = value.if_object()) {
            for (const auto& [inner, inner_value] : *group) {
                add(fmt::format("{} {}", std::string_view(name), std::string_view(inner)), inner_value);
            }
        } else {
            add(name, value);
        }
    }
    rows.finish();
}

}  // namespace godwit::app
