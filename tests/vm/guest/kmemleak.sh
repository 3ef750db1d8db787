#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a machine that has kmemleak: scans for leaked memory and prints the
# report. The status is 1 when there is one, 2 when kmemleak cannot be used.
#
#   kmemleak.sh [--clear]     --clear forgets what is leaked so far
set -euo pipefail

report=/sys/kernel/debug/kmemleak
echo scan >"$report" || {
	echo "kmemleak: not in this kernel, or switched itself off" >&2
	exit 2
}
if [ "${1-}" = --clear ]; then
	echo clear >"$report"
	exit 0
fi
# An object is reported only when it is five seconds old, and only when its
# contents stayed the same between two scans.
sleep 6
echo scan >"$report"
echo scan >"$report"
found=$(cat "$report")
[ -z "$found" ] && exit 0
printf '%s\n' "$found"
exit 1
