// SPDX-License-Identifier: GPL-2.0
// The frame that every section has: heading, a line that says what is seen,
// controls, the chart, its legend, and the same as a table.
import { element } from "./dom.js";

export function section(id, title, about) {
	const controls = element("div", { class: "controls" });
	const body = element("div", { class: "chart" });
	const legend = element("div", { class: "legend" });
	const figures = element("div", { class: "figures" });
	const node = element("section", { id, "aria-labelledby": `${id}-title`, tabindex: "-1" },
		element("div", { class: "head" },
			element("div", {},
				element("h2", { id: `${id}-title` }, title),
				element("p", { class: "about muted" }, about)),
			controls),
		body, legend, figures);
	return { id, title, node, controls, body, legend, figures };
}

export const swatch = (color, text) =>
	element("span", { class: "key" }, element("span", { class: "swatch", style: { background: color } }), text);

export const nothing = (text) => element("p", { class: "nothing" }, text);

// @columns: { head, cell(row), number? }
export function table(summary, columns, rows, note) {
	const line = (row) => element("tr", {}, columns.map((column) =>
		element("td", { class: column.number ? "number" : null }, column.cell(row))));
	return element("details", {},
		element("summary", {}, summary),
		element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": summary },
			element("table", {},
				element("thead", {}, element("tr", {}, columns.map((column) =>
					element("th", { scope: "col", class: column.number ? "number" : null }, column.head)))),
				element("tbody", {}, rows.map(line)))),
		note ? element("p", { class: "muted" }, note) : null);
}

// A choice of one, as buttons of which one is pressed.
export function choice(label, options, chosen, onchoose) {
	const group = element("div", { class: "choice", role: "group", "aria-label": label });
	for (const [value, text] of options) {
		group.append(element("button", {
			type: "button",
			"aria-pressed": String(value === chosen),
			onclick(event) {
				for (const other of group.children)
					other.setAttribute("aria-pressed", String(other === event.currentTarget));
				onchoose(value);
			},
		}, text));
	}
	return group;
}
