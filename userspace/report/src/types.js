// SPDX-License-Identifier: GPL-2.0
// The types that most memory is of, and how that changed.
import { element } from "./dom.js";
import { bytes, count, percent, plural, signed } from "./format.js";
import { choice, section } from "./section.js";

const SHOWN = 15;

function drawRow([name, objects, size], before, whole, most, state, by) {
	const old = before?.types.rows.find(([other]) => other === name);
	const value = by === "size" ? size : objects;
	const was = by === "size" ? old?.[2] ?? 0 : old?.[1] ?? 0;
	const format = by === "size" ? bytes : count;
	return element("tr", {},
		element("th", { scope: "row" }, name),
		element("td", { class: "meter" }, element("span", { style: { width: `${100 * value / most}%`, background: state.colors.of(name) } })),
		element("td", { class: "number" }, bytes(size)),
		element("td", { class: "number" }, count(objects)),
		element("td", { class: "number" }, percent(value, whole)),
		element("td", { class: "number" }, before ? signed(value - was, format) : "–"));
}

export function types() {
	const frame = section("types", "Types", "What the live objects are.");
	let by = "size";
	function drawBody(state) {
		const { snapshot } = state;
		const before = state.data.snapshots[snapshot.index - 1];
		const key = by === "size" ? 2 : 1;
		const rows = [...snapshot.types.rows].sort((a, b) => b[key] - a[key]);
		const whole = by === "size" ? snapshot.heap.bytes : snapshot.heap.objects;
		const most = Math.max(1, rows[0]?.[key] ?? 1);
		frame.body.replaceChildren(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Types" },
			element("table", { class: "types" },
				element("thead", {}, element("tr", {},
					["Type", "", "Bytes", "Objects", "Share", "Since the snapshot before"].map((head, i) =>
						element("th", { scope: "col", class: i > 1 ? "number" : null }, head)))),
				element("tbody", {}, rows.slice(0, SHOWN).map((row) => drawRow(row, before, whole, most, state, by))))));
		const [number, objects, size] = snapshot.types.others;
		const hidden = rows.slice(SHOWN);
		const left = number + hidden.length;
		const sum = (index, start) => hidden.reduce((total, row) => total + row[index], start);
		frame.legend.replaceChildren(element("span", { class: "muted" },
			left ? `${plural(left, "further type")}: ${plural(sum(1, objects), "object")}, ${bytes(sum(2, size))}.` : ""));
	}
	return {
		...frame,
		draw(state) {
			frame.controls.replaceChildren(choice("Order", [["size", "by bytes"], ["count", "by objects"]], by, (value) => {
				by = value;
				drawBody(state);
			}));
			drawBody(state);
		},
	};
}
