// SPDX-License-Identifier: GPL-2.0
// The figures of a snapshot, and what has changed since the one before.
import { element } from "./dom.js";
import { bytes, count, duration, percent, signed } from "./format.js";
import { section } from "./section.js";

function change(now, before, format) {
	if (before === undefined || before === null)
		return null;
	const difference = now - before;
	const kind = difference > 0 ? "more" : difference < 0 ? "less" : "same";
	return element("p", { class: `change ${kind}` }, signed(difference, format));
}

function tile(name, value, detail, delta) {
	return element("div", { class: "tile" },
		element("p", { class: "name" }, name),
		element("p", { class: "value" }, value),
		delta,
		detail ? element("p", { class: "muted" }, detail) : null);
}

function limit(use, max, format) {
	return max ? `${percent(use, max)} of at most ${format(max)}` : null;
}

function collectorTile(gc) {
	const collections = gc.generations.reduce((sum, generation) => sum + generation.collections, 0);
	const collected = gc.generations.reduce((sum, generation) => sum + generation.collected, 0);
	return tile("Collections", count(collections),
		`${count(collected)} collected, ${gc.enabled ? "automatic" : "automatic ones are off"}`);
}

function tiles(snapshot, before) {
	const heap = snapshot.heap;
	const list = [
		tile("Live bytes", bytes(heap.bytes), limit(heap.bytes, heap.max_bytes, bytes), change(heap.bytes, before?.heap.bytes, bytes)),
		tile("Live objects", count(heap.objects), limit(heap.objects, heap.max_objects, count),
			change(heap.objects, before?.heap.objects, count)),
	];
	if (heap.reserved !== undefined)
		list.push(tile("Reserved", bytes(heap.reserved), `${percent(heap.bytes, heap.reserved)} of it is live objects`,
			change(heap.reserved, before?.heap.reserved, bytes)));
	if (heap.births !== undefined)
		list.push(tile("Births", count(heap.births), `${count(heap.deaths)} deaths`, change(heap.births, before?.heap.births, count)));
	if (snapshot.gc) {
		list.push(collectorTile(snapshot.gc));
		list.push(tile("Longest pause", snapshot.gc.duration_ns ? duration(snapshot.gc.hold_ns) : "–",
			snapshot.gc.duration_ns ? `of the last full collection, ${duration(snapshot.gc.duration_ns)} in all` : "no full collection yet"));
	}
	if (heap.sessions !== undefined)
		list.push(tile("Sessions", count(heap.sessions), `${count(heap.names)} names`));
	return list;
}

export function overview() {
	const frame = section("overview", "Overview", "What the heap has, and what changed since the snapshot before.");
	return {
		...frame,
		draw(state) {
			const before = state.data.snapshots[state.snapshot.index - 1];
			frame.body.replaceChildren(element("div", { class: "tiles" }, tiles(state.snapshot, before)));
			frame.legend.replaceChildren();
			if (state.snapshot.disturbed)
				frame.legend.append(element("p", { class: "warning" },
					"Others changed the heap while it was looked at: what is shown was true, but not all at one moment."));
		},
	};
}
