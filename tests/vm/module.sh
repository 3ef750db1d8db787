#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the modules for one kernel, beside the sources, and prints their paths.
#
#   module.sh KERNEL [OUTDIR] [-- MAKEARG...]
#
# OUTDIR is build/KERNEL unless given. From the environment: W, C,
# REFHEAP_KUNIT, GCOV_PROFILE go on to make; REFHEAP_SRC is where the sources
# are, if not in the repository of this script.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)

usage() {
	sed -n '4,10s/^# \{0,1\}//p' "$0"
	exit "${1:-2}"
}

case ${1-} in
-h | --help) usage 0 ;;
'' | -*) usage ;;
esac
kernel=$1
shift
source=$(cd "${REFHEAP_SRC:-$here/../..}" && pwd -P)
outdir=$source/build/$kernel
if [ $# -gt 0 ] && [ "$1" != -- ]; then
	outdir=$1
	shift
fi
[ $# -eq 0 ] || [ "$1" = -- ] || usage
[ $# -eq 0 ] || shift

mkdir -p "$outdir"
outdir=$(cd "$outdir" && pwd -P)
case $source$outdir in
*[[:space:]:]*)
	printf 'module: kbuild cannot work in a path with blanks or colons: %s\n' "$outdir" >&2
	exit 1
	;;
esac
for tool in gcc make rsync; do
	command -v "$tool" >/dev/null || {
		"$here/deps.sh" build
		break
	}
done
read -ra arguments < <("$here/kernel.sh" --makeargs "$kernel")
[ ${#arguments[@]} -gt 0 ] || exit 1

exec {lock}>"$outdir/.lock"
flock "$lock"

# kbuild puts what it makes beside the sources. Copies that keep their times
# let several kernels be built for, and each be rebuilt in part.
made=()
for pattern in '*.o' '*.ko' '*.mod' '*.mod.c' '*.cmd' '*.d' '*.gcno' '*.gcda' \
	'*.order' '*.symvers' '*.a' '*.o.*'; do
	made+=("--exclude=$pattern")
done
copies=("$source/Kbuild")
for name in kmod include tests; do
	[ ! -d "$source/$name" ] || copies+=("$source/$name")
done
rsync -rlpt --delete --prune-empty-dirs "${made[@]}" --exclude=/tests/vm --include='*/' \
	--include='*.[chS]' --include='Kbuild' --include='Makefile' --exclude='*' \
	"${copies[@]}" "$outdir/"

for name in W C REFHEAP_KUNIT GCOV_PROFILE; do
	[ -z "${!name-}" ] || arguments+=("$name=${!name}")
done
log=$outdir/make.log
status=0
make "${arguments[@]}" M="$outdir" -j"$(nproc)" modules "$@" >"$log" 2>&1 {lock}>&- || status=$?
# Warnings are for the reader too; the progress of kbuild is not.
grep -vE '^(make(\[|:)|  [A-Z]+( \[M\])? |Skipping BTF|warning: the compiler differs|  (The kernel was built|You are using))' \
	"$log" >&2 || :
if [ "$status" -ne 0 ]; then
	printf 'module: building for %s failed (%s)\n' "$kernel" "$log" >&2
	exit 1
fi
sed "s|^|$outdir/|; s|^$outdir/$outdir/|$outdir/|; s|\.o\$|.ko|" "$outdir/modules.order"
