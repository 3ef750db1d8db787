# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the steps of cases, which bash reads it before. Machines may be slow and
# busy: what a step needs of another process it waits for, however long that
# takes. A step that waits for ever is ended by who runs it.

# Waits until a command succeeds.
await() {
	until "$@"; do
		sleep 0.1
	done >/dev/null 2>&1
}

# Whether a command has come so far that Ctrl-C only tells it to end. Those that
# watch take care of that last, when nothing they are to see can be missed.
watches() {
	local name mask

	name=$(sed -n 's/^Name:\t//p' "/proc/$1/status")
	mask=$(sed -n 's/^SigCgt:\t//p' "/proc/$1/status")
	[ "$name" = refheap ] && [ $((0x$mask & 1 << 1)) -ne 0 ]
}

# Whether a process that was sent SIGSTOP has stopped.
stopped() {
	grep -q '^State:.T' "/proc/$1/status"
}

# Whether one session has so many references.
held() {
	refheap sessions -o held | grep -qx " *$1"
}

# Whether nobody has the heap open.
closed() {
	refheap heap show -o sessions | grep -qx 'sessions *0'
}

# Whether a file has so many lines.
lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}
