#!/usr/bin/env bash
# Makes build/venv with the pinned Python clients of tests/e2e/requirements.txt; does nothing when it
# holds them already.
set -euo pipefail

requirements=tests/e2e/requirements.txt
venv=build/venv
stamp=$venv/requirements.txt
if cmp -s "$requirements" "$stamp"; then exit 0; fi

mkdir -p build
# Again under the lock: another ./dev may have made it meanwhile.
if [[ -z ${GODWIT_VENV_LOCKED:-} ]]; then
    GODWIT_VENV_LOCKED=1 exec flock --close build/.venv.lock bash "$0"
fi
rm -rf "$venv"
# Debian's own Python, whatever else stands first in PATH.
/usr/bin/python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
cp "$requirements" "$stamp"
