#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Rejects includes that point up, and engine files that include what the
# userspace build does not have.
#
#   check-layers.sh [TREE]     the repository, or another tree like it
#   check-layers.sh --self     plants violations and expects to see each
#
# A file of kmod/ has a room; it may include its own and those below:
#
#   0  kmod/engine
#   1  what is in none of the others: sessions, limits, worker...
#   2  kmod/chardev, kmod/netlink*: the doors, which do not know each other
#   3  kmod/main
#
# Of the engine, those above may include engine/engine.h and engine/host.h only.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)

room_of() {
	case $1 in
	kmod/engine/*) echo 0 ;;
	kmod/main.[ch]) echo 3 ;;
	kmod/chardev*.[ch] | kmod/netlink*.[ch]) echo 2 ;;
	*) echo 1 ;;
	esac
}

faults=0
complain() {
	printf '%s: %s\n' "$1" "$2"
	faults=$((faults + 1))
}

# "file:line:kind:name" for each include; kind is < or ".
includes() {
	grep -rnoP '^\s*#\s*include\s*\K[<"][^>"]+' --include='*.[ch]' "$@" |
		sed -E 's/^([^:]+):([0-9]+):([<"])(.*)/\1:\2:\3:\4/'
}

check_engine() {
	local file line kind name
	while IFS=: read -r file line kind name; do
		if [ "$kind" = '"' ]; then
			[ -f "kmod/engine/${name//\//no}" ] ||
				complain "$file:$line" "the engine includes $name, which is not its own"
		elif [[ $name == uapi/* ]]; then
			[ -f "include/$name" ] || complain "$file:$line" "there is no include/$name"
		elif [[ $name == engine/* ]] || [ -f "kmod/$name" ]; then
			complain "$file:$line" "the engine includes $name by a path from above"
		else
			[ -f "tests/shim/$name" ] ||
				complain "$file:$line" "the engine includes <$name>, which userspace does not have"
		fi
	done < <(includes kmod/engine)
}

check_above() {
	local file line kind name target
	while IFS=: read -r file line kind name; do
		case $file in kmod/engine/*) continue ;; esac
		target=
		if [ -f "$(dirname "$file")/$name" ]; then
			target=$(dirname "$file")/$name
		elif [ -f "kmod/$name" ]; then
			target=kmod/$name
		fi
		[ -n "$target" ] || continue
		case $target in
		kmod/engine/engine.h | kmod/engine/host.h) continue ;;
		kmod/engine/*)
			complain "$file:$line" "$name is the engine's own; engine/engine.h is for others"
			continue
			;;
		esac
		# A file and its header are one.
		[ "${file%.*}" = "${target%.*}" ] && continue
		if [ "$(room_of "$target")" -gt "$(room_of "$file")" ]; then
			complain "$file:$line" "includes $name, which is above it"
		elif [ "$(room_of "$target")" -eq 2 ] && [ "$(room_of "$file")" -eq 2 ] &&
			[ "$(door_of "$target")" != "$(door_of "$file")" ]; then
			complain "$file:$line" "one door includes another: $name"
		fi
	done < <(includes kmod)
}

door_of() {
	case $1 in
	kmod/chardev*) echo chardev ;;
	*) echo netlink ;;
	esac
}

# Includes that go round in a circle have no down.
check_circles() {
	local file line kind name target
	while IFS=: read -r file line kind name; do
		target=$(dirname "$file")/$name
		[ "$kind" = '"' ] && [ -f "$target" ] || continue
		[ "${file%.c}" = "$file" ] || continue
		printf '%s %s\n' "$file" "$target"
	done < <(includes kmod) | tsort >/dev/null 2>"$circles" || :
	if [ -s "$circles" ]; then
		complain kmod "headers include each other: $(paste -sd ' ' "$circles")"
	fi
}

check() {
	cd "$1"
	[ -d kmod/engine ] || {
		echo "check-layers: $1 has no kmod/engine" >&2
		exit 2
	}
	circles=$(mktemp)
	check_engine
	check_above
	check_circles
	rm -f "$circles"
	[ "$faults" -eq 0 ]
}

# Each planted line must be seen, in a copy.
self_test() {
	local tree=$1 planted status=0 file line
	planted=$(mktemp -d)
	while IFS='|' read -r file line; do
		rm -rf "${planted:?}"/*
		mkdir -p "$planted/tests"
		cp -r "$tree/kmod" "$tree/include" "$planted/"
		cp -r "$tree/tests/shim" "$planted/tests/"
		[ -f "$planted/$file" ] || {
			printf 'not there to plant into: %s\n' "$file"
			status=1
			continue
		}
		printf '%s\n' "$line" >>"$planted/$file"
		if "$here/check-layers.sh" "$planted" >/dev/null; then
			printf 'not seen: %s in %s\n' "$line" "$file"
			status=1
		fi
	done <<-'END'
		kmod/engine/table.c|#include "../session.h"
		kmod/engine/table.c|#include <linux/sched.h>
		kmod/engine/table.c|#include <linux/uaccess.h>
		kmod/engine/heap.h|#include "table.h"
		kmod/session.c|#include "chardev.h"
		kmod/session.c|#include "engine/table.h"
		kmod/limits.h|#include "netlink.h"
		kmod/chardev.c|#include "netlink.h"
	END
	rm -rf "$planted"
	return $status
}

case ${1-} in
--self)
	self_test "$(cd "$here/.." && pwd -P)"
	;;
-*)
	sed -n '6,8s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
*)
	check "$(cd "${1:-$here/..}" && pwd -P)"
	;;
esac
