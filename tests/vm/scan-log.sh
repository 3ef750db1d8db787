#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Searches a kernel log for anything a checker or the kernel complained about.
#
#   scan-log.sh LOGFILE
#
# Prints each complaint with what surrounds it. The status is 1 when there is
# one, 2 when there is no log. allow-log.txt lists what may stand.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)

[ $# -eq 1 ] || {
	sed -n '4,9s/^# \{0,1\}//p' "$0" >&2
	exit 2
}
# An empty log is no good news: it was not written.
[ -s "$1" ] || {
	printf 'scan-log: %s: no log, or an empty one\n' "$1" >&2
	exit 2
}

splats='BUG:|WARNING:|KASAN|KFENCE|KCSAN|UBSAN|INFO: (task|possible|trying|rcu|suspicious|lockdep)'
splats+='|possible (circular|recursive|irq lock|unsafe)|inconsistent lock state'
splats+='|suspicious RCU usage|(^|[^a-z])RCU used illegally|held lock freed|lock held when returning'
splats+='|bad unlock balance|Invalid wait context|MAX_LOCK|BUG_ON|DEBUG_LOCKS_WARN'
splats+='|sleeping function called|scheduling while atomic|atomic_sleep'
splats+='|Oops|general protection|[Uu]nable to handle kernel|double fault|stack segment|divide error'
splats+='|invalid opcode|kernel BUG at|Kernel panic|stack guard page|stack-protector|Bad page'
splats+='|unreferenced object|new suspected memory leaks|kmemleak: (Cannot|Memory pool|.*disabled)'
splats+='|blocked for more than|rcu.* (detected|self-detected) stall|[Ss]oft lockup|[Hh]ard LOCKUP'
splats+='|refcount_t:|list_(add|del) corruption|ODEBUG:|DEBUG_VM|usercopy:|slab error|Slab corruption'
splats+='|Objects remaining in|Redzone|Poison overwritten|Object padding|Freepointer corrupt'
splats+='|page allocation failure|scheduler bug|cut here|Call Trace|Unsafe use|irq .*nobody cared'

# What says its checker is on, not that it found something.
calm='KASAN: .*(initialized|shadow memory|enabled)|KernelAddressSanitizer initialized'
calm+='|kasan: .*(initialized|shadow)|Lock dependency validator|MAX_LOCK(DEP|_DEPTH)|lockdep_assert'

allowed=$(sed -e '/^#/d' -e '/^[[:space:]]*$/d' "$here/allow-log.txt" | paste -sd '|')

awk -v splats="$splats" -v calm="$calm" -v allowed="$allowed" '
function show(from, to,   i) {
	if (from <= shown)
		from = shown + 1
	else if (shown)
		print "--"
	for (i = from; i <= to && i <= NR; i++)
		print line[i]
	if (to > shown)
		shown = to
}
{
	line[NR] = $0
	# A fault that a test injected says where, with a trace of its own.
	if ($0 ~ /FAULT_INJECTION: forcing a failure/)
		injected = NR + 24
	# What is allowed has its headline just above and one trace below.
	if (allowed != "" && $0 ~ allowed) {
		while (count && found[count] >= NR - 4)
			count--
		pardoned = NR + 24
		next
	}
	if ($0 !~ splats || $0 ~ calm)
		next
	if ($0 ~ /cut here/) {
		# Only the next line tells what was cut.
		next
	}
	if ($0 ~ /Call Trace/ && (NR <= injected || NR <= pardoned)) {
		injected = pardoned = 0
		next
	}
	found[++count] = NR
}
END {
	for (n = 1; n <= count; n++)
		show(found[n] - 3, found[n] + 25)
	if (count)
		printf "scan-log: %d suspicious lines\n", count
	exit count > 0
}' "$1"
