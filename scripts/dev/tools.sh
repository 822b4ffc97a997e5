#!/usr/bin/env bash
# Builds the pinned test servers that Debian does not have, through the Go module proxy, into
# ${XDG_CACHE_HOME:-~/.cache}/godwit/tools. Needs a Go at least as new as the module asks for; without
# one it says loudly what cannot run, and the tests that need the server are skipped as loudly.
#
# versitygw stores and checks CRC64NVME (tests/servers/README.md tells how it was chosen).
set -euo pipefail
. scripts/dev/steps.sh
. scripts/dev/tools_env.sh

if [[ -x $versitygw ]]; then exit 0; fi

if ! can_build_go_tools; then
    loud "no Go $go_version_min or newer on PATH ($(go version 2>/dev/null || echo none found)):
       the S3 server that checks CRC64NVME (versitygw $versitygw_version) cannot be built, so the tests that
       need it will be skipped. The S3 double in the tests still covers stores that attest checksums."
    exit 0
fi

# Into a name of our own first: half a download must never pass for the server.
install_versitygw() {
    local staging=$tools_dir/.versitygw-$$
    mkdir -p "$staging"
    # Outside the repository's own module, if it ever has one.
    (cd "$staging" && GOBIN=$staging GOFLAGS=-trimpath CGO_ENABLED=0 \
        go install "github.com/versity/versitygw/cmd/versitygw@$versitygw_version")
    mv -f "$staging/versitygw" "$versitygw"
    rmdir "$staging"
}
step "setup: versitygw $versitygw_version" install_versitygw
