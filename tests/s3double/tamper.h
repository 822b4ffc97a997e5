// Bends an honest answer as a rule says, after the operation was carried out.
#pragma once

#include "s3double/exchange.h"

namespace godwit::s3double {

// Headers, body text, served bytes, checksums, and the shape in which it goes out.
void tamper_with(Exchange& x);

}  // namespace godwit::s3double
