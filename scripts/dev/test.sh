#!/usr/bin/env bash
# ./dev test [--all] [--preset PRESET] [FILTER]: builds PRESET (dev, asan or tsan), then runs the unit
# tests, the lint rules and the end-to-end tests; with `dev` those of the digests on aarch64, too. The last line is
# `N passed, N failed, N skipped`.
#
#   --all    also what takes longer than minutes (ctest label `slow`, pytest marker `slow`), and ./dev sabotage; the
#            kill tests then take the release binary
#   FILTER   only test programs of that name; else only test cases whose name contains it
set -euo pipefail
. scripts/dev/steps.sh
. scripts/dev/tools_env.sh

preset=dev
all=no
filter=
while (($# > 0)); do
    case $1 in
        --all) all=yes ;;
        --preset)
            preset=${2:?test: --preset needs a name}
            shift
            ;;
        -*) die "test: unknown option $1 (allowed: --all, --preset)" ;;
        *) filter=$1 ;;
    esac
    shift
done

bash scripts/dev/build.sh "$preset"
if [[ $all == yes ]]; then
    bash scripts/dev/build.sh release
    export GODWIT_RELEASE_BINARY=$PWD/build/release/src/app/godwit
fi
results=$PWD/build/$preset/results
rm -rf "$results"
mkdir -p "$results/programs"

# Each GoogleTest program writes its cases as XML beside the others, so that cases are counted and
# not programs.
export GTEST_OUTPUT=xml:$results/programs/
export GODWIT_TEST_ALL=$all

ctest_arguments=(--test-dir "build/$preset" -j2 --output-on-failure --output-junit "$results/ctest.xml")
if [[ $all == no ]]; then ctest_arguments+=(-LE slow); fi
if [[ -n $filter ]]; then
    if ctest --test-dir "build/$preset" -N -R "$filter" | grep -q '^ *Test *#'; then
        ctest_arguments+=(-R "$filter")
    else
        export GTEST_FILTER="*$filter*"
    fi
fi

pytest_arguments=(tests/e2e --junitxml "$results/pytest.xml" -p no:cacheprovider --color=no -q)
if [[ $all == no ]]; then pytest_arguments+=(-m 'not slow'); fi
if [[ -n $filter ]]; then pytest_arguments+=(-k "$filter"); fi

run_end_to_end() {
    local status=0
    build/venv/bin/python -m pytest "${pytest_arguments[@]}" || status=$?
    # 5: the filter chose no end-to-end test.
    if ((status == 5)) && [[ -n $filter ]]; then status=0; fi
    return "$status"
}
export GODWIT_BINARY=$PWD/build/$preset/src/app/godwit GODWIT_VERSITYGW=$versitygw PYTHONDONTWRITEBYTECODE=1
# Where it can be built, a checksum server that does not run is a failure and not a skip.
GODWIT_CHECKSUM_SERVER_REQUIRED=$(go_is_at_least "$go_version_min" && echo yes || echo no)
export GODWIT_CHECKSUM_SERVER_REQUIRED

# A failing test must not hide the others: every runner runs, and the count decides at the end.
step_and_go_on "test: programs" ctest "${ctest_arguments[@]}"
echo "$step_status" >"$results/ctest.exit"
step_and_go_on "test: end to end" run_end_to_end
echo "$step_status" >"$results/pytest.exit"
aarch64_status=0
if [[ $preset == dev && -z $filter ]]; then bash scripts/dev/aarch64.sh "$results" || aarch64_status=$?; fi
sabotage_status=0
if [[ $all == yes ]]; then
    step_and_go_on "test: sabotage" bash scripts/dev/sabotage.sh
    sabotage_status=$step_status
fi
count_status=0
python3 scripts/dev/count_tests.py "$results" || count_status=$?
((count_status == 0 && sabotage_status == 0 && aarch64_status == 0))
