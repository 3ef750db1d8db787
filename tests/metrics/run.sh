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
exec "$top/tests/vm/watched.sh" -q -k "$kernel" -m "$top/build/$kernel/refheap.ko" -t 480 -- \
	/usr/bin/python3 -B "$here/collect.py" "$top/build/userspace" "$top/build/$kernel/refheap.ko"
