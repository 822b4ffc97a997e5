#!/usr/bin/env bash
# ./dev lint [--tidy]: everything that can be judged without running the code. clang-tidy looks at the
# sources (not the tests) that differ from the last commit; with --tidy at all of them (minutes).
set -euo pipefail
. scripts/dev/steps.sh

scope=changed
for argument in "$@"; do
    case $argument in
        --tidy) scope=all ;;
        *) die "lint: unknown option $argument (allowed: --tidy)" ;;
    esac
done

bash scripts/dev/setup.sh --tests

check_shell() {
    shellcheck --external-sources dev .ci/run scripts/dev/*.sh tests/servers/*.sh
}

check_format() {
    git ls-files -co --exclude-standard -z -- 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc' 'bench/*.h' 'bench/*.cc' |
        xargs -0 -r -n 16 -P "$(nproc)" clang-format-19 --dry-run --Werror --ferror-limit=1
}

# clang-tidy needs the compile commands of the dev preset, and its generated files.
check_tidy() {
    local files
    if [[ ! -f build/dev/compile_commands.json ]]; then cmake --preset dev; fi
    if [[ $scope == all ]]; then
        mapfile -t files < <(git ls-files 'src/*.cc' ':!src/*_test.cc')
    else
        mapfile -t files < <({
            git diff --name-only --diff-filter=d HEAD -- 'src/*.cc' ':!src/*_test.cc'
            git ls-files --others --exclude-standard -- 'src/*.cc' ':!src/*_test.cc'
        } | sort -u)
    fi
    if ((${#files[@]} == 0)); then return 0; fi
    printf '%s\0' "${files[@]}" | xargs -0 -r -n 1 -P "$(nproc)" clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*'
}

step "lint: rules" python3 -B scripts/lint
sed -n 's/^functions:/       functions:/p' "$log_dir/lint__rules.log"
step "lint: shell" check_shell
step "lint: format" check_format
step "lint: clang-tidy ($scope files)" check_tidy
