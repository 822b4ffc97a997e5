#!/usr/bin/env bash
# ./dev sabotage [NAME...]: builds the preset `sabotage`, plants each bug of src/base/sabotage.h in turn (or only those
# named) and demands that the tests of tests/sabotage/bugs.toml fail. The table is on standard output.
set -euo pipefail
. scripts/dev/steps.sh

bash scripts/dev/setup.sh --tests
read -ra targets < <(python3 tests/sabotage/sabotage.py --targets)
step "build: sabotage" with_build_lock build/sabotage bash scripts/dev/compile.sh sabotage "${targets[@]}"
step "sabotage" python3 -B tests/sabotage/sabotage.py build/sabotage "$@"
cat "$step_log"
