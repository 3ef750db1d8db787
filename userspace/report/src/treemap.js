// SPDX-License-Identifier: GPL-2.0
// What each object keeps alive alone, as areas inside of each other. A click
// goes into one.
import { hierarchy, treemap as layOut, treemapSquarify } from "d3-hierarchy";
import { element, svg } from "./dom.js";
import { bytes, count, percent, plural, shorten } from "./format.js";
import { nothing, section, swatch, table } from "./section.js";
import { follow, hide, showAt } from "./tooltip.js";

const HEIGHT = 460;
const HEAD = 19;
const LEVELS = 3;

// The tree of dominators, as far as the page has it.
function plant(objects) {
	const below = new Map();
	const tops = [];
	for (const node of objects.nodes) {
		if (node.above < -1)
			continue;	// in the page for its edges only
		const parent = node.above === -1 ? tops : below.get(node.above) ?? below.set(node.above, []).get(node.above);
		parent.push(node);
	}
	return { below, tops };
}

// What is right below an object. Trees can be deep, so no more is looked at.
function childrenOf(item, { below, tops }) {
	if (item.whole)
		return tops.map((node) => ({ node, total: node.retained }));
	if (item.own || item.small || !below.has(item.node.index))
		return [];
	const { node } = item;
	const children = below.get(node.index).map((child) => ({ node: child, total: child.retained }));
	const rest = node.retained - node.size - children.reduce((sum, child) => sum + child.total, 0);
	const others = node.retainedObjects - 1 - children.reduce((sum, child) => sum + child.node.retainedObjects, 0);
	children.push({ own: true, node, total: node.size });
	if (rest > 0)
		children.push({ small: true, node, total: rest, others });
	return children;
}

const everything = (tree) => ({ whole: true, total: tree.tops.reduce((sum, node) => sum + node.retained, 0) });

const nameOf = (item) => item.whole ? "All that is shown" : item.own ? `${item.node.type} itself` :
	item.small ? plural(item.others, "smaller object") : item.node.name;

function contentOf(item, whole, tree) {
	const lines = [];
	if (item.small)
		lines.push(["Together", bytes(item.total)], ["Objects", count(item.others)]);
	else if (item.own)
		lines.push(["Size", bytes(item.total)]);
	else
		lines.push(["Type", item.node.type], ["Id", item.node.id], ["Value", shorten(item.node.text, 40)], ["Size", bytes(item.node.size)],
			["Retained", `${bytes(item.total)} (${percent(item.total, whole)} of what is shown)`],
			["Objects", count(item.node.retainedObjects)], ["References", count(item.node.refcount)]);
	return { title: shorten(nameOf(item), 80), lines, note: childrenOf(item, tree).length ? "Click to go into it." : null };
}

function drawCell(cell, index, colors, root) {
	const { data: item, x0, y0, x1, y1 } = cell;
	const width = x1 - x0;
	const inside = Boolean(cell.children);
	const room = Math.floor((width - 10) / 6.6);
	const label = room >= 4 && y1 - y0 >= HEAD - 4 && !item.own;
	return svg("g", { class: `cell${inside ? " box" : ""}${item.small || item.own ? " rest" : ""}`, transform: `translate(${x0},${y0})`,
		"data-cell": index, "data-depth": cell.depth },
		svg("rect", { width: Math.max(0, width), height: Math.max(0, y1 - y0), rx: 2,
			style: { fill: item.whole ? "none" : item.small || item.own ? "var(--type-other)" : colors.of(item.node.type) } }),
		label && cell !== root ? svg("text", { x: 5, y: 13.5 }, shorten(nameOf(item), room)) : null,
		label && !inside && y1 - y0 > 34 ? svg("text", { class: "figure", x: 5, y: 28 }, shorten(bytes(item.total), room)) : null);
}

// A level more than can be told apart would only cost time.
function cut(item, depth, tree) {
	const children = depth ? childrenOf(item, tree) : [];
	return { ...item, children: children.length ? children.map((child) => cut(child, depth - 1, tree)) : undefined, full: item };
}

export function treemap(actions) {
	const frame = section("retained", "Retained memory", "What would be freed with each object: an area is what nothing else keeps alive.");
	let trail = [];
	let tree = null;
	let state = null;

	function enter(item) {
		trail.push(item);
		drawBody();
	}
	function leave(level = trail.length - 2) {
		if (level < 0)
			return;
		trail = trail.slice(0, level + 1);
		drawBody();
	}
	function drawTrail() {
		frame.controls.replaceChildren(element("nav", { class: "trail", "aria-label": "Where the map is" }, trail.map((item, i) =>
			element("button", { type: "button", "aria-current": i === trail.length - 1 ? "true" : null, onclick: () => leave(i) }, shorten(nameOf(item), 28)))));
		const item = trail.at(-1);
		if (!item.whole)
			frame.controls.append(element("button", { type: "button", onclick: () => actions.showObject(item.node) }, "Show in the graph"));
	}
	function moveTo(chart, cells, at) {
		const index = (at + cells.length) % cells.length;
		chart.querySelectorAll(".at").forEach((other) => other.classList.remove("at"));
		const node = chart.querySelector(`[data-cell="${index}"]`);
		node.classList.add("at");
		showAt(node, contentOf(cells[index].data.full, trail.at(-1).total, tree));
		return index;
	}
	function onKeys(chart, cells) {
		let at = 0;
		chart.addEventListener("keydown", (event) => {
			const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
			if (step && cells.length > 1) {
				event.preventDefault();
				at = moveTo(chart, cells, at + step);
			} else if (event.key === "Enter" && at) {
				goInto(cells[at].data.full);
				frame.body.querySelector("svg")?.focus();
			} else if (event.key === "Escape" || event.key === "Backspace") {
				event.preventDefault();
				hide();
				leave();
				frame.body.querySelector("svg")?.focus();
			}
		});
		chart.addEventListener("blur", hide);
	}
	function goInto(item) {
		if (item.small || item.own)
			return;
		hide();
		if (childrenOf(item, tree).length && item !== trail.at(-1))
			enter(item);
		else if (!item.whole)
			actions.showObject(item.node);
	}
	function drawBody() {
		const item = trail.at(-1);
		const width = Math.max(320, frame.body.clientWidth);
		const root = hierarchy(cut(item, LEVELS, tree)).sum((node) => node.children?.length ? 0 : node.total).sort((a, b) => b.value - a.value);
		layOut().tile(treemapSquarify).size([width, HEIGHT]).paddingInner(2).paddingOuter(2)
			.paddingTop((cell) => cell.depth === 0 ? 2 : HEAD).round(true)(root);
		const cells = root.descendants().filter((cell) => cell.x1 - cell.x0 > 1 && cell.y1 - cell.y0 > 1);
		const chart = svg("svg", { width, height: HEIGHT, class: "treemap", role: "img", tabindex: "0",
			"aria-label": `Retained memory, ${bytes(item.total)}. Arrow keys move, Enter goes into an object, Escape goes back.` },
		cells.map((cell, i) => drawCell(cell, i, state.colors, root)));
		follow(chart, "data-cell", (index) => contentOf(cells[index].data.full, item.total, tree));
		chart.addEventListener("click", (event) => {
			const target = event.target.closest("[data-cell]");
			if (target)
				goInto(cells[target.dataset.cell].data.full);
		});
		onKeys(chart, cells);
		frame.body.replaceChildren(chart);
		drawTrail();
	}
	function drawLegend() {
		frame.legend.replaceChildren(...state.colors.names.map((name) => swatch(state.colors.of(name), name)), swatch("var(--type-other)", "others"));
	}
	function drawTable(objects) {
		const top = objects.nodes.filter((node) => node.above >= -1 && !node.isRoot).sort((a, b) => b.retained - a.retained).slice(0, 25);
		frame.figures.replaceChildren(table("The largest as a table", [
			{ head: "Object", cell: (node) => element("button", { type: "button", class: "link", onclick: () => actions.showObject(node) }, shorten(node.name, 60)) },
			{ head: "Type", cell: (node) => node.type },
			{ head: "Size", number: true, cell: (node) => bytes(node.size) },
			{ head: "Retained", number: true, cell: (node) => bytes(node.retained) },
			{ head: "Objects", number: true, cell: (node) => count(node.retainedObjects) },
		], top, objects.nodes.length < objects.total ?
			`The page has ${count(objects.nodes.length)} of ${plural(objects.total, "object")}: those that retain most, and what is around them. The rest is in the areas of smaller objects.` : null));
	}
	return {
		...frame,
		draw(newState) {
			state = newState;
			const { objects } = state.snapshot;
			tree = plant(objects);
			trail = [everything(tree)];
			if (!trail[0].total) {
				frame.body.replaceChildren(nothing("There is nothing that could be freed."));
				frame.controls.replaceChildren();
				return;
			}
			drawBody();
			drawLegend();
			drawTable(objects);
		},
	};
}
