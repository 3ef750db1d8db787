#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the KUnit suites of the engine in a machine, by default the one with all
# checks, and has the kernel log searched for complaints.
#
#   run-kunit.sh [KERNEL]     uml-debug
#
# The last line is "N passed, N failed, N skipped".
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
kernel=${1:-uml-debug}
out=$here/../build/kunit
mkdir -p "$out"
log=$out/kernel.log

module=$(REFHEAP_KUNIT=1 "$here/vm/module.sh" "$kernel" "$out/$kernel" |
	grep 'refheap_kunit\.ko$')
status=0
"$here/vm/run.sh" -k "$kernel" -m "$module" -l "$log" -t 300 -- \
	"$here/vm/guest/kmemleak.sh" || status=$?

# The kernel's own plan, of no suites, comes at boot, before there is a module:
# what follows gets one.
ktap=$out/suites.ktap
sed -E 's/^\[[^]]*\] //' "$log" | sed -n '/^    KTAP version/,$p' >"$ktap.lines"
{
	printf 'KTAP version 1\n1..%d\n' "$(grep -acE '^(not )?ok [0-9]+ ' "$ktap.lines" || :)"
	cat "$ktap.lines"
} >"$ktap"
rm "$ktap.lines"
source=$("$here/vm/kernel.sh" --source "$kernel")
python3 -B "$source/tools/testing/kunit/kunit.py" parse "$ktap" || status=$?

# A case is one level below its suite.
passed=$(grep -acE '^ {4}ok [0-9]+ ' "$ktap" || :)
failed=$(grep -acE '^ {4}not ok [0-9]+ ' "$ktap" || :)
if [ "$passed" -eq 0 ]; then
	echo "no test has run (status $status)"
	failed=$((failed + 1))
elif [ "$status" -ne 0 ]; then
	echo "the machine, the search for leaks in it, or the parser failed (status $status)"
	failed=$((failed + 1))
fi
"$here/vm/scan-log.sh" "$log" || failed=$((failed + 1))
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
