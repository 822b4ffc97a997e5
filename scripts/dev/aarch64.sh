#!/usr/bin/env bash
# aarch64.sh RESULTS: the tests of `base`, so of all digests, built for aarch64 and run under qemu-user. RESULTS/programs
# gets their cases. Called by ./dev test; says loudly what is missing where it cannot run.
set -euo pipefail
. scripts/dev/steps.sh

results=${1:?aarch64.sh: RESULTS}
sysroot=build/aarch64-sysroot
tests=build/aarch64/src/base/base_test

packages=$(sed -n 's/^\(lib[^ ]*-dev\)\>.*/\1/p' scripts/dev/packages/{product,test}.txt | grep -v clang | paste -sd,)

# Debian's packages of that architecture, unpacked beside each other: nothing is installed on this machine.
unpack_sysroot() {
    rm -rf "$sysroot" "$sysroot.new"
    mkdir -p build
    mmdebstrap --variant=extract --architectures=arm64 --include="libc6-dev,libstdc++-12-dev,$packages" \
        bookworm "$sysroot.new"
    echo "$packages" >"$sysroot.new/packages"
    mv "$sysroot.new" "$sysroot"
}

run_tests() {
    local cases=$results/programs/aarch64_base_test.xml
    GTEST_OUTPUT=xml:$cases qemu-aarch64-static -L "$sysroot" "$tests"
    # qemu has these instructions. Were they not found, the tests of what uses them would be skipped, and pass.
    if grep -E 'name="[a-z_0-9]*/(fold128|vector128)"' "$cases" | grep -v 'result="completed"'; then
        die "aarch64: these tests did not run"
    fi
}

for tool in mmdebstrap qemu-aarch64-static; do
    if ! command -v "$tool" >/dev/null; then
        loud "no $tool on PATH: what the digests do on aarch64 is not tested. ./dev setup --tests installs it."
        exit 0
    fi
done
if [[ $(cat "$sysroot/packages" 2>/dev/null) != "$packages" ]] && ! (step "aarch64: libraries" unpack_sysroot); then
    loud "Debian's libraries for aarch64 cannot be had: what the digests do there is not tested."
    exit 0
fi
step "build: aarch64" with_build_lock build/aarch64 bash scripts/dev/compile.sh aarch64 base_test
step "test: aarch64" run_tests
