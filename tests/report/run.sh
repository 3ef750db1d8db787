#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes reports in a machine and drives a browser through them.
#
#   run.sh [KERNEL]     uml unless given
#
# The command, tests/programs.mk and the module must have been built. Screenshots
# are left in build/report-test/pictures. Prints TAP.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
kernel=${1:-uml}
work=$top/build/report-test
pages=$work/pages

"$here/../built.sh" "$top/build/$kernel/refheap.ko" "$top/build/userspace/refheap" \
	"$top/build/userspace/tests/report"
if [ ! -s "$top/build/userspace/report/viewer.html" ]; then
	printf 'ok 1 # SKIP the viewer of reports is not built\n1..1\n'
	exit 0
fi

mkdir -p "$work"
rm -rf "$pages"
mkdir -p "$pages"
# A copy of the lock file says what node_modules has.
if ! cmp -s "$here/package-lock.json" "$work/node_modules/complete"; then
	cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$work/"
	(cd "$work" && npm ci --ignore-scripts --no-progress --loglevel=error \
		--fetch-retries=1 --fetch-timeout=60000 >npm.log 2>&1) || {
		cat "$work/npm.log" >&2
		printf 'Bail out! npm cannot get what drives the browser\n'
		exit 1
	}
	cp "$here/package-lock.json" "$work/node_modules/complete"
fi

"$top/tests/vm/run.sh" -q -k "$kernel" -m "$top/build/$kernel/refheap.ko" -t 300 -o "$pages" -- \
	sh "$here/inside.sh" "$top/build/userspace" >&2
cd "$work"
exec node "$here/drive.mjs" "$pages" "$work/pictures"
