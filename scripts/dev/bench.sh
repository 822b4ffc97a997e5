#!/usr/bin/env bash
# ./dev bench [ARGUMENT...]: builds the release, its S3 double and the peers, and runs bench/run with the
# arguments; bench/README.md tells what they are.
set -euo pipefail
. scripts/dev/steps.sh

bash scripts/dev/setup.sh --tests
bash scripts/dev/tools.sh bench
# The product alone may have been configured before the test packages were there.
step "bench: configure" with_build_lock build/release \
    cmake --preset release -DGODWIT_TESTS=ON -DGODWIT_BENCHMARKS=ON
step "bench: build" with_build_lock build/release \
    bash scripts/dev/compile.sh release godwit s3double measure_child ledger_cost openat2_for_valgrind
exec bench/run "$@"
