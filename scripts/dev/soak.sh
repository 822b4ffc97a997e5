#!/usr/bin/env bash
# ./dev soak [HOURS] [OPTION...]: random work and random kills with the dev build, two hours if not told otherwise;
# ./dev soak memory [OBJECTS]: what one long copy holds. tests/soak/README.md tells what they show and take.
set -euo pipefail
. scripts/dev/steps.sh
. scripts/dev/tools_env.sh

bash scripts/dev/build.sh dev
program=soak
if [[ ${1:-} == memory ]]; then
    program=memory
    shift
fi
export GODWIT_VERSITYGW=$versitygw GODWIT_BINARY=${GODWIT_BINARY:-$PWD/build/dev/src/app/godwit} PYTHONDONTWRITEBYTECODE=1
exec nice -n 10 build/venv/bin/python "tests/soak/$program.py" "$@"
