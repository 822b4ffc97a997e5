# shellcheck shell=bash disable=SC2034
# Where the pinned tools are, and which versions. Sourced.

tools_dir=${XDG_CACHE_HOME:-$HOME/.cache}/godwit/tools

# name | module | version | package | the `go` line of its go.mod
versitygw_version=v1.8.0
go_version_min=1.25.0
versitygw_tool="versitygw github.com/versity/versitygw $versitygw_version cmd/versitygw $go_version_min"
s5cmd_tool="s5cmd github.com/peak/s5cmd/v2 v2.3.0 . 1.20"
rclone_tool="rclone github.com/rclone/rclone v1.76.0 . 1.26.0"

# Debian's kernel for guests of the tests (tests/e2e/nfs_guest.py), unpacked and not installed.
guest_kernel=linux-image-6.1.0-56-cloud-amd64

# The programs that the tests start.
versitygw=$tools_dir/versitygw-$versitygw_version

# Succeeds when the Go on PATH is at least $1.
go_is_at_least() {
    local have
    have=$(go env GOVERSION 2>/dev/null) || return 1
    have=${have#go}
    [[ $(printf '%s\n%s\n' "$1" "${have%% *}" | sort -V | head -n 1) == "$1" ]]
}
