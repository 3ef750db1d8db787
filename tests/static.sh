#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checks that read the sources. Clean means that they print nothing.
#
#   static.sh [CHECK...]     sparse warnings checkpatch shellcheck codespell netlink
#
# Prints TAP.
set -euo pipefail

tests=$(cd "$(dirname "$0")" && pwd -P)
cd "$tests/.."
out=build/static
mkdir -p "$out"

series=(6.1 6.12)

# The sources, also where there is no git. The fuzzer's corpus is no text.
sources() {
	find . \( -path ./build -o -path ./.git -o -path ./tests/fuzz/corpus \) -prune -o \
		-type f ! -name 'COPYING*' ! -name '*.pyc' "$@" -printf '%P\n' | LC_ALL=C sort
}

# Built apart from the modules that are tested, and from nothing, since only
# what is compiled is looked at.
rebuilt() {
	local kernel=$1 folder=$out/$2-$1
	shift 2
	rm -rf "$folder"
	env "$@" tests/vm/module.sh "$kernel" "$folder" >/dev/null
	# Of the kernel's headers we are not the judge.
	grep -E '(warning|error):' "$folder/make.log" |
		grep -vE '^(warning: the compiler differs|.*/linux-headers-)' || :
}

sparse() {
	local kernel
	for kernel in "${series[@]}"; do
		rebuilt "$kernel" sparse C=1
	done
}

warnings() {
	local kernel
	for kernel in "${series[@]}"; do
		rebuilt "$kernel" warnings W=1
	done
}

# There is no file of maintainers here that a new file could be missing from.
checkpatch() {
	local source
	source=$(tests/vm/kernel.sh --source uml)
	sources -name '*.[ch]' | grep -E '^(kmod|include/uapi)/' |
		xargs "$source/scripts/checkpatch.pl" --no-tree --strict --terse --no-summary \
			--file --ignore FILE_PATH_CHANGES || :
}

shell() {
	local files
	mapfile -t files < <(sources | xargs grep -lIE '^#!.*[/ ](ba|da)?sh( |$)' | grep -v '\.md$')
	shellcheck "${files[@]}" || :
}

# iput() is the kernel's.
spelling() {
	sources | xargs codespell -L iput || :
}

# The YAML must be one, and name what the header names.
netlink() {
	python3 -B tests/netlink-spec.py include/uapi/linux/refheap.yaml \
		include/uapi/linux/refheap.h || :
}

declare -A run=(
	[sparse]=sparse
	[warnings]=warnings
	[checkpatch]=checkpatch
	[shellcheck]=shell
	[codespell]=spelling
	[netlink]=netlink
)
checks=(sparse warnings checkpatch shellcheck codespell netlink)
[ $# -eq 0 ] || checks=("$@")

number=0
failed=0
for check in "${checks[@]}"; do
	number=$((number + 1))
	[ -n "${run[$check]-}" ] || {
		printf 'static: no such check: %s\n' "$check" >&2
		exit 2
	}
	status=0
	found=$("${run[$check]}" 2>&1) || status=$?
	if [ -z "$found" ] && [ "$status" -eq 0 ]; then
		printf 'ok %s - %s\n' "$number" "$check"
	else
		failed=$((failed + 1))
		printf '%s\n' "$found"
		printf 'not ok %s - %s\n' "$number" "$check"
	fi
done
printf '1..%s\n' "$number"
[ "$failed" -eq 0 ]
