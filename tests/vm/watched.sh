#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs a command in a machine, and fails as well when its kernel complained.
#
#   watched.sh [OPTION]... -- CMD [ARG]...     run.sh's, but for -l
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
logs=$here/../../build/check

mkdir -p "$logs"
log=$(mktemp "$logs/kernel-XXXXXX")
machine=
# shellcheck disable=SC2317 # the traps call it
clean_up() {
	[ -z "$machine" ] || kill -TERM "$machine" 2>/dev/null || :
	wait || :
	rm -f "$log"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
status=0
"$here/run.sh" -l "$log" "$@" &
machine=$!
wait "$machine" || status=$?
machine=
"$here/scan-log.sh" "$log" || {
	printf 'the kernel complained\n'
	status=1
}
exit "$status"
