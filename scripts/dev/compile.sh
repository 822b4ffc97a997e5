#!/usr/bin/env bash
# compile.sh PRESET TARGET...: configures build/PRESET where that is needed and builds the targets.
# The caller holds that directory's lock.
set -euo pipefail
. scripts/dev/steps.sh

preset=$1
shift
dir=build/$preset
# CMake looks for changes of its own files; only the presets are for us to notice.
if [[ ! -f $dir/build.ninja || CMakePresets.json -nt $dir/build.ninja ]]; then
    cmake --preset "$preset"
fi
exec ninja -C "$dir" "-j$(build_jobs)" "$@"
