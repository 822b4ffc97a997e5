#!/usr/bin/env bash
# ./dev bench [ARGUMENT...]: builds the release with its benchmarks and runs bench/run with the
# arguments; bench/README.md tells what they are.
set -euo pipefail
. scripts/dev/steps.sh

[[ -x bench/run ]] || die "bench: bench/run is missing"
bash scripts/dev/setup.sh --tests
bash scripts/dev/build.sh release
exec bench/run "$@"
