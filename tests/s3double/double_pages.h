// The server's own pages, for tests and benchmarks in other processes. They need no signature, no
// rule touches them, and they stand in no log.
//
//   GET    /_double/audit?after=N   records after number N, one JSON object a line
//   GET    /_double/stats           counts by operation, connections, the server's CPU seconds
//   DELETE /_double/stats           counts from zero
//   GET    /_double/rules           how often each fired
//   PUT    /_double/rules           a JSON array replaces all
//   DELETE /_double/rules           honest again
//   GET    /_double/buckets/NAME?prefix=P     what is really stored there: objects, bytes, open uploads
//   PUT    /_double/buckets/NAME?count=N&size=S&per-directory=D   a synthetic bucket;
//   GET    /_double/pair?count=N             how many of the keys of a pair differ in each way
//                            with pair=source or pair=destination one of a pair, with differs=0 of an equal
//                            one
#pragma once

#include "s3double/service.h"

namespace godwit::s3double {

void answer_double_page(Service& service, Exchange& x);

}  // namespace godwit::s3double
