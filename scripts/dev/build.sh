#!/usr/bin/env bash
# ./dev build [PRESET]: builds under build/PRESET. `release` (the default) builds the product alone,
# `fuzz` the fuzz targets; the other presets build the tests as well.
set -euo pipefail
. scripts/dev/steps.sh

preset=${1:-release}
case $preset in
    release) targets=(godwit) ;;
    dev | asan | tsan) targets=(all) ;;
    fuzz) targets=(fuzz) ;;
    *) die "build: unknown preset $preset (allowed: release, dev, asan, tsan, fuzz)" ;;
esac
if [[ $preset == release ]]; then
    bash scripts/dev/setup.sh
else
    bash scripts/dev/setup.sh --tests
fi

step "build: $preset" with_build_lock "build/$preset" bash scripts/dev/compile.sh "$preset" "${targets[@]}"
