#!/usr/bin/env bash
# ./dev setup [--s3] [--tests]: installs what is missing, and nothing else. A second run only looks.
#
#   (no option)  what builds the product (scripts/dev/packages/product.txt)
#   --s3         also a real S3 server, for `./dev run s3`
#   --tests      also what the tests need: packages, pinned Python clients in build/venv, and the
#                checksum-keeping S3 server, built through the Go module proxy into the user's cache
set -euo pipefail
. scripts/dev/steps.sh

lists=(product)
tests=no
for argument in "$@"; do
    case $argument in
        --s3) lists+=(s3-server) ;;
        --tests)
            lists+=(s3-server test)
            tests=yes
            ;;
        *) die "setup: unknown option $argument (allowed: --s3, --tests)" ;;
    esac
done

# The packages of the chosen lists that dpkg does not know as installed.
missing_packages() {
    local wanted=() installed list
    for list in "${lists[@]}"; do
        mapfile -t -O "${#wanted[@]}" wanted < <(sed 's/ *#.*//; /^$/d' "scripts/dev/packages/$list.txt")
    done
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
        sed -n 's/ installed$//p' || true)
    comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) <(sort -u <<<"$installed")
}

# Sets as_root to what must stand before a command that needs root.
find_root() {
    if ((EUID == 0)); then
        as_root=(env)
    elif command -v sudo >/dev/null; then
        # Asks for the password now, while the terminal is still the user's.
        sudo -v || die "setup: sudo refused; as root run: apt-get install --no-install-recommends $*"
        as_root=(sudo env)
    else
        die "setup: root or sudo is needed to install $# packages; as root run:
  apt-get update && apt-get install --no-install-recommends $*"
    fi
}

# Debian's default Boost headers (1.74) cannot stand beside 1.81: say so before apt replaces them.
warn_of_boost() {
    local old
    old=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' 'libboost*1.74*-dev' 'libboost-dev' 2>/dev/null |
        sed -n 's/ installed$//p' | tr '\n' ' ' || true)
    if [[ -z $old || " $* " != *" libboost1.81-dev "* ]]; then return 0; fi
    loud "libboost1.81-dev replaces the Boost 1.74 headers on this machine ($old).
       To go back later: apt-get install libboost-all-dev"
    if [[ -t 0 && -z ${CI:-} && -z ${GODWIT_NO_INPUT:-} ]]; then
        local answer
        read -r -p "  Replace them? [y/N] " answer
        [[ $answer == [yY]* ]] || die "setup: nothing was installed"
    fi
}

apt() {
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
        -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"
}

# The packages bring services (PostgreSQL, Ceph). For as long as apt runs, nothing of them is started
# and no database cluster is made: we want the programs only.
install_packages() {
    local status=0 policy=/usr/sbin/policy-rc.d ours=()
    if [[ ! -e $policy ]]; then
        ours+=("$policy")
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
    fi
    if [[ " $* " == *" postgresql-15 "* ]]; then
        ours+=(/etc/postgresql-common/createcluster.d/godwit-setup.conf)
        "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
        echo 'create_main_cluster = false' | "${as_root[@]}" tee "${ours[-1]}" >/dev/null
    fi
    apt install --no-install-recommends "$@" || status=$?
    if ((${#ours[@]} > 0)); then "${as_root[@]}" rm -f "${ours[@]}"; fi
    return "$status"
}

check_system() {
    local id='' version=''
    if [[ -r /etc/os-release ]]; then
        id=$(. /etc/os-release && echo "${ID:-}")
        version=$(. /etc/os-release && echo "${VERSION_ID:-}")
    fi
    command -v dpkg-query >/dev/null || die "setup: this is not Debian; on another system install the
counterparts of scripts/dev/packages/product.txt and run cmake --preset release yourself"
    [[ $id == debian && $version == 12 ]] || loud "made for Debian 12; this is ${id:-unknown} ${version:-}"
}

mapfile -t missing < <(missing_packages)
if ((${#missing[@]} > 0)); then
    check_system
    find_root "${missing[@]}"
    warn_of_boost "${missing[@]}"
    step "setup: package lists" apt update
    step "setup: ${#missing[@]} packages" install_packages "${missing[@]}"
fi
if [[ $tests == yes ]]; then
    step "setup: Python clients" bash scripts/dev/venv.sh
    bash scripts/dev/tools.sh test
fi
