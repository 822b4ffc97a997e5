#!/usr/bin/env bash
# tools.sh test|bench: builds the pinned tools that Debian does not have, through the Go module proxy, into
# ${XDG_CACHE_HOME:-~/.cache}/godwit/tools. Each needs a Go at least as new as its module asks for; without
# one it is said loudly what cannot run.
#
#   test   versitygw, the S3 server that checks CRC64NVME (tests/servers/README.md tells how it was chosen)
#   bench  also s5cmd and a current rclone, to be measured beside
set -euo pipefail
. scripts/dev/steps.sh
. scripts/dev/tools_env.sh

# In a module of our own, because `go install` refuses modules whose list of versions is not served; and
# under a name of our own first, because half a build must never pass for the tool.
build_tool() {
    local name=$1 module=$2 version=$3 package=$4 scratch
    scratch=$(mktemp -d)
    mkdir -p "$tools_dir"
    cd "$scratch"
    go mod init scratch
    go mod edit -require="$module@$version"
    GOFLAGS=-mod=mod CGO_ENABLED=0 go build -trimpath -o "$tools_dir/.$name-$$" "$module/${package#.}"
    mv -f "$tools_dir/.$name-$$" "$tools_dir/$name-$version"
    cd /
    rm -rf "$scratch"
}

# Returns at once when the tool is there; what is lost without it is $1.
want_tool() {
    local lost=$1 name module version package go_min
    read -r name module version package go_min <<<"$2"
    if [[ -x $tools_dir/$name-$version ]]; then return 0; fi
    if ! go_is_at_least "$go_min"; then
        loud "no Go $go_min or newer on PATH ($(go version 2>/dev/null || echo none found)), so $name $version cannot be
       built: $lost"
        return 0
    fi
    step "setup: $name $version" build_tool "$name" "$module" "$version" "$package"
}

purpose=${1:?tools.sh: test or bench}
want_tool "the tests that need a real server with CRC64NVME are skipped. The S3 double in the tests
       still covers stores that attest checksums." "$versitygw_tool"
if [[ $purpose == bench ]]; then
    want_tool "it is not measured." "$s5cmd_tool"
    want_tool "the rclone on PATH is measured instead, if there is one." "$rclone_tool"
fi
