#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests that run in machines reach of the module.
#
#   coverage.sh [SUITE...]     api examples cmd failnth kill
#
# Prints lines and branches of each file, of the engine and of the doors. The
# status is 1 when a suite fails or less than 85 % of all lines are reached.
set -euo pipefail

tests=$(cd "$(dirname "$0")" && pwd -P)
cd "$tests/.."
out=$PWD/build/coverage
least=85
suites=(api examples cmd failnth kill)
[ $# -eq 0 ] || suites=("$@")

tests/vm/deps.sh build lib vm test
make -s -C userspace >/dev/null
make -s -f tests/programs.mk >/dev/null
# The engine's own suites come in a second module, with the same objects; the
# kernel adds their counts up.
mapfile -t modules < <(tests/vm/module.sh uml-debug "$out/module" -- \
	REFHEAP_GCOV=1 REFHEAP_KUNIT=1)
options=()
for module in "${modules[@]}"; do
	options+=(-m "$module")
done

rm -rf "$out/counts"
find "$out/module" -name '*.gcda' -delete
status=0
tests/machine.sh "${options[@]}" -g "$out/counts" uml-debug "${suites[@]}" >"$out/suites.log" 2>&1 ||
	status=$?
if [ "$status" -ne 0 ]; then
	grep -E '^(not ok|\[  FAILED  \])' "$out/suites.log" || tail -n 20 "$out/suites.log"
	printf 'coverage: a suite failed (%s)\n' "$out/suites.log" >&2
fi
# Beside the notes that the compiler left.
cp -r "$out/counts$out/module/." "$out/module/" || {
	printf 'coverage: the kernel has counted nothing\n' >&2
	exit 1
}

# Prints of one source: lines, reached, branches, taken.
measure() {
	local source=$1
	(cd "$out/module" && gcov -n -b -o "${source%/*}" "${source%.c}.gcda" 2>/dev/null) |
		awk -v source="$source" '
		function share(text,   part) {
			split(substr($0, length(text) + 1), part, "% of ")
			return part[2] " " int(part[1] * part[2] / 100 + 0.5)
		}
		/^File / { ours = index($0, "/" source "\047") || $0 == "File \047" source "\047" }
		ours && /^Lines executed:/ { lines = share("Lines executed:") }
		ours && /^Taken at least once:/ { branches = share("Taken at least once:") }
		END { print lines ? lines : "0 0", branches ? branches : "0 0" }'
}

for source in kmod/engine/*.c kmod/*.c; do
	printf '%s %s\n' "$source" "$(measure "$source")"
done | awk -v least="$least" '
function percent(n, of) { return of ? sprintf("%6.1f %%", 100 * n / of) : "      -" }
function row(name, a, b, c, d) {
	printf "%-28s %s of %5d   %s of %5d\n", name, percent(b, a), a, percent(d, c), c
}
BEGIN { printf "%-28s %-17s %s\n", "", "   lines", "   branches" }
{
	row($1, $2, $3, $4, $5)
	part = $1 ~ /engine/ ? "engine" : "doors"
	for (i = 2; i <= 5; i++) {
		sum[part, i] += $i
		sum["all", i] += $i
	}
}
END {
	n = split("engine doors all", names, " ")
	for (i = 1; i <= n; i++)
		row(names[i], sum[names[i], 2], sum[names[i], 3], sum[names[i], 4], sum[names[i], 5])
	exit sum["all", 3] * 100 < least * sum["all", 2]
}' || {
	printf 'coverage: less than %d %% of the lines\n' "$least" >&2
	status=1
}
exit "$status"
