#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the machine: makes reports of heaps and leaves them in /out.
#
#	inside.sh PROGRAMS
set -eu
PATH=$1:$PATH
store=$1/tests/report
refheap() { command refheap --heap store "$@"; }

"$store" store 0
refheap dump /out/early.dump
refheap report -o /out/one.html

refheap del ready
"$store" store 8 &
for _ in $(seq 300); do
	! refheap show ready >/dev/null 2>&1 || break
	sleep 0.1
done
refheap report -o /out/live.html --every 1.5 --count 4
wait
refheap dump /out/late.dump
command refheap report -o /out/saved.html /out/early.dump /out/late.dump

# More than there is room for side by side.
many=
for _ in $(seq 12); do
	many="$many /out/early.dump"
done
# shellcheck disable=SC2086 # a list
command refheap report -o /out/many.html $many

# What a million objects come to, a chain of many, and a line of which nothing is left.
command refheap heap new large
command refheap --heap large shell >/dev/null <<'END'
trace start
gone = [1000, 2000]
del gone
set many []
for i in range(120): append many list(range(9000))
deep = []
for i in range(5000): deep = [deep]
set deep deep
END
command refheap --heap large report -o /out/large.html --every 0.1 --count 3
command refheap --json --heap large heap show >/out/large.json
