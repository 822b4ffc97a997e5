// Facts about one thing: names and values, one a line, or one JSON object.
#pragma once

#include <boost/json/object.hpp>

#include "app/rows.h"
#include "app/terminal.h"

namespace godwit::app {

// Members "v" and "type" stand in JSON only. An object within is written as "outer inner" lines.
void write_facts(const boost::json::object& facts, OutputFormat output, Terminal& terminal);

}  // namespace godwit::app
