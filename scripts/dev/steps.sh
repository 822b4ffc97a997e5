# shellcheck shell=bash
# Steps: how every ./dev command shows its work. Sourced, with the repository as working directory.
#
# A step is one command with its output in a log file. When it succeeds, one line with its seconds is
# all that is seen; when it fails, its log is printed. On a terminal the last line of the log is shown
# while it runs.

log_dir=build/log
# A failed step's log is shown whole up to this many lines, else its tail.
log_lines_max=200
mkdir -p "$log_dir"

# Seconds with one decimal since the time given in microseconds.
seconds_since() {
    local tenths=$(((${EPOCHREALTIME/[.,]/} - $1) / 100000))
    printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

say() { printf '%s\n' "$*"; }
# For what must not be overlooked: a part that could not run.
loud() { printf '\n  !!   %s\n\n' "$*" >&2; }
die() {
    printf './dev: %s\n' "$*" >&2
    exit 1
}

# Redraws one line with the end of the log, until it is killed or this script has ended.
follow_log() {
    local label=$1 log=$2 started=$3 last width
    # Ctrl-C is for the step; the caller ends this loop.
    trap '' INT
    while sleep 0.2 && kill -0 $$ 2>/dev/null; do
        last=$(tail -c 400 "$log" 2>/dev/null | tr '\r\t' '\n ' | tr -cd '\n[:print:]' | grep -v '^ *$' | tail -n 1 || true)
        width=$(($(tput cols 2>/dev/null || echo 80) - ${#label} - 18))
        ((width > 0)) || width=1
        printf '\r\033[K  ..   %s  %s s  %s' "$label" "$(seconds_since "$started")" "${last:0:width}"
    done
}

# Runs a step's command to its end and leaves its status, log and seconds in step_*.
run_step() {
    local label=$1 started follower=
    shift
    step_log=$log_dir/${label//[^a-zA-Z0-9_.-]/_}.log
    started=${EPOCHREALTIME/[.,]/}
    : >"$step_log"
    if [[ -t 1 && -z ${CI:-} ]]; then
        follow_log "$label" "$step_log" "$started" &
        follower=$!
        disown "$follower"
    fi
    set +e
    (
        set -e
        "$@"
    ) >>"$step_log" 2>&1 </dev/null
    step_status=$?
    set -e
    step_seconds=$(seconds_since "$started")
    if [[ -n $follower ]]; then
        kill "$follower" 2>/dev/null || true
        printf '\r\033[K'
    fi
    if ((step_status == 0)); then say "  ok   $label  $step_seconds s"; fi
}

# step LABEL COMMAND [ARGUMENT...]: runs the command; exits with its status if it fails.
# Never call it behind `if`, `&&` or `||`: bash would then ignore failures inside functions.
step() {
    run_step "$@"
    if ((step_status == 0)); then return 0; fi
    show_failure "$1" "$step_log" "$step_seconds"
    exit "$step_status"
}

# The same, but goes on when it fails: for what somebody else will report. Leaves step_status.
step_and_go_on() {
    run_step "$@"
    if ((step_status != 0)); then say "  FAIL $1  $step_seconds s  (all of it: $step_log)"; fi
}

show_failure() {
    local label=$1 log=$2 seconds=$3 lines
    lines=$(wc -l <"$log")
    {
        if ((lines > log_lines_max)); then
            say "--- the last $log_lines_max of $lines lines of $log"
        else
            say "--- $log"
        fi
        tail -n "$log_lines_max" "$log"
        say "---"
        say "  FAIL $label  $seconds s  (all of it: $log)"
    } >&2
}

# Runs the rest of the command line while no other ./dev holds the lock of build directory $1.
# The lock is not inherited by what the command starts and leaves behind.
with_build_lock() {
    local dir=$1
    shift
    mkdir -p "$dir"
    flock --close --nonblock "$dir/.lock" true || say "waiting for another ./dev in $dir"
    flock --close "$dir/.lock" "$@"
}

# A compiler needs up to 1.2 GiB on the heaviest of our files.
build_jobs() {
    local available_kib jobs
    available_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
    jobs=$((available_kib / 1258291))
    ((jobs < $(nproc))) || jobs=$(nproc)
    ((jobs > 0)) || jobs=1
    echo "$jobs"
}
