#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Tests of the command: run.sh [BUILD_DIR [CASES...]]
#
# Runs as root with the module loaded; without it, only what does not need it.
# Prints TAP, and fails when a case fails.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
build=${1:-$here/../../build/userspace}
[ $# -eq 0 ] || shift
exec python3 -B "$here/cases.py" "$(cd "$build" && pwd -P)" "$@"
