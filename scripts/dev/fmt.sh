#!/usr/bin/env bash
# ./dev fmt: formats every C++ source of ours in place.
set -euo pipefail
. scripts/dev/steps.sh

bash scripts/dev/setup.sh --tests
format_all() {
    git ls-files -co --exclude-standard -z -- 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc' 'bench/*.h' 'bench/*.cc' |
        xargs -0 -r -n 16 -P "$(nproc)" clang-format-19 -i
}
step "fmt" format_all
