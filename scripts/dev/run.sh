#!/usr/bin/env bash
# ./dev run [SRC DST | s3]: the main job on real input, with the release binary.
#
#   ./dev run            copies a tree that every Debian has to ~/.local/share/godwit/demo
#   ./dev run SRC DST    copies SRC to DST: directories, or s3://bucket/prefix with the credentials that
#                        boto3 would find; options of `godwit copy` may follow
#   ./dev run s3         starts a real S3 server for the occasion, copies the tree up and down again,
#                        compares, and stops the server
set -euo pipefail
. scripts/dev/steps.sh

godwit=build/release/src/app/godwit
demo=${XDG_DATA_HOME:-$HOME/.local/share}/godwit/demo
# A tree smaller than this shows nothing.
demo_files_min=2000

# The first of these with some thousand files. The last one is there after setup on any machine.
demo_source() {
    local tree count
    for tree in /usr/share/doc /usr/share/perl /usr/share/zoneinfo /usr/include; do
        count=$(find "$tree" -type f 2>/dev/null | head -n "$demo_files_min" | wc -l) || true
        if ((count >= demo_files_min)); then
            echo "$tree"
            return 0
        fi
    done
    echo /usr/include
}

show_next_commands() {
    local source=$1 destination=$2
    cat <<TEXT

Try next (with PATH=\$PWD/build/release/src/app:\$PATH):
  godwit copy $source $destination      again: nothing is left to do
  godwit verify $source $destination    compare both ends
  godwit executions list
  godwit ledger stats
  ./dev run s3                          the same against a real S3 server
TEXT
}

run_local() {
    local source=$1 destination=$2
    shift 2
    say "  godwit copy $source $destination${*:+ $*}"
    "$godwit" copy "$source" "$destination" "$@"
    show_next_commands "$source" "$destination"
}

stop_server() {
    if [[ -n ${server_dir:-} ]]; then
        bash tests/servers/rgw.sh stop "$server_dir"
        rm -rf "$server_dir"
    fi
}

start_server() {
    bash tests/servers/rgw.sh start --store memstore --dir "$server_dir" --bucket demo --owner "$$" >"$server_dir.env"
}

# Every line is shown before it runs, so that it can be run by hand.
shown() {
    say "  \$ ${*/#$godwit/godwit}"
    "$@"
}

run_s3() {
    local source=$1 down=$demo/from-s3
    server_dir=$(mktemp -d "${TMPDIR:-/tmp}/godwit-rgw.XXXXXX")
    trap stop_server EXIT
    step "run: Ceph RGW" start_server
    set -a
    # shellcheck source=/dev/null
    . "$server_dir.env"
    set +a
    rm -f "$server_dir.env"
    # Another machine's profile, region or certificates are not for this server.
    export AWS_PROFILE='' AWS_REGION=us-east-1 AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
    unset AWS_PROFILE AWS_CA_BUNDLE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 AWS_SESSION_TOKEN
    # What lies there came from a server that is gone; a fresh copy is the demonstration.
    rm -rf "$down"
    mkdir -p "$down"
    shown "$godwit" copy "$source" s3://demo/tree --endpoint-url "$ENDPOINT"
    shown "$godwit" copy s3://demo/tree "$down" --endpoint-url "$ENDPOINT"
    step "run: diff -r" diff -r --no-dereference "$source" "$down"
    say "  $source went to $ENDPOINT and came back equal; the server is stopped now."
    show_next_commands "$source" "$down"
}

case ${1:-} in
    s3) bash scripts/dev/setup.sh --s3 ;;
    '' | *) bash scripts/dev/setup.sh ;;
esac
bash scripts/dev/build.sh release
source_tree=$(demo_source)
if [[ $# == 0 ]]; then
    mkdir -p "$demo"
    run_local "$source_tree" "$demo/$(basename "$source_tree")"
elif [[ $1 == s3 && $# == 1 ]]; then
    mkdir -p "$demo"
    run_s3 "$source_tree"
elif (($# >= 2)); then
    run_local "$@"
else
    die "run: give SRC and DST, or s3, or nothing (got: $*)"
fi
