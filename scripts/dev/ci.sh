#!/usr/bin/env bash
# ./dev ci: what must be green before anything lands, inside GODWIT_CI_SECONDS_MAX (default 4,500).
# Each fuzz target runs for GODWIT_CI_FUZZ_SECONDS (default 10; 0: none), two at once. The last line is the closing
# line of `./dev test`.
set -euo pipefail
. scripts/dev/steps.sh

export CI=true
seconds_max=${GODWIT_CI_SECONDS_MAX:-4500}
fuzz_seconds=${GODWIT_CI_FUZZ_SECONDS:-10}

within_budget() {
    local left=$((seconds_max - SECONDS))
    ((left > 0)) || die "ci: the budget of $seconds_max s ran out before: $*"
    timeout --foreground --signal=INT --kill-after=30 "$left" "$@"
}

within_budget ./dev setup --tests
within_budget ./dev lint
within_budget ./dev build release
if ((fuzz_seconds > 0)); then within_budget ./dev fuzz --jobs 2 "$fuzz_seconds"; fi
within_budget ./dev test
