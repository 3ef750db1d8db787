// SPDX-License-Identifier: GPL-2.0
// Types keep their colour in every chart and snapshot: the most common ones of
// the report have one each, the rest share grey.

const COLORS = 8;

export function typeColors(data) {
	const sizes = new Map();
	for (const snapshot of data.snapshots) {
		for (const [name, , size] of snapshot.types.rows)
			sizes.set(name, Math.max(size, sizes.get(name) ?? 0));
	}
	const names = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, COLORS).map(([name]) => name);
	return {
		names,
		of: (name) => names.includes(name) ? `var(--type-${names.indexOf(name)})` : "var(--type-other)",
	};
}
