#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measures the heap beside its peers.
#
#   bench.sh [--quick] [NAME...]     figures; all of them when none is named
#   bench.sh --list                  names of the figures and their machines
#
# Writes build/bench.json, in which figures that are not named stay as they
# were, and prints a table. With --quick two samples each instead of five or
# nine: to see that everything works. The status is 0 when all was measured,
# whatever came of it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
build=$top/build/bench

say() { printf 'bench: %s\n' "$*" >&2; }

quick=()
case ${1-} in
-h | --help)
	sed -n '4,12s/^# \{0,1\}//p' "$0"
	exit 0
	;;
--list) exec /usr/bin/python3 "$here/measure.py" --list ;;
--quick)
	quick=(--quick)
	shift
	;;
esac

"$top/tests/vm/deps.sh" build lib bench
declare -A machine_of=() machines=()
while read -r name machine; do
	machine_of[$name]=$machine
done < <(/usr/bin/python3 "$here/measure.py" --list)
names=("$@")
[ $# -gt 0 ] || names=("${!machine_of[@]}")
for name in "${names[@]}"; do
	[ -n "${machine_of[$name]-}" ] || {
		say "no such figure: $name (--list tells)"
		exit 2
	}
	machines[${machine_of[$name]}]=y
done

mkdir -p "$build"
exec {lock}>"$build/.lock"
flock -n "$lock" || {
	say "waiting for another measurement"
	flock "$lock"
}
say "compiling"
make -s -C "$top/userspace" BUILD="$top/build/userspace" lib cmd >&2
make -s -C "$here"
graph() {
	[ -s "$build/$1_$2.graph" ] || "$build/graph" "$1" "$3" "$build/$1_$2.graph"
}
graph ring 1m 1000000
graph random 1m 1000000
graph random 10m 10000000

read -r load _ </proc/loadavg
[ "${load%.*}" -eq 0 ] || say "the host is busy (load $load): figures will be worse than they are"

# What else runs here would be measured too, above all as pauses of ours. Not by
# real-time priority: the host takes that away for 50 ms of every second, which
# would be the longest hold. Both processors of an emulated machine would leave
# nothing to others, so not there.
alone=(nice -n -20)
[ "$("${alone[@]}" nice 2>/dev/null)" = -20 ] || {
	say "no right to a high priority: other programs will disturb"
	alone=()
}

samples=$build/samples.json
: >"$samples"
measure() {
	${alone[@]+"${alone[@]}"} /usr/bin/python3 "$here/measure.py" \
		${quick[@]+"${quick[@]}"} "$@" >>"$samples"
}

# Ten million objects of ours and of CPython's side by side want the memory.
in_machine() {
	local kernel=$1 memory=$2 module
	shift 2
	module=$("$top/tests/vm/module.sh" "$kernel" | grep "/refheap\.ko\$")
	say "starting the machine $kernel"
	[ "$kernel" = uml ] || alone=()
	${alone[@]+"${alone[@]}"} "$top/tests/vm/run.sh" -k "$kernel" -m "$module" -M "$memory" -t 3600 -- \
		/usr/bin/python3 "$here/measure.py" ${quick[@]+"${quick[@]}"} \
		"$kernel" "$@" >>"$samples"
}

[ -z "${machines[native]-}" ] || measure native "$@"
[ -z "${machines[uml]-}" ] || in_machine uml 4G "$@"
[ -z "${machines[6.1]-}" ] || in_machine 6.1 2G "$@"

printf '\n%s, %s processors, Linux %s; %s\n\n' \
	"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
	"$(uname -r)" "$(/usr/bin/python3 --version)"
/usr/bin/python3 "$here/report.py" "$samples" "$top/build/bench.json"
