#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Lets Debian's Prometheus collect the figures of heaps, in a machine.
#
#   run.sh [KERNEL]
#
# KERNEL must speak IPv4, as Debian's do: 6.1 (default), 6.12, smp-debug. The
# command and the module must have been built. Prints TAP; needs Debian's
# prometheus and python3-prometheus-client, nothing of which runs on the host.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
kernel=${1:-6.1}

"$here/../built.sh" "$top/build/$kernel/refheap.ko" "$top/build/userspace/refheap"
mkdir -p "$top/build/check"
log=$(mktemp "$top/build/check/metrics-$kernel-XXXXXX")
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
"$top/tests/vm/run.sh" -q -k "$kernel" -m "$top/build/$kernel/refheap.ko" -l "$log" -t 480 -- \
	/usr/bin/python3 -B "$here/collect.py" "$top/build/userspace" "$top/build/$kernel/refheap.ko" &
machine=$!
wait "$machine" || status=$?
machine=
"$top/tests/vm/scan-log.sh" "$log" || {
	printf 'the kernel complained\n'
	status=1
}
exit "$status"
