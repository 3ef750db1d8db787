#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A death notice across processes, and a monitor beside it: one process holds an
# object, another only watches it; the first is killed.
set -eu

say() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}

show() {
	printf 'refheap> %s\n' "$*"
	refheap "$@"
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/lines"

say '== Two processes: one holds an object, the other watches it =='
refheap shell <"$folder/lines" &
holder=$!
exec 3>"$folder/lines"
echo 'job = {"state": "running"}
set job job' >&3
until refheap get job >/dev/null 2>&1; do sleep 0.1; done

refheap monitor --event sessions,callbacks,deaths --heap "user.$(id -u)" >"$folder/seen" &
monitor=$!
# It is there when it tells of those who come and go.
until [ -s "$folder/seen" ]; do
	refheap get job >/dev/null
	sleep 0.1
done
show holders job -o pid,command,count,frame
refheap weakref job --callback >"$folder/told" &
watcher=$!
until refheap weakrefs job | grep -q yes; do sleep 0.1; done
echo 'The name goes; the shell is all that holds the job now.'
show del job

say "== kill -9 $holder: its references die with it, and the watcher is told =="
kill -9 "$holder"
wait "$holder" 2>/dev/null || true
wait "$watcher"
cat "$folder/told"

say '== What the monitor saw meanwhile =='
until grep -q 'death of dict' "$folder/seen"; do sleep 0.1; done
kill -INT "$monitor"
wait "$monitor" || true
grep -e session-end -e callback -e 'death of dict' "$folder/seen"
show verify
