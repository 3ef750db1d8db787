#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs suites in a machine and searches its kernel log.
#
#   machine.sh [-m MODULE.ko]... [-g DIR] KERNEL SUITE...
#
# SUITE    api       the library, through the device and netlink
#          examples  the library's examples
#          cmd       the command
#          terminal  the command in a terminal
#          failnth   every fault point, one after the other
#          kill      processes killed at random moments
#          replay    what broke others
#          storm     processes that watch each other, killed in between
#          tour      Python's numbers beside ours, leaks, and what the README shows
#          busy      inspection while four processes change the heap
#
#          kill and storm take a number of processes: storm:1000.
#
# Their programs and the module must have been built (tests/programs.mk,
# tests/vm/module.sh); -m takes other modules than build/KERNEL/refheap.ko.
# Afterwards the module is unloaded, and where the kernel has kmemleak it looks
# for leaks. -g: where to put the coverage that the kernel has counted.
set -euo pipefail

tests=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$tests/.." && pwd -P)
programs=$top/build/userspace

usage() {
	sed -n '4,24s/^# \{0,1\}//p' "$0"
	exit "${1:-2}"
}

run_all() {
	local program status=0
	for program in "$@"; do
		printf '== %s\n' "${program##*/}"
		"$program" 2>&1 || {
			printf '%s: status %s\n' "${program##*/}" $?
			status=1
		}
	done
	return "$status"
}

# Prints what a suite runs: a program each that the sources in a folder become,
# or one.
needed() {
	local source
	case $1 in
	api | replay)
		for source in "$tests/$1"/*.c; do
			[[ $source == */fixture.c ]] || printf '%s\n' "$programs/tests/$1/$(basename "$source" .c)"
		done
		;;
	examples)
		for source in "$top"/userspace/examples/*.c; do
			printf '%s\n' "$programs/examples/$(basename "$source" .c)"
		done
		;;
	failnth | kill* | storm*) printf '%s\n' "$programs/tests/${1%:*}" ;;
	*) printf '%s\n' "$programs/refheap" ;;
	esac
}

executables() { find "$1" -maxdepth 1 -type f -perm -1 | sort; }

suite() {
	local list status
	case $1 in
	api | examples)
		[ "$1" = examples ] && list=$programs/examples || list=$programs/tests/api
		mapfile -t list < <(executables "$list")
		run_all "${list[@]}"
		;;
	cmd) sh "$tests/cmd/run.sh" -m "$programs" ;;
	terminal) python3 -B "$tests/terminal/terminal.py" "$programs" ;;
	replay)
		mapfile -t list < <(executables "$programs/tests/replay")
		run_all "${list[@]}"
		;;
	tour)
		status=0
		for list in tour leak; do
			python3 -B "$tests/tour/$list.py" "$programs/refheap" || status=1
		done
		python3 -B "$tests/tour/readme.py" "$programs" || status=1
		return "$status"
		;;
	busy) python3 -B "$tests/busy/busy.py" "$programs/refheap" 30 ;;
	failnth | kill | storm) "$programs/tests/$1" ;;
	kill:* | storm:*) "$programs/tests/${1%:*}" "${1#*:}" ;;
	*) usage ;;
	esac
}

# In the machine: everything is run, whatever fails.
inside() {
	local name status=0
	for name in "$@"; do
		suite "$name" || status=1
	done
	# Nothing may hold it, and its exit must find all as it should be.
	rmmod refheap || status=1
	[ ! -e /sys/kernel/debug/kmemleak ] || "$tests/vm/guest/kmemleak.sh" || status=1
	# The counts stay when the module goes. What debugfs has cannot be copied
	# by its size, which it does not tell.
	if [ "${REFHEAP_GATHER-}" ]; then
		(cd /sys/kernel/debug/gcov && find . -name '*.gcda' -exec sh -c '
			mkdir -p "/out/${1%/*}" && cat "$1" >"/out/$1"' - {} \;)
	fi
	return "$status"
}

if [ "${1-}" = --inside ]; then
	shift
	inside "$@"
	exit
fi

options=()
modules=()
while getopts ':m:g:h' option; do
	case $option in
	m) modules+=(-m "$OPTARG") ;;
	g) options+=(-o "$OPTARG" -e REFHEAP_GATHER=y) ;;
	h) usage 0 ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || usage
kernel=$1
shift
if [ ${#modules[@]} -eq 0 ]; then
	"$tests/built.sh" "$top/build/$kernel/refheap.ko"
	modules=(-m "$top/build/$kernel/refheap.ko")
fi
for name in "$@"; do
	mapfile -t files < <(needed "$name")
	"$tests/built.sh" "${files[@]}"
done

exec "$tests/vm/watched.sh" -q -k "$kernel" "${modules[@]}" -t 3600 ${options[@]+"${options[@]}"} -- \
	"$tests/machine.sh" --inside "$@"
