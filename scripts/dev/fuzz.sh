#!/usr/bin/env bash
# ./dev fuzz [--jobs N] [TARGET] [SECONDS]: runs the fuzz targets (tests/fuzz/README.md), 60 seconds each, from
# the inputs that are checked in. What breaks a target is left in build/fuzz/found/TARGET/.
#
#   TARGET            one alone
#   --jobs N          so many at once; 1 without it
#   --campaign HOURS  so long for all targets together, in turn. Inputs that reach something new are kept in
#                     tests/fuzz/corpus/, made as few as can be, and each target gets a line in
#                     tests/fuzz/CAMPAIGN.md.
set -euo pipefail
. scripts/dev/steps.sh

inputs=tests/fuzz
programs=build/fuzz/tests/fuzz
found=build/fuzz/found
grown=build/fuzz/grown
# The rest of a log tells how the corpus grew.
log_lines_max=40
# An input that takes more than this is a bug of its own.
input_seconds_max=10
memory_mib_max=1024
# Long inputs are slow, and find little that short ones do not.
input_bytes_max=4096
corpus_files_max=100
corpus_bytes_max=100000

jobs=1
seconds=60
campaign_hours=
mapfile -t targets < <(find "$inputs/corpus" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
while (($# > 0)); do
    case $1 in
        --jobs)
            jobs=${2:?fuzz: --jobs needs a number}
            shift
            ;;
        --campaign)
            campaign_hours=${2:?fuzz: --campaign needs hours}
            shift
            ;;
        -*) die "fuzz: unknown option $1 (allowed: --jobs, --campaign)" ;;
        [0-9]*) seconds=$1 ;;
        *)
            [[ -d $inputs/corpus/$1 ]] || die "fuzz: there is no target $1; there are: ${targets[*]}"
            targets=("$1")
            ;;
    esac
    shift
done
if [[ -n $campaign_hours ]]; then
    seconds=$(awk -v hours="$campaign_hours" -v targets="${#targets[@]}" 'BEGIN {print int(hours * 3600 / targets)}')
fi
[[ $seconds =~ ^[0-9]+$ && $jobs =~ ^[1-9][0-9]*$ ]] || die "fuzz: seconds and jobs are whole numbers"
((seconds > 0)) || die "fuzz: that is less than a second for each of ${#targets[@]} targets"

# Runs target $1 with further options and folders of libFuzzer.
libfuzzer() {
    local target=$1 options=()
    shift
    if [[ -f $inputs/dictionaries/$target.dict ]]; then options+=("-dict=$inputs/dictionaries/$target.dict"); fi
    nice -n 10 "$programs/fuzz_$target" "${options[@]}" "-artifact_prefix=$found/$target/" \
        "-timeout=$input_seconds_max" "-rss_limit_mb=$memory_mib_max" "-max_len=$input_bytes_max" "$@"
}

# New inputs go to the first folder that libFuzzer is given.
fuzz_one() {
    local target=$1 known
    mapfile -t known < <(find "$inputs/corpus/$target" "$inputs/regressions/$target" -maxdepth 0 2>/dev/null)
    mkdir -p "$found/$target" "$grown/$target"
    libfuzzer "$target" "-max_total_time=$seconds" -print_final_stats=1 "$grown/$target" "${known[@]}"
}

# What libFuzzer counted of the run of $1: executions, or average_exec_per_sec.
counted() {
    sed -n "s/^stat::$2: *//p" "$log_dir/fuzz__$1.log" | tail -n 1
}

fuzz_step() {
    local target=$1
    run_step "fuzz: $target" fuzz_one "$target"
    if ((step_status == 0)); then
        say "       $target: $(counted "$target" number_of_executed_units) executions," \
            "$(counted "$target" average_exec_per_sec) a second"
        return 0
    fi
    show_failure "fuzz: $target" "$step_log" "$step_seconds"
    return 1
}

# All targets, so many at once as wanted; what one finds does not stop the others.
fuzz_all() {
    local target failed=0
    local -i running=0
    for target in "${targets[@]}"; do
        if ((running == jobs)); then
            wait -n || failed=1
            running+=-1
        fi
        fuzz_step "$target" &
        running+=1
    done
    for (( ; running > 0; running--)); do wait -n || failed=1; done
    return "$failed"
}

# The inputs of corpus $1 that libFuzzer has named, as "SIZE PATH".
unnamed() {
    find "$1" -regextype posix-extended -regex '.*/[0-9a-f]{40}' -printf '%s %p\n'
}

bytes_of() {
    find "$1" -type f -printf '%s\n' | awk '{sum += $1} END {print sum + 0}'
}

# Adds to the corpus what reaches something new, in as few inputs as do. Where that is too much to be checked in,
# the smallest go, which are soon found again, or the largest. Inputs with a name of their own stay.
keep_grown() {
    local target=$1 corpus=$inputs/corpus/$1 too_many largest
    libfuzzer "$target" -set_cover_merge=1 "$corpus" "$grown/$target"
    too_many=$(($(find "$corpus" -type f | wc -l) - corpus_files_max))
    if ((too_many > 0)); then
        unnamed "$corpus" | sort -n | sed -n "1,${too_many}p" | cut -d' ' -f2 | xargs -r rm
    fi
    while (($(bytes_of "$corpus") > corpus_bytes_max)); do
        largest=$(unnamed "$corpus" | sort -rn | sed -n '1s/^[0-9]* //p')
        [[ -n $largest ]] || break
        rm "$largest"
    done
}

# A line for a target that ran to its end.
record() {
    local target=$1 commit
    grep -q '^Done [0-9]* runs' "$log_dir/fuzz__$target.log" || return 0
    commit=$(git rev-parse --short HEAD)
    git diff --quiet HEAD -- src || commit+=-dirty
    printf '| %s | %s | %s | %s |\n' "$target" "$(counted "$target" number_of_executed_units)" "$seconds" "$commit" \
        >>"$inputs/CAMPAIGN.md"
}

bash scripts/dev/build.sh fuzz
# Several lines cannot be drawn anew at once.
if ((jobs > 1)); then export CI=true; fi
status=0
fuzz_all || status=1
if [[ -n $campaign_hours ]]; then
    for target in "${targets[@]}"; do
        step "keep: $target" keep_grown "$target"
        record "$target"
    done
fi
((status == 0))
