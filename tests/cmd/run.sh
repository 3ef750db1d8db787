#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Tests of the command: run.sh [-m] [BUILD_DIR [CASES...]]
#
# Runs as root with the module loaded; without it, only what does not need it.
# With -m, only what needs it: the rest is the same, and faster, elsewhere.
# Prints TAP, and fails when a case fails.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
only=
if [ "${1-}" = -m ]; then
	only=-m
	shift
fi
build=${1:-$here/../../build/userspace}
[ $# -eq 0 ] || shift
"$here/../built.sh" "$build/refheap"
exec python3 -B "$here/cases.py" ${only:+"$only"} "$(cd "$build" && pwd -P)" "$@"
