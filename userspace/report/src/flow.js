// SPDX-License-Identifier: GPL-2.0
// Births and deaths as they flow through the generations.
import { sankey, sankeyJustify, sankeyLinkHorizontal } from "d3-sankey";
import { svg } from "./dom.js";
import { count, percent, plural } from "./format.js";
import { choice, nothing, section, table } from "./section.js";
import { follow, hide, showAt } from "./tooltip.js";

const HEIGHT = 360;
const ZERO = { entered: 0, left: 0, untracked: 0, died: 0, collected: 0 };

const STATIONS = {
	before: ["Alive before", "var(--alive)"],
	births: ["Births", "var(--birth)"],
	untracked: ["Not tracked", "var(--untracked)"],
	g0: ["Generation 0", "var(--gen-0)"],
	g1: ["Generation 1", "var(--gen-1)"],
	g2: ["Generation 2", "var(--gen-2)"],
	counted: ["Freed by count", "var(--death)"],
	collected: ["Collected", "var(--collected)"],
	alive: ["Alive", "var(--alive)"],
};
const ABOUT = {
	untracked: "what can be in no cycle: the collector does not look at it",
	counted: "the last reference went",
	collected: "were in dead cycles",
};

const positive = (n) => Math.max(0, n);

// Differences of the counters to the snapshot before, or since the beginning.
function readFlow(now, before) {
	const flow = [];
	const add = (source, target, value) => value > 0 && flow.push({ source, target, value });
	const was = before?.gc.generations;
	const steps = now.gc.generations.map((generation, i) => {
		const old = was?.[i] ?? ZERO;
		return {
			entered: generation.entered - old.entered,
			left: generation.left - old.left,
			untracked: generation.untracked - old.untracked,
			died: generation.died - old.died,
			collected: generation.collected - old.collected,
			objects: generation.objects,
			stock: was?.[i].objects ?? 0,
		};
	});
	const [young, middle] = steps;
	add("births", "g0", young.entered);
	add("g0", "g1", middle.entered);
	add("g0", "g2", positive(young.left - middle.entered));
	add("g1", "g2", middle.left);
	steps.forEach((step, i) => {
		const name = `g${i}`;
		add("before", name, step.stock);
		add(name, "untracked", step.untracked);
		add(name, "collected", Math.min(step.collected, step.died));
		add(name, "counted", positive(step.died - step.collected));
		add(name, "alive", step.objects);
	});
	addUntracked(add, now, before, young.entered, steps.reduce((sum, step) => sum + step.untracked, 0));
	return flow;
}

const trackedOf = (snapshot) => snapshot.gc.generations.reduce((sum, generation) => sum + generation.objects, snapshot.gc.frozen);

function addUntracked(add, now, before, tracked, untracked) {
	const births = positive(now.heap.births - (before?.heap.births ?? 0) - tracked);
	const alive = positive(now.heap.objects - trackedOf(now));
	const stock = before ? positive(before.heap.objects - trackedOf(before)) : 0;
	add("before", "untracked", stock);
	add("births", "untracked", births);
	add("untracked", "alive", alive);
	add("untracked", "counted", positive(stock + births + untracked - alive));
}

function layOut(flow, width) {
	const names = [...new Set(flow.flatMap(({ source, target }) => [source, target]))];
	return sankey()
		.nodeId((node) => node.id)
		.nodeAlign(sankeyJustify)
		.nodeWidth(14)
		.nodePadding(26)
		.extent([[2, 18], [width - 2, HEIGHT - 12]])({
			nodes: names.map((id) => ({ id })),
			links: flow.map((link) => ({ ...link })),
		});
}

const nameOf = (node) => STATIONS[node.id][0];
const colorOf = (node) => STATIONS[node.id][1];

function linkContent(link) {
	return {
		title: `${nameOf(link.source)} → ${nameOf(link.target)}`,
		lines: [["Objects", count(link.value)], [`Of ${nameOf(link.source).toLowerCase()}`, percent(link.value, link.source.value)]],
		note: ABOUT[link.target.id],
	};
}

function nodeContent(node) {
	return { title: nameOf(node), lines: [["Objects", count(node.value)]], note: ABOUT[node.id] };
}

function drawNode(node, i, width) {
	const right = node.x1 > width - 60;
	// Flows go through the middle of a thin one's label, so that is above it.
	const middle = node.y1 - node.y0 < 16 ? node.y0 - 9 : (node.y0 + node.y1) / 2;
	return svg("g", { class: "station", "data-item": `n${i}`, tabindex: "-1" },
		svg("rect", { x: node.x0, y: node.y0, width: node.x1 - node.x0, height: Math.max(1.5, node.y1 - node.y0), rx: 2, style: { fill: colorOf(node) } }),
		svg("text", { x: right ? node.x0 - 8 : node.x1 + 8, y: middle, dy: "0.35em", "text-anchor": right ? "end" : "start" },
			nameOf(node), svg("tspan", { class: "figure", dx: 6 }, count(node.value))));
}

function drawFlow(frame, graph, width) {
	const path = sankeyLinkHorizontal();
	const contents = new Map();
	const links = graph.links.map((link, i) => {
		contents.set(`l${i}`, linkContent(link));
		return svg("path", { class: "flow", "data-item": `l${i}`, tabindex: "-1", d: path(link),
			"stroke-width": Math.max(1.5, link.width), style: { stroke: colorOf(link.target.id.startsWith("g") ? link.source : link.target) } });
	});
	const nodes = graph.nodes.map((node, i) => {
		contents.set(`n${i}`, nodeContent(node));
		return drawNode(node, i, width);
	});
	const chart = svg("svg", { width, height: HEIGHT, class: "flows", role: "img", tabindex: "0",
		"aria-label": "Flow of objects through the generations. Arrow keys move between the parts." }, svg("g", {}, links), svg("g", {}, nodes));
	follow(chart, "data-item", (item) => contents.get(item));
	const items = [...nodes, ...links];
	let at = -1;
	chart.addEventListener("keydown", (event) => {
		const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
		if (!step)
			return;
		event.preventDefault();
		at = (at + step + items.length) % items.length;
		items.forEach((item, i) => item.classList.toggle("at", i === at));
		showAt(items[at], contents.get(items[at].dataset.item));
	});
	chart.addEventListener("blur", hide);
	frame.body.replaceChildren(chart);
	return [...graph.links];
}

export function flow() {
	const frame = section("generations", "Births and deaths", "How objects flow from birth through the generations to their death. What survives a collection moves on.");
	let since = "beginning";
	function drawControls(state, before) {
		frame.controls.replaceChildren();
		if (before)
			frame.controls.append(choice("Since", [["beginning", "since the heap was made"], ["before", "since the snapshot before"]], since, (value) => {
				since = value;
				drawBody(state);
			}));
	}
	function drawBody(state) {
		const { snapshot } = state;
		const before = state.data.snapshots[snapshot.index - 1];
		const links = readFlow(snapshot, since === "before" && before?.gc ? before : null);
		frame.figures.replaceChildren();
		if (!links.length) {
			frame.body.replaceChildren(nothing("Nothing was born yet."));
			return;
		}
		const width = Math.max(480, frame.body.clientWidth);
		const drawn = drawFlow(frame, layOut(links, width), width);
		frame.figures.replaceChildren(table("Generations as a table", [
			{ head: "Generation", number: true, cell: ([, i]) => i },
			{ head: "Objects", number: true, cell: ([g]) => count(g.objects) },
			{ head: "Count", number: true, cell: ([g]) => count(g.count) },
			{ head: "Threshold", number: true, cell: ([g]) => count(g.threshold) },
			{ head: "Entered", number: true, cell: ([g]) => count(g.entered) },
			{ head: "Moved on", number: true, cell: ([g]) => count(g.left) },
			{ head: "Untracked", number: true, cell: ([g]) => count(g.untracked) },
			{ head: "Died", number: true, cell: ([g]) => count(g.died) },
			{ head: "Collections", number: true, cell: ([g]) => count(g.collections) },
			{ head: "Collected", number: true, cell: ([g]) => count(g.collected) },
			{ head: "Uncollectable", number: true, cell: ([g]) => count(g.uncollectable) },
		], snapshot.gc.generations.map((generation, i) => [generation, i]),
		`${plural(snapshot.gc.frozen, "object")} frozen, ${count(snapshot.gc.garbage)} in garbage.`),
		table("The flow as a table", [
			{ head: "From", cell: (link) => nameOf(link.source) },
			{ head: "To", cell: (link) => nameOf(link.target) },
			{ head: "Objects", number: true, cell: (link) => count(link.value) },
		], drawn));
	}
	return {
		...frame,
		draw(state) {
			const before = state.data.snapshots[state.snapshot.index - 1];
			if (!state.snapshot.gc) {
				frame.controls.replaceChildren();
				frame.figures.replaceChildren();
				frame.body.replaceChildren(nothing("A saved heap does not have the collector's figures."));
				return;
			}
			drawControls(state, before?.gc ? before : null);
			drawBody(state);
		},
	};
}
