#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that must hold.
#
#   check.sh [--long] [STEP...]     these steps and what they need; else all
#   check.sh [--long] --list        the names of the steps
#
# --long does the same at length, and in a machine that has KASAN and lockdep
# with two CPUs.
#
# Each step writes to build/check/STEP.log and has a time limit. Its cases are
# counted from what its runner prints; a step without cases is one itself. The
# last line is "N passed, N failed, N skipped"; the status is 1 when something
# failed, 2 for wrong usage.
set -euo pipefail

tests=$(cd "$(dirname "$0")" && pwd -P)
cd "$tests/.."
logs=build/check
slots=$(nproc)
[ "$slots" -ge 2 ] || slots=2

usage() {
	sed -n '4,15s/^# \{0,1\}//p' "$0"
	exit "${1:-2}"
}

long=
list=
wanted=()
while [ $# -gt 0 ]; do
	case $1 in
	--long) long=1 ;;
	--list) list=y ;;
	-h | --help) usage 0 ;;
	-*) usage ;;
	*) wanted+=("$1") ;;
	esac
	shift
done

### The steps

order=()
declare -A limit=() needs=() alone=() command=()
# step NAME SECONDS NEEDS ALONE COMMAND...: of the steps with the same word for
# ALONE, unless it is "-", one runs at a time. Steps that are ready start in
# the order in which they stand here, so what takes long or is waited for is
# early.
step() {
	local name=$1
	order+=("$name")
	limit[$name]=$2
	needs[$name]=$3
	alone[$name]=$4
	shift 4
	command[$name]=$*
}

# What a longer check has more of.
times() { printf '%d' $(($1 * (long ? 20 : 1))); }

plan() {
	local kernel part storm=storm${long:+:1000}
	step deps 1800 '' - tests/vm/deps.sh build lib vm qemu test browser

	# A bare machine builds kernels with one half of itself and goes on with
	# the other.
	for kernel in 6.1 6.12 uml-debug uml ${long:+smp-debug}; do
		step "kernel-$kernel" 1500 deps kernel tests/vm/kernel.sh "$kernel"
	done
	step layers 120 deps - tests/check-layers.sh
	step layers-planted 300 deps - tests/check-layers.sh --self
	step userspace 600 deps - make -C userspace -j2
	step programs 600 userspace - make -j2 -f tests/programs.mk

	# Machines with two CPUs would only be in each other's way. One after the
	# other they take longest of all, so the first one starts at once.
	step module-6.1 300 kernel-6.1 module tests/vm/module.sh 6.1
	step machine-6.1 1800 'module-6.1 programs' smp tests/machine.sh 6.1 api examples cmd
	for kernel in uml-debug 6.12 uml ${long:+smp-debug}; do
		step "module-$kernel" 300 "kernel-$kernel" module tests/vm/module.sh "$kernel"
	done
	step engine-build 600 deps - make -C tests -j2 all
	step command-uml-debug 1800 'module-uml-debug programs' - \
		tests/machine.sh uml-debug cmd
	step machine-6.12 1800 'module-6.12 programs' smp tests/machine.sh 6.12 api examples cmd
	step kill-6.1 1200 'module-6.1 programs' smp tests/machine.sh 6.1 kill "$storm" busy
	step storm-6.12 1200 'module-6.12 programs' smp tests/machine.sh 6.12 "$storm"
	step metrics 1200 'module-6.1 programs' smp tests/metrics/run.sh 6.1
	if [ "$long" ]; then
		step machine-smp-debug 3600 'module-smp-debug programs' smp \
			tests/machine.sh smp-debug api examples kill replay "$storm"
		step kunit-smp-debug 1200 kernel-smp-debug smp tests/run-kunit.sh smp-debug
		step planted-smp-debug 1800 kernel-smp-debug smp \
			tests/planted/run.sh -k smp-debug
	fi
	step api-uml-debug 900 'module-uml-debug programs' - \
		tests/machine.sh uml-debug api examples
	step static 1200 'kernel-6.1 kernel-6.12 programs' module tests/static.sh
	step failnth 1800 'module-uml-debug programs' - tests/machine.sh uml-debug failnth
	step replay 900 'module-uml-debug programs' - tests/machine.sh uml-debug replay
	step kill-uml-debug 1200 'module-uml-debug programs' - \
		tests/machine.sh uml-debug kill "$storm"
	step tour 1200 'module-uml programs' - tests/machine.sh uml tour
	step busy 900 'module-uml-debug programs' - tests/machine.sh uml-debug busy
	step terminal 900 'module-uml programs' - tests/machine.sh uml terminal
	step report 900 'module-uml programs' - tests/report/run.sh uml
	step kunit 600 module-uml-debug - tests/run-kunit.sh
	step planted 900 module-uml-debug - tests/planted/run.sh
	step demo 600 'module-uml userspace' - make demo

	step engine 600 engine-build - build/engine/suites
	step unit 120 deps - make -C tests/unit "BUILD=$PWD/build/unit" \
		SANITIZE=address,undefined run
	for part in 0 1; do
		step "model-$part" $((long ? 7200 : 600)) engine-build - \
			build/engine/interleave exhaustive $((long ? 4 : 3)) "$part" 2
		# The seed names the first graph, each has the next one.
		step "model-random-$part" $((long ? 3600 : 300)) engine-build - \
			build/engine/interleave random "$(times 500000)" \
			"$(printf '%d' $((1 + part * $(times 500000))))"
	done
	for part in 0 1; do
		step "model-young-$part" 120 engine-build - \
			build/engine/interleave young 2 "$part"
	done
	for part in weak final ephemeron; do
		step "model-$part" $((long ? 3600 : 300)) engine-build - \
			build/engine/interleave "$part" 2
	done
	step model-pairs $((long ? 7200 : 120)) engine-build - \
		build/engine/interleave pairs $((long ? 2 : 1))
	step oracle $((long ? 7200 : 1200)) engine-build - \
		/usr/bin/python3 tests/engine/oracle.py build/engine/oracle.so "$(times 200000)"
	step sessions 600 engine-build - build/engine/sessions "$(times 200)"
	step random $((long ? 3600 : 600)) engine-build - build/engine/random "$(times 20)"
	step fuzz $((long ? 7200 : 300)) engine-build - \
		make -C tests fuzz "FUZZ_SECONDS=$((long ? 1800 : 30))"
	step fuzz-saved $((long ? 7200 : 300)) deps - \
		make -C tests/fuzz run "FUZZ_SECONDS=$((long ? 1800 : 30))"
}
plan

if [ "$list" ]; then
	printf '%s\n' "${order[@]}"
	exit 0
fi

### Which of them

declare -A state=()
# Marks a step and all that it needs.
want() {
	local name=$1 other
	[ -n "${limit[$name]-}" ] || {
		printf 'check: no such step: %s (--list for all)\n' "$name" >&2
		exit 2
	}
	[ -z "${state[$name]-}" ] || return 0
	state[$name]=waiting
	for other in ${needs[$name]}; do
		want "$other"
	done
}
[ ${#wanted[@]} -gt 0 ] || wanted=("${order[@]}")
for name in "${wanted[@]}"; do
	want "$name"
done

### Running them

declare -A process=() began=()
passed=0
failed=0
skipped=0

# Each step is timeout's, which passes a signal on to all that belongs to it.
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
	trap '' INT TERM HUP
	if [ ${#process[@]} -gt 0 ]; then
		kill -TERM "${process[@]}" 2>/dev/null || :
		wait || :
	fi
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Prints passed, failed and skipped of a log.
count() {
	tr -d '\r' <"$1" | awk '
		function number(word) { return match($0, "[0-9]+ " word) ? substr($0, RSTART) + 0 : 0 }
		/^[0-9]+ passed, [0-9]+ failed/ {
			p += number("passed")
			f += number("failed")
			s += number("skipped")
		}
		/^\[  PASSED  \] [0-9]+ test/ { p += $4 }
		/^\[  FAILED  \] [0-9]+ test/ { f += $4 }
		/^\[  SKIPPED \] [0-9]+ test/ { s += $4 }
		/^ok [0-9]+.*# SKIP/ { s++; next }
		/^ok [0-9]+/ { p++ }
		/^not ok [0-9]+/ { f++ }
		END { print p + 0, f + 0, s + 0 }'
}

say() {
	local name=$1 result=$2 time=$3
	printf '%-6s %-18s %5s   %s\n' "$result" "$name" "$time" "${4-}"
}

start() {
	local name=$1 words
	state[$name]=running
	began[$name]=$SECONDS
	read -ra words <<<"${command[$name]}"
	# Should this script be killed outright, the step ends as well.
	setpriv --pdeathsig TERM timeout -k 15 "${limit[$name]}" "${words[@]}" \
		</dev/null >"$logs/$name.log" 2>&1 &
	process[$name]=$!
}

finish() {
	local name=$1 status=$2 time p f s note=
	time=$((SECONDS - began[$name]))
	unset "process[$name]"
	read -r p f s < <(count "$logs/$name.log")
	if [ "$status" -ne 0 ]; then
		state[$name]=failed
		[ "$f" -gt 0 ] || f=1
	else
		state[$name]="done"
		if [ "$f" -gt 0 ]; then
			state[$name]=failed
		elif [ $((p + s)) -eq 0 ]; then
			p=1
		fi
	fi
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	[ $((p + f + s)) -le 1 ] || note="$p passed, $f failed, $s skipped"
	if [ "${state[$name]}" = failed ]; then
		[ "$status" -ne 124 ] || note="the time was up ($note)"
		say "$name" FAILED "${time}s" "$note"
		{
			# Whatever failed may be far above the end.
			head -n -30 "$logs/$name.log" |
				grep -E '^(not ok|\[  FAILED  \]|FAILED|FAULT)' | head -n 20 || :
			tail -n 30 "$logs/$name.log"
		} | sed 's/^/    | /'
		printf '    %s: %s (status %s)\n' "$logs/$name.log" "${command[$name]}" "$status"
	else
		say "$name" ok "${time}s" "$note"
	fi
}

# Whether a step can start now; one that never can is skipped.
ready() {
	local name=$1 other running
	for other in ${needs[$name]}; do
		case ${state[$other]} in
		done) ;;
		failed | skipped)
			state[$name]=skipped
			skipped=$((skipped + 1))
			say "$name" skip - "needs $other"
			return 1
			;;
		*) return 1 ;;
		esac
	done
	[ "${alone[$name]}" != - ] || return 0
	for running in "${!process[@]}"; do
		[ "${alone[$running]}" != "${alone[$name]}" ] || return 1
	done
}

start_what_can() {
	local name
	for name in "${order[@]}"; do
		[ ${#process[@]} -lt "$slots" ] || return 0
		if [ "${state[$name]-}" = waiting ] && ready "$name"; then
			start "$name"
		fi
	done
}

mkdir -p "$logs"
start_what_can
while [ ${#process[@]} -gt 0 ]; do
	status=0
	wait -n -p ended "${process[@]}" || status=$?
	for name in "${!process[@]}"; do
		if [ "${process[$name]}" = "$ended" ]; then
			finish "$name" "$status"
		fi
	done
	start_what_can
done

printf 'The logs are in %s; all of it took %d:%02d minutes.\n' "$logs" $((SECONDS / 60)) $((SECONDS % 60))
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
