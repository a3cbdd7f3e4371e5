#!/bin/sh
# Holds a port against Assay wherever there is a shell: cron, Buildbot, a hook. Copy it, and change the lines that end in "yours".
# Usage: plain.sh [--nightly]. Exit codes are those of ci/check-port: 0 match, 1 mismatch, 2 bad input.
set -eu
ASSAY_HOME=${ASSAY_HOME:-$PWD/.assay}
[ -e "$ASSAY_HOME/core/version.h" ] || git clone -q --depth 1 "${ASSAY_REPOSITORY:-https://example.org/assay.git}" "$ASSAY_HOME" # yours

make my_port # yours

# shellcheck disable=SC2016 # CASE is for the port's shell
exec "$ASSAY_HOME/ci/check-port" --run './my_port "$CASE"' --port port.json --fuzz './my_port --serve' --regressions assay-cases \
    --baseline assay-baseline.json --out assay-report "$@" # yours
