#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The demo, in the machine: the memory model, processes that die, and a leak that
# goes on in another heap all the time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

refheap heap new leaky
refheap -H leaky shell --sites "${here%/*}/leak/closures.rh" &
leaking=$!
trap 'kill "$leaking" 2>/dev/null || true' EXIT

refheap shell -v "$here/walkthrough.rh"
"$here/death.sh"

printf '\n\033[1m%s\033[0m\n' '== A leak in another heap: found, and named =='
printf 'refheap> -H leaky leak\n'
refheap -H leaky leak --samples 4 --interval 0.25

printf '\n\033[1m%s\033[0m\n' "== Python's memory management beside this one: refheap tour =="
refheap tour collector 6 | tail -n +5
