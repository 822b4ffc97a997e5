#!/usr/bin/env bash
# ./dev ci: what must be green before anything lands, inside GODWIT_CI_SECONDS_MAX (default 4,500).
# The last line is the closing line of `./dev test`.
set -euo pipefail
. scripts/dev/steps.sh

export CI=true
seconds_max=${GODWIT_CI_SECONDS_MAX:-4500}

within_budget() {
    local left=$((seconds_max - SECONDS))
    ((left > 0)) || die "ci: the budget of $seconds_max s ran out before: $*"
    timeout --foreground --signal=INT --kill-after=30 "$left" "$@"
}

within_budget ./dev setup --tests
within_budget ./dev lint
within_budget ./dev build release
within_budget ./dev test
