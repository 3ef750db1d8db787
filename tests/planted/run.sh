#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Plants one fault of each kind in a machine of its own and fails unless it is
# noticed as one of our own would be, and by the checker that is meant to.
#
#   run.sh [-k KERNEL] [FAULT...]     uml-debug
#
# User-mode Linux cannot tell that something sleeps where it must not, so that
# one is planted elsewhere only. Prints TAP.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
kernel=uml-debug
if [ "${1-}" = -k ]; then
	kernel=$2
	shift 2
fi
out=$top/build/planted/$kernel

mkdir -p "$out"
cp -p "$here/Kbuild" "$here/planted.c" "$out/"
read -ra arguments < <("$top/tests/vm/kernel.sh" --makeargs "$kernel")
make "${arguments[@]}" M="$out" modules >"$out/make.log" 2>&1 || {
	cat "$out/make.log"
	exit 1
}

# What the one who notices says.
declare -A says=(
	[use-after-free]='KASAN: .*use-after-free'
	[out-of-slab]='KASAN: .*out-of-bounds'
	[shift]='UBSAN: shift-out-of-bounds'
	[bounds]='UBSAN: array-index-out-of-bounds'
	[inversion]='possible circular locking dependency'
	[never-unlock]='locks held'
	[sleep-in-atomic]='scheduling while atomic|sleeping function called|Invalid wait context'
	[leak]='unreferenced object'
	[warn]='WARNING: .*planted'
	[bug]='kernel BUG at|BUG: failure at'
	[oops]='Kernel panic'
)
faults=(none use-after-free out-of-slab shift bounds inversion never-unlock leak
	warn bug oops)
[[ $kernel == uml* ]] || faults+=(sleep-in-atomic)
[ $# -eq 0 ] || faults=("$@")

# Prints why the machine was not found clean, or nothing when it was.
complaints() {
	local fault=$1 log=$out/$1.log status=0 command=(true)
	[ "$fault" != leak ] || command=("$top/tests/vm/guest/kmemleak.sh")
	"$top/tests/vm/run.sh" -q -k "$kernel" -m "$out/planted.ko fault=$fault" -l "$log" -t 120 -- \
		"${command[@]}" 2>"$out/$fault.err" || status=$?
	[ "$status" -eq 0 ] || printf 'status %s\n' "$status"
	"$top/tests/vm/scan-log.sh" "$log" || :
}

number=0
failed=0
for fault in "${faults[@]}"; do
	number=$((number + 1))
	found=$(complaints "$fault")
	good=y
	if [ "$fault" = none ]; then
		[ -z "$found" ] || good=
	else
		grep -qE "${says[$fault]}" <<<"$found" || good=
	fi
	printf '%s %s - %s\n' "$([ "$good" ] && echo ok || echo 'not ok')" "$number" "$fault"
	if [ ! "$good" ]; then
		failed=$((failed + 1))
		printf 'found: %s\n' "${found:-nothing}" | sed 's/^/# /'
		tail -n 20 "$out/$fault.log" "$out/$fault.err" | sed 's/^/# /'
	fi
done
printf '1..%s\n' "$number"
[ "$failed" -eq 0 ]
