#!/usr/bin/env bash
# An S3 server that checks and keeps CRC64NVME: versitygw over a directory (tests/servers/README.md).
#
#   checksum_server.sh start [--dir DIR] [--bucket NAME]... [--owner PID]
#   checksum_server.sh stop DIR
#
# start prints KEY=VALUE lines: ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION,
# SERVER_DIR and ACCESS_LOG (one line a request). With --owner the server stops by itself when that
# process ends. stop ends the server and leaves DIR, whose removal is the caller's. The program is the one
# that `./dev setup --tests` built, or $GODWIT_VERSITYGW.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/servers/server_ports.sh
. "$here/server_ports.sh"
# shellcheck source=scripts/dev/tools_env.sh
. "$here/../../scripts/dev/tools_env.sh"

access_key=AKIATEST
secret_key=secrettest
ready_seconds_max=30
start_tries_max=3

stop_server() {
    local pids=()
    mapfile -t pids < <(cat "$1/pid" 2>/dev/null)
    end_processes "${pids[@]}"
    rm -f "$1/pid"
}

# Keeps object attributes in extended attributes where the file system has them, else in files beside.
metadata_arguments() {
    local dir=$1 probe=$1/.xattr-probe
    : >"$probe"
    if python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.probe", b"1")' "$probe" 2>/dev/null; then
        rm -f "$probe"
        return 0
    fi
    rm -f "$probe"
    mkdir -p "$dir/sidecar"
    printf '%s\n' --sidecar "$dir/sidecar"
}

try_start() {
    local dir=$1 port=$2 program=$3 arguments
    mapfile -t arguments < <(metadata_arguments "$dir")
    ROOT_ACCESS_KEY=$access_key ROOT_SECRET_KEY=$secret_key setsid "$program" \
        --port "127.0.0.1:$port" --keep-alive --quiet --access-log "$dir/access.log" \
        posix "${arguments[@]}" "$dir/data" >"$dir/server.log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    # Somebody else's server may answer on that port: ours must still be there.
    wait_until_answered "http://127.0.0.1:$port/" "$ready_seconds_max" && kill -0 "$(cat "$dir/pid")"
}

start() {
    local dir='' buckets=() owner='' port try bucket program=${GODWIT_VERSITYGW:-$versitygw}
    while (($# > 0)); do
        case $1 in
            --dir) dir=$2 ;;
            --bucket) buckets+=("$2") ;;
            --owner) owner=$2 ;;
            *)
                echo "checksum_server.sh: unknown option $1 (allowed: --dir, --bucket, --owner)" >&2
                exit 2
                ;;
        esac
        shift 2
    done
    if [[ ! -x $program ]]; then
        echo "checksum_server.sh: $program is not there: ./dev setup --tests builds it where Go $go_version_min is" >&2
        exit 1
    fi
    dir=$(realpath -m "${dir:-$(mktemp -d "${TMPDIR:-/tmp}/godwit-checksum.XXXXXX")}")
    mkdir -p "$dir/data"
    # Whatever goes wrong from here on, nothing keeps running.
    # shellcheck disable=SC2064
    trap "stop_server '$dir'" EXIT
    for ((try = 1; ; try++)); do
        port=$(free_ports 1)
        if try_start "$dir" "$port" "$program" >&2; then break; fi
        stop_server "$dir"
        if ((try == start_tries_max)); then
            echo "checksum_server.sh: the server did not start in $try tries; it said:" >&2
            tail -n 40 "$dir/server.log" >&2
            exit 1
        fi
    done
    for bucket in "${buckets[@]}"; do
        make_bucket "http://127.0.0.1:$port" "$access_key" "$secret_key" "$bucket"
    done
    if [[ -n $owner ]]; then stop_with_owner "$owner" bash "$here/checksum_server.sh" stop "$dir"; fi
    trap - EXIT
    cat <<RESULT
ENDPOINT=http://127.0.0.1:$port
AWS_ACCESS_KEY_ID=$access_key
AWS_SECRET_ACCESS_KEY=$secret_key
AWS_DEFAULT_REGION=us-east-1
SERVER_DIR=$dir
ACCESS_LOG=$dir/access.log
RESULT
}

case ${1:-} in
    start)
        shift
        start "$@"
        ;;
    stop) stop_server "${2:?checksum_server.sh stop: give the directory}" ;;
    *)
        echo "usage: checksum_server.sh start [OPTION...] | stop DIR" >&2
        exit 2
        ;;
esac
