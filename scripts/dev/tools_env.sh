# shellcheck shell=bash disable=SC2034
# Where the pinned tools are, and which versions. Sourced.

versitygw_version=v1.8.0
# From the `go` line of that version's go.mod.
go_version_min=1.25.0

tools_dir=${XDG_CACHE_HOME:-$HOME/.cache}/godwit/tools
versitygw=$tools_dir/versitygw-$versitygw_version

# Succeeds when the Go on PATH, or one that it may fetch for itself, can build the tools.
can_build_go_tools() {
    local have
    have=$(go env GOVERSION 2>/dev/null) || return 1
    have=${have#go}
    [[ $(printf '%s\n%s\n' "$go_version_min" "${have%% *}" | sort -V | head -n 1) == "$go_version_min" ]]
}
