// SPDX-License-Identifier: GPL-2.0
// Where memory comes from: call sites, the widest allocate most.
import { hierarchy, partition } from "d3-hierarchy";
import { element, svg } from "./dom.js";
import { bytes, count, percent, plural, shorten } from "./format.js";
import { choice, nothing, section, table } from "./section.js";
import { follow, hide, showAt } from "./tooltip.js";

const ROW = 22;
const LETTER = 7.1;
const MEASURES = {
	size: ["Live bytes", bytes],
	count: ["Live objects", count],
	births: ["Births", count],
};

// The same name always has the same of the warm colours.
function hue(name) {
	let hash = 7;
	for (const letter of name)
		hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
	return `var(--flame-${hash % 6})`;
}

// What it made itself, without what it called.
const ownOf = (item, key) => item[key] - item.children.reduce((sum, child) => sum + child[key], 0);

// Of "function (/folder/file.c:12)" only what tells it from others.
const withoutFolders = (name) => name.replace(/(^|\()[^(]*\//, "$1");

// Where objects were made, whether or not the same line has called others, too.
const sitesOf = (root) => root.descendants().filter((node) => node.depth && (!node.children || ownOf(node.data, "births")));

function contentOf(node, whole) {
	return {
		title: node.data.name,
		lines: [
			...Object.entries(MEASURES).map(([key, [name, format]]) => [name, format(node.data[key])]),
			["Of what is shown", percent(node.value, whole)],
		],
		note: node.children ? "Click to look closer." : null,
	};
}

export function flame() {
	const frame = section("allocations", "Allocations", "Who called whom to make objects, as a flame graph: the width is what a call site and its callees made.");
	let measure = "size";
	let search = "";
	let state = null;
	let focus = [];		// names on the way to what is looked at
	let at = null;

	function find(root) {
		let node = root;
		for (const name of focus)
			node = node.children?.find((child) => child.data.name === name) ?? node;
		return node;
	}
	function zoom(node) {
		focus = node.ancestors().reverse().slice(1).map((ancestor) => ancestor.data.name);
		at = null;
		hide();
		drawBody();
		frame.body.querySelector("svg")?.focus({ preventScroll: true });
	}
	const matches = (node) => search && node.data.name.toLowerCase().includes(search);

	function drawFrame(node, index, x, y, width, dimmed) {
		const text = shorten(withoutFolders(node.data.name), Math.floor((width - 8) / LETTER));
		const kind = `frame${dimmed ? " above" : ""}${matches(node) ? " found" : ""}`;
		return svg("g", { class: kind, "data-frame": index, transform: `translate(${x},${y})` },
			svg("rect", { width: Math.max(0.5, width - 1), height: ROW - 2, rx: 2, style: { fill: node.depth ? hue(node.data.name) : "var(--type-other)" } }),
			width > 30 ? svg("text", { x: 5, y: 14 }, text) : null);
	}
	function onKeys(chart, nodes, zoomed) {
		chart.addEventListener("keydown", (event) => {
			const here = at ?? zoomed;
			const siblings = here.parent?.children ?? [here];
			const next = {
				ArrowUp: here.children?.[0],
				ArrowDown: here.parent,
				ArrowLeft: siblings[siblings.indexOf(here) - 1],
				ArrowRight: siblings[siblings.indexOf(here) + 1],
			};
			if (event.key in next) {
				event.preventDefault();
				select(next[event.key] ?? here);
			} else if (event.key === "Enter") {
				zoom(here);
			} else if (event.key === "Escape" && zoomed.parent) {
				zoom(zoomed.parent);
			}
		});
		chart.addEventListener("blur", hide);
		function select(node) {
			const target = chart.querySelector(`[data-frame="${nodes.indexOf(node)}"]`);
			if (!target)
				return;
			chart.querySelectorAll(".at").forEach((other) => other.classList.remove("at"));
			target.classList.add("at");
			at = node;
			showAt(target, contentOf(node, zoomed.value));
		}
	}
	function drawBody() {
		const tree = state.snapshot.trace.tree;
		const width = Math.max(320, frame.body.clientWidth);
		const root = hierarchy(tree).sum((item) => ownOf(item, measure)).sort((a, b) => b.value - a.value);
		partition().size([1, root.height + 1])(root);
		const zoomed = find(root);
		const nodes = root.descendants();
		const scale = width / (zoomed.x1 - zoomed.x0 || 1);
		const height = (root.height + 1) * ROW;
		const above = new Set(zoomed.ancestors().slice(1));
		const chart = svg("svg", { width, height, class: "flames", role: "img", tabindex: "0",
			"aria-label": "Flame graph of allocations. Arrow keys move, Enter looks closer, Escape goes back." },
		nodes.map((node, i) => {
			const outer = above.has(node);
			const x = outer ? 0 : (node.x0 - zoomed.x0) * scale;
			const wide = outer ? width : (node.x1 - node.x0) * scale;
			if (!outer && (wide < 0.6 || x < -0.5 || x >= width))
				return null;
			return drawFrame(node, i, x, height - (node.depth + 1) * ROW, wide, outer);
		}));
		follow(chart, "data-frame", (i) => contentOf(nodes[i], zoomed.value));
		chart.addEventListener("click", (event) => {
			const target = event.target.closest("[data-frame]");
			if (target)
				zoom(nodes[target.dataset.frame]);
		});
		onKeys(chart, nodes, zoomed);
		frame.body.replaceChildren(chart);
		drawLegend(zoomed, nodes);
	}
	function drawLegend(zoomed, nodes) {
		const found = nodes.filter(matches);
		const gone = measure === "births" ? 0 : sitesOf(nodes[0]).filter((node) => !ownOf(node.data, "count")).length;
		const trace = state.snapshot.trace;
		frame.legend.replaceChildren(element("span", { class: "muted" },
			`${MEASURES[measure][0]}: ${MEASURES[measure][1](zoomed.value)} in all. Traced: ${bytes(trace.current)} live in ${plural(trace.count, "object")}, ` +
			`${bytes(trace.peak)} at the peak, ${plural(trace.births, "birth")}. Tracing itself takes ${bytes(trace.overhead)}. ` +
			(gone ? `${plural(gone, "call site")} of which nothing is alive ${gone === 1 ? "is" : "are"} only seen by births. ` : "") +
			(trace.sample ? "Births were sampled: figures are estimates. " : "") + "The caller is below. " +
			(search ? `${plural(found.length, "frame")} found.` : "")));
		if (zoomed.parent)
			frame.legend.append(element("button", { type: "button", onclick: () => zoom(nodes[0]) }, "Show all"));
	}
	function drawControls() {
		frame.controls.replaceChildren(
			choice("Measure", Object.entries(MEASURES).map(([key, [name]]) => [key, name]), measure, (value) => {
				measure = value;
				drawBody();
			}),
			element("label", {}, "Find ", element("input", { type: "search", size: 14, value: search, placeholder: "file or line", oninput(event) {
				search = event.target.value.toLowerCase();
				drawBody();
			} })));
	}
	function drawTable(trace) {
		const leaves = sitesOf(hierarchy(trace.tree)).sort((a, b) => ownOf(b.data, "size") - ownOf(a.data, "size")).slice(0, 25);
		frame.figures.replaceChildren(table("Call sites as a table", [
			{ head: "Site", cell: (node) => withoutFolders(node.data.name) },
			{ head: "Called from", cell: (node) => node.parent.depth ? withoutFolders(node.parent.data.name) : "–" },
			{ head: "Live bytes", number: true, cell: (node) => bytes(ownOf(node.data, "size")) },
			{ head: "Live objects", number: true, cell: (node) => count(ownOf(node.data, "count")) },
			{ head: "Average", number: true, cell: (node) => ownOf(node.data, "count") ? bytes(ownOf(node.data, "size") / ownOf(node.data, "count")) : "–" },
			{ head: "Births", number: true, cell: (node) => count(ownOf(node.data, "births")) },
		], leaves, trace.left_out ? `${plural(trace.left_out, "smaller site")} with ${bytes(trace.left_out_size)} left out.` : null));
	}
	return {
		...frame,
		draw(newState) {
			state = newState;
			at = null;
			const { trace } = state.snapshot;
			frame.legend.replaceChildren();
			frame.figures.replaceChildren();
			frame.controls.replaceChildren();
			if (!trace) {
				frame.body.replaceChildren(nothing(state.snapshot.source === "dump" ? "A saved heap does not tell where its objects were made." :
					"The heap was not traced. 'refheap trace start' books where objects are made from then on."));
				return;
			}
			if (!trace.tree.children.length) {
				frame.body.replaceChildren(nothing("Nothing was made since the trace was started."));
				return;
			}
			drawControls();
			drawBody();
			drawTable(trace);
		},
	};
}
