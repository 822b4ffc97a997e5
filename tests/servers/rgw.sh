#!/usr/bin/env bash
# A real S3 server for tests and demonstrations: Ceph's RADOS gateway with one monitor and one OSD, all
# on loopback, all under one directory that can be thrown away.
#
#   rgw.sh start [--store memstore|bluestore] [--dir DIR] [--gib N] [--bucket NAME]... [--owner PID]
#   rgw.sh stop DIR
#
# start prints KEY=VALUE lines: ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION,
# SERVER_DIR and ACCESS_LOG (one line a request). memstore keeps everything in memory, at most --gib
# (default 4), and is up in two seconds; bluestore keeps it in a sparse file of --gib (default 24) under
# DIR. With --owner the server stops by itself when that process ends. stop ends the server and leaves
# DIR, whose removal is the caller's.
#
# What this server does not do: it accepts additional checksums (x-amz-checksum-*) and neither checks
# nor keeps them. Names are checked: they must be UTF-8.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/servers/server_ports.sh
. "$here/server_ports.sh"

access_key=AKIATEST
secret_key=secrettest
# Of one try. Its programs themselves wait up to 300 s for a monitor or an OSD whose answer was lost.
try_seconds_max=${RGW_TRY_SECONDS_MAX:-90}
# Starting again with other ports helps when somebody else took one of ours.
start_tries_max=3

write_configuration() {
    local dir=$1 port=$2 store=$3 gib=$4 fsid=$5
    cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = v2:127.0.0.1:$((port + 1)),v1:127.0.0.1:$((port + 2))
public addr = 127.0.0.1
cluster addr = 127.0.0.1
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
auth cluster required = none
auth service required = none
auth client required = none
# Without this the gateway insists on encrypted monitor connections, which need keys, and hangs.
ms mon client mode = crc
mon warn on insecure global id reclaim allowed = false
run dir = $dir/run
admin socket = $dir/run/\$name.\$pid.asok
pid file = $dir/run/\$name.pid
log file = $dir/log/\$name.log
crash dir = $dir/crash
# The defaults wait for other monitors, which there are none: eleven seconds instead of one.
paxos propose interval = 0.05
paxos min wait = 0.01
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd pool default pg num = 4
osd pool default pg autoscale mode = off
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 1

[mon.a]
mon data = $dir/mon

[osd]
osd data = $dir/osd
osd objectstore = $store
memstore device bytes = $((gib << 30))
bluestore block size = $((gib << 30))
bluestore cache size = 268435456
bluestore cache autotune = false

[client.rgw]
rgw data = $dir/rgw
rgw frontends = beast endpoint=127.0.0.1:$port
rgw thread pool size = 64
# One line a request in the log: the access log that tests read.
debug rgw = 1/1
CONF
}

start_monitor() {
    local dir=$1 port=$2 fsid=$3
    monmaptool --create --addv a "[v2:127.0.0.1:$((port + 1)),v1:127.0.0.1:$((port + 2))]" --fsid "$fsid" "$dir/monmap"
    ceph-mon -c "$dir/ceph.conf" --mkfs -i a --monmap "$dir/monmap"
    ceph-mon -c "$dir/ceph.conf" -i a
}

start_osd() {
    local dir=$1 uuid
    uuid=$(</proc/sys/kernel/random/uuid)
    ceph -c "$dir/ceph.conf" --connect-timeout 30 osd new "$uuid"
    ceph-osd -c "$dir/ceph.conf" -i 0 --mkfs --osd-uuid "$uuid"
    ceph-osd -c "$dir/ceph.conf" -i 0
}

start_gateway() {
    local dir=$1 port=$2
    radosgw-admin -c "$dir/ceph.conf" user create --uid=test --display-name=test \
        --access-key="$access_key" --secret-key="$secret_key"
    radosgw -c "$dir/ceph.conf" -n client.rgw
    wait_until_answered "http://127.0.0.1:$port/" "$try_seconds_max"
}

# One try, in a directory that holds nothing yet. Run as a process of its own, so that `set -e` holds.
try_start() {
    local dir=$1 port=$2 store=$3 gib=$4 fsid
    fsid=$(</proc/sys/kernel/random/uuid)
    mkdir -p "$dir"/{mon,osd,run,log,rgw,crash}
    write_configuration "$dir" "$port" "$store" "$gib" "$fsid"
    # The programs of this cluster must see no other cluster's configuration.
    export CEPH_CONF=$dir/ceph.conf
    unset CEPH_ARGS
    start_monitor "$dir" "$port" "$fsid"
    start_osd "$dir"
    start_gateway "$dir" "$port"
}

# By their pid files, hard: nothing here is worth a clean end, and in the wrong order that takes minutes.
stop_cluster() {
    local dir=$1 pids=()
    mapfile -t pids < <(cat "$dir"/run/*.pid 2>/dev/null)
    end_processes "${pids[@]}"
    rm -f "$dir"/run/*.pid
}

# Removes what a failed try left, but not the directory that the caller gave.
clear_cluster() {
    stop_cluster "$1"
    rm -rf "$1"/{mon,osd,run,rgw,crash,monmap,ceph.conf}
}

need_programs() {
    local program
    for program in ceph-mon ceph-osd radosgw radosgw-admin monmaptool ceph curl; do
        if ! command -v "$program" >/dev/null; then
            echo "rgw.sh: $program is not installed: ./dev setup --s3" >&2
            exit 1
        fi
    done
}

start() {
    local store=memstore dir='' gib='' buckets=() owner='' port try bucket
    while (($# > 0)); do
        case $1 in
            --store) store=$2 ;;
            --dir) dir=$2 ;;
            --gib) gib=$2 ;;
            --bucket) buckets+=("$2") ;;
            --owner) owner=$2 ;;
            *)
                echo "rgw.sh: unknown option $1 (allowed: --store, --dir, --gib, --bucket, --owner)" >&2
                exit 2
                ;;
        esac
        shift 2
    done
    case $store in
        memstore) gib=${gib:-4} ;;
        bluestore) gib=${gib:-24} ;;
        *)
            echo "rgw.sh: --store $store: memstore and bluestore are allowed" >&2
            exit 2
            ;;
    esac
    need_programs
    dir=$(realpath -m "${dir:-$(mktemp -d "${TMPDIR:-/tmp}/godwit-rgw.XXXXXX")}")
    mkdir -p "$dir/log"
    # Whatever goes wrong from here on, nothing keeps running.
    # shellcheck disable=SC2064
    trap "stop_cluster '$dir'" EXIT
    for ((try = 1; ; try++)); do
        port=$(free_ports 3)
        if timeout --kill-after=5 "$try_seconds_max" bash "$here/rgw.sh" try-start "$dir" "$port" "$store" "$gib" \
            >"$dir/log/start.log" 2>&1 </dev/null; then
            break
        fi
        if ((try == start_tries_max)); then
            echo "rgw.sh: the server did not start in $try tries; the last one said:" >&2
            tail -n 40 "$dir/log/start.log" >&2
            exit 1
        fi
        clear_cluster "$dir"
    done
    for bucket in "${buckets[@]}"; do
        make_bucket "http://127.0.0.1:$port" "$access_key" "$secret_key" "$bucket"
    done
    if [[ -n $owner ]]; then stop_with_owner "$owner" bash "$here/rgw.sh" stop "$dir"; fi
    trap - EXIT
    cat <<RESULT
ENDPOINT=http://127.0.0.1:$port
AWS_ACCESS_KEY_ID=$access_key
AWS_SECRET_ACCESS_KEY=$secret_key
AWS_DEFAULT_REGION=us-east-1
SERVER_DIR=$dir
ACCESS_LOG=$dir/log/client.rgw.log
RESULT
}

case ${1:-} in
    start)
        shift
        start "$@"
        ;;
    try-start)
        shift
        try_start "$@"
        ;;
    stop) stop_cluster "${2:?rgw.sh stop: give the directory}" ;;
    *)
        echo "usage: rgw.sh start [OPTION...] | stop DIR" >&2
        exit 2
        ;;
esac
