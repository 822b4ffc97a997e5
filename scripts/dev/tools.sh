#!/usr/bin/env bash
# tools.sh test|bench: builds the pinned tools that Debian does not have, through the Go module proxy, into
# ${XDG_CACHE_HOME:-~/.cache}/godwit/tools. Each needs a Go at least as new as its module asks for; without
# one it is said loudly what cannot run.
#
#   test   versitygw, the S3 server that checks CRC64NVME (tests/servers/README.md tells how it was chosen); and the
#          kernel of the tests' guest, which Debian serves as long as it is the newest of its kind
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

# Under a name of our own first, as above.
fetch_kernel() {
    local scratch=$tools_dir/.$guest_kernel-$$
    mkdir -p "$scratch"
    (cd "$scratch" && apt-get -q -o APT::Sandbox::User=root download "$guest_kernel")
    dpkg-deb -x "$scratch"/*.deb "$scratch/unpacked"
    /sbin/depmod -b "$scratch/unpacked" "${guest_kernel#linux-image-}"
    mv -T "$scratch/unpacked" "$tools_dir/$guest_kernel"
    rm -rf "$scratch"
}

want_kernel() {
    if [[ -d $tools_dir/$guest_kernel ]]; then return 0; fi
    if [[ -z $(apt-cache policy "$guest_kernel" 2>/dev/null) ]]; then
        loud "Debian serves no $guest_kernel (apt-cache depends linux-image-cloud-amd64 names the one of today;
       scripts/dev/tools_env.sh the one that is wanted): the tests that need a real NFS mount are skipped."
        return 0
    fi
    if ! (step "setup: $guest_kernel" fetch_kernel); then
        loud "no $guest_kernel: the tests that need a real NFS mount are skipped."
    fi
}

purpose=${1:?tools.sh: test or bench}
want_tool "the tests that need a real server with CRC64NVME are skipped. The S3 double in the tests
       still covers stores that attest checksums." "$versitygw_tool"
if [[ $purpose == test ]]; then want_kernel; fi
if [[ $purpose == bench ]]; then
    want_tool "it is not measured." "$s5cmd_tool"
    want_tool "the rclone on PATH is measured instead, if there is one." "$rclone_tool"
fi
