#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fails when something that a test needs has not been built, and says how to.
#
#   built.sh FILE...
#
# TAP's "Bail out!" is what it prints, for whoever counts cases.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd -P)

how() {
	case $1 in
	*.ko) printf 'tests/vm/module.sh %s' "$(basename "$(dirname "$1")")" ;;
	*/tests/*) printf 'make -f tests/programs.mk' ;;
	*) printf 'make userspace' ;;
	esac
}

for file in "$@"; do
	[ ! -r "$file" ] || continue
	file=$(realpath -m "$file")
	file=${file#"$top"/}
	printf 'Bail out! %s has not been built: %s\n' "$file" "$(how "$file")"
	exit 1
done
