// SPDX-License-Identifier: GPL-2.0
// Objects and their references, as far as somebody has opened them. Objects
// stand in layers, each refers to the right.
import dagre from "@dagrejs/dagre";
import { select } from "d3-selection";
import "d3-transition";
import { zoom, zoomIdentity } from "d3-zoom";
import { element, svg } from "./dom.js";
import { bytes, count, plural, short, shorten } from "./format.js";
import { section, swatch } from "./section.js";
import { follow, hide } from "./tooltip.js";

const HEIGHT = 560;
const WIDE = 178;
const HIGH = 46;
const HANDLE = 52;
const STEP = 8;		// references that one click opens
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Which side of an object is which list of edges.
const SIDES = {
	refs: { edges: (node) => node.out, other: (edge) => edge.to, total: (node) => node.refs, sign: "▸", verb: "refers to" },
	backrefs: { edges: (node) => node.in, other: (edge) => edge.from, total: (node) => node.referrers, sign: "◂", verb: "is referred to by" },
};

// What is to be seen, as choices that were made: how many neighbours of which
// object on which side.
function newView(node) {
	return { focus: node, selected: node, open: new Map(), extra: new Set() };
}

const openOf = (view, node, side) => view.open.get(node)?.[side] ?? 0;

function setOpen(view, node, side, number) {
	view.open.set(node, { refs: 0, backrefs: 0, ...view.open.get(node), [side]: number });
}

// The largest neighbours first, each once.
function neighbours(node, side) {
	const { edges, other } = SIDES[side];
	return [...new Set(edges(node).map(other))].sort((a, b) => b.retained - a.retained || a.index - b.index);
}

// Only what can still be reached from the focus by what is open.
function visible(view) {
	const seen = new Set([view.focus, ...view.extra]);
	const queue = [...seen];
	while (queue.length) {
		const node = queue.shift();
		for (const side of Object.keys(SIDES)) {
			for (const next of neighbours(node, side).slice(0, openOf(view, node, side))) {
				if (!seen.has(next)) {
					seen.add(next);
					queue.push(next);
				}
			}
		}
	}
	return seen;
}

// Edges between the same two objects are one, with all their names.
function visibleEdges(seen) {
	const edges = new Map();
	for (const node of seen) {
		for (const edge of node.out) {
			if (!seen.has(edge.to))
				continue;
			const key = `${edge.from.index}-${edge.to.index}`;
			if (!edges.has(key))
				edges.set(key, { from: edge.from, to: edge.to, labels: [] });
			edges.get(key).labels.push(edge.label);
		}
	}
	return [...edges.values()];
}

function edgeText({ labels }) {
	const rest = labels.length - 1;
	return shorten(labels[0], 18) + (rest ? ` +${rest}` : "");
}

function layOut(seen, edges) {
	const graph = new dagre.graphlib.Graph();
	graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 84, marginx: 30, marginy: 20 });
	graph.setDefaultEdgeLabel(() => ({}));
	for (const node of seen)
		graph.setNode(String(node.index), { width: WIDE + 2 * HANDLE, height: HIGH });
	for (const edge of edges)
		graph.setEdge(String(edge.from.index), String(edge.to.index), {});
	dagre.layout(graph);
	return graph;
}

function curve(points) {
	const [first, ...rest] = points;
	let path = `M${first.x},${first.y}`;
	let last = first;
	for (const point of rest) {
		const half = (last.x + point.x) / 2;
		path += `C${half},${last.y} ${half},${point.y} ${point.x},${point.y}`;
		last = point;
	}
	return path;
}

// Forward ones leave an object on its right and come to the next one on its left.
function pointsOf(view, edge, graph) {
	const from = graph.node(String(edge.from.index));
	const to = graph.node(String(edge.to.index));
	const { points } = graph.edge(String(edge.from.index), String(edge.to.index));
	if (from.x >= to.x)
		return points;
	return [{ x: from.x + WIDE / 2 + roomOf(view, edge.from, "refs"), y: from.y }, ...points.slice(1, -1),
		{ x: to.x - WIDE / 2 - roomOf(view, edge.to, "backrefs"), y: to.y }];
}

function nodeContent(node) {
	return {
		title: node.name,
		lines: [
			["Type", node.type], ["Value", shorten(node.text, 40)], ["Id", node.id], ["Size", bytes(node.size)], ["Retained", `${bytes(node.retained)} in ${plural(node.retainedObjects, "object")}`],
			["References to it", count(node.refcount)], ["Generation", generationOf(node)],
		],
	};
}

function generationOf(node) {
	return node.generation < 0 ? "not tracked" : node.generation === 3 ? "permanent" : String(node.generation);
}

const isOpen = (view, node, side) => openOf(view, node, side) > 0 && neighbours(node, side).length > 0;

const handleText = (view, node, side) => isOpen(view, node, side) ? "–" : short(SIDES[side].total(node));

const handleWidth = (view, node, side) => 24 + 6.5 * handleText(view, node, side).length;

// Between an object and where its edges begin or end.
const roomOf = (view, node, side) => SIDES[side].total(node) ? handleWidth(view, node, side) + 5 : 2;

function handle(view, node, side, x) {
	const { total, sign } = SIDES[side];
	if (!total(node))
		return null;
	const shown = isOpen(view, node, side);
	const text = handleText(view, node, side);
	const width = handleWidth(view, node, side);
	return svg("g", { class: `handle${shown ? " open" : ""}`, "data-node": node.index, "data-side": side, transform: `translate(${x},${HIGH / 2})`,
		role: "button", tabindex: "0", "aria-expanded": String(shown), "aria-label": `${node.type} ${node.id} ${SIDES[side].verb} ${count(total(node))}` },
		svg("rect", { x: side === "refs" ? 0 : -width, y: -10, width, height: 20, rx: 10 }),
		svg("text", { x: side === "refs" ? width / 2 : -width / 2, "text-anchor": "middle", dy: "0.35em" }, side === "refs" ? `${text} ${sign}` : `${sign} ${text}`));
}

function drawNode(view, node, place, colors) {
	const kind = ["node", node === view.selected && "selected", node === view.focus && "focus", node.isHeld && "held", node.isWeak && "weak"].filter(Boolean).join(" ");
	return svg("g", { transform: `translate(${place.x - WIDE / 2},${place.y - HIGH / 2})` },
		svg("g", { class: kind, "data-node": node.index, tabindex: "0", role: "button", "aria-label": `${node.type} ${node.id}, ${node.name}` },
			svg("rect", { class: "card", width: WIDE, height: HIGH, rx: 6 }),
			svg("rect", { class: "stripe", width: 5, height: HIGH - 12, x: 6, y: 6, rx: 2, style: { fill: colors.of(node.type) } }),
			svg("text", { class: "title", x: 18, y: 19 }, shorten(node.isRoot ? node.name : node.isLeaf && node.text ? node.text : node.type, 19)),
			svg("text", { class: "figure", x: 18, y: 35 }, shorten(`${node.isLeaf ? node.type : node.text} · ${bytes(node.retained)}`, 27))),
		handle(view, node, "backrefs", -3), handle(view, node, "refs", WIDE + 3));
}

function drawEdge(view, edge, graph) {
	const points = pointsOf(view, edge, graph);
	const middle = points[Math.floor(points.length / 2)];
	return svg("g", { class: `edge${edge.from.isWeak ? " weak" : ""}` },
		svg("path", { d: curve(points), "marker-end": "url(#arrow)" }),
		svg("text", { x: middle.x, y: middle.y - 5, "text-anchor": "middle" }, edgeText(edge)));
}

const arrow = () => svg("defs", {}, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
	svg("path", { d: "M0,0L8,4L0,8z" })));

export function graph() {
	const frame = section("objects", "Object graph", "Who refers to what. The handles left and right of an object open what refers to it and what it refers to.");
	const layer = svg("g", {});
	const chart = svg("svg", { class: "graph", height: HEIGHT, role: "group", "aria-label": "Object graph" }, arrow(), layer);
	const details = element("aside", { class: "details", "aria-label": "The selected object" });
	const zooming = zoom().scaleExtent([0.15, 2.5]).on("zoom", ({ transform }) => layer.setAttribute("transform", transform));
	let state = null;
	let view = null;
	let drawn = null;	// the snapshot that is seen

	const nodeOf = (target) => state.snapshot.objects.nodes[target.dataset.node];

	// Puts an object into the middle, or all of what is seen when it fits.
	function center(places) {
		const { width, height } = places.graph();
		const room = chart.clientWidth || 800;
		const scale = Math.min(1, room / width, HEIGHT / height);
		let to = zoomIdentity.translate((room - width * scale) / 2, (HEIGHT - height * scale) / 2).scale(scale);
		if (scale < 0.55) {
			const { x, y } = places.node(String(view.selected.index));
			to = zoomIdentity.translate(room / 2 - x * 0.8, HEIGHT / 2 - y * 0.8).scale(0.8);
		}
		const target = select(chart);
		(still() ? target : target.transition().duration(250)).call(zooming.transform, to);
	}
	function drawView(keep) {
		const seen = visible(view);
		const edges = visibleEdges(seen);
		const places = layOut(seen, edges);
		layer.replaceChildren(
			svg("g", {}, edges.map((edge) => drawEdge(view, edge, places))),
			svg("g", {}, [...seen].map((node) => drawNode(view, node, places.node(String(node.index)), state.colors))));
		drawDetails();
		center(places);
		if (keep)
			layer.querySelector(`.${keep.className}[data-node="${keep.node.index}"]${keep.side ? `[data-side="${keep.side}"]` : ""}`)?.focus({ preventScroll: true });
	}
	function toggle(node, side) {
		const shown = openOf(view, node, side);
		view.selected = node;
		setOpen(view, node, side, shown ? 0 : STEP);
		drawView({ className: "handle", node, side });
	}
	function choose(node) {
		view.selected = node;
		if (!visible(view).has(node))
			view.extra.add(node);
		drawView({ className: "node", node });
	}
	function showOnly(node) {
		view = newView(node);
		setOpen(view, node, "refs", STEP);
		setOpen(view, node, "backrefs", STEP);
		drawView();
	}
	// Every object from the names to this one, by what refers to it.
	function showWay(node) {
		const from = new Map([[node, null]]);
		const queue = [node];
		while (queue.length) {
			const next = queue.shift();
			if (next.isRoot || (next.isHeld && next !== node)) {
				for (let step = next; step; step = from.get(step))
					view.extra.add(step);
				break;
			}
			for (const { from: referrer } of next.in) {
				if (!from.has(referrer) && !referrer.isWeak) {
					from.set(referrer, next);
					queue.push(referrer);
				}
			}
		}
		drawView();
	}
	function edgeLine(edge, side) {
		const other = SIDES[side].other(edge);
		return element("li", {}, element("code", {}, shorten(edge.label || "·", 20)), " ",
			element("button", { type: "button", class: "link", onclick: () => choose(other) }, shorten(other.isLeaf ? other.text : `${other.type}, ${other.text}`, 26)));
	}
	function edgeList(node, side, title) {
		const { edges, total } = SIDES[side];
		const list = edges(node);
		const more = openOf(view, node, side);
		const known = neighbours(node, side).length;
		return element("div", {},
			element("h4", {}, `${title} ${count(total(node))}`),
			element("ul", {}, list.slice(0, 12).map((edge) => edgeLine(edge, side))),
			list.length > 12 ? element("p", { class: "muted" }, `and ${count(list.length - 12)} more`) : null,
			total(node) > list.length ? element("p", { class: "muted" }, `${count(total(node) - list.length)} not in this page`) : null,
			known > more ? element("button", { type: "button", onclick() {
				setOpen(view, node, side, more + STEP);
				drawView();
			} }, more ? `Open ${count(Math.min(STEP, known - more))} more` : "Open") : null);
	}
	function drawDetails() {
		const node = view.selected;
		const { title, lines } = nodeContent(node);
		details.replaceChildren(
			element("h3", {}, shorten(title, 90)),
			element("dl", {}, lines.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
			node.isHeld ? element("p", { class: "note" }, "Held from outside: by a session, a descriptor, or the heap itself.") : "",
			element("div", { class: "buttons" },
				element("button", { type: "button", onclick: () => showOnly(node) }, "Only this"),
				element("button", { type: "button", onclick: () => showWay(node) }, "Why is it alive?")),
			edgeList(node, "refs", "Refers to"),
			edgeList(node, "backrefs", "Referred to by"));
	}
	function search(text) {
		const wanted = text.trim().toLowerCase();
		const found = wanted && state.snapshot.objects.nodes.find((node) =>
			node.id.toLowerCase() === wanted || `${node.type} ${node.text} ${node.path ?? ""}`.toLowerCase().includes(wanted));
		frame.legend.querySelector(".found").textContent = wanted && !found ? "No object of this page is like that." : "";
		if (found)
			showOnly(found);
	}
	function drawControls() {
		const field = element("input", { type: "search", size: 18, placeholder: "id, type, value or path" });
		frame.controls.replaceChildren(
			element("form", { onsubmit(event) {
				event.preventDefault();
				search(field.value);
			} }, element("label", {}, "Find ", field), " ", element("button", { type: "submit" }, "Show")),
			element("button", { type: "button", onclick: () => begin() }, "Names"),
			element("div", { class: "choice", role: "group", "aria-label": "Scale" },
				element("button", { type: "button", "aria-label": "Larger", onclick: () => select(chart).call(zooming.scaleBy, 1.3) }, "+"),
				element("button", { type: "button", "aria-label": "Smaller", onclick: () => select(chart).call(zooming.scaleBy, 1 / 1.3) }, "−")));
	}
	function drawLegend() {
		const { objects } = state.snapshot;
		frame.legend.replaceChildren(
			...state.colors.names.map((name) => swatch(state.colors.of(name), name)),
			swatch("var(--type-other)", "others"),
			element("span", { class: "key" }, element("span", { class: "swatch ring" }), "held from outside"),
			element("span", { class: "key" }, element("span", { class: "swatch dashed" }), "weak reference"),
			element("span", { class: "muted" }, objects.nodes.length < objects.total ?
				`${count(objects.nodes.length)} of ${plural(objects.total, "object")} are in this page. Bytes are what an object retains.` :
				"All objects are in this page. Bytes are what an object retains."),
			element("span", { class: "found warning", role: "status" }));
	}
	function begin() {
		view = newView(state.snapshot.objects.start);
		setOpen(view, view.focus, "refs", STEP);
		drawView();
	}
	function activate(event) {
		const side = event.target.closest("[data-side]");
		const node = event.target.closest("[data-node]");
		hide();
		if (side)
			toggle(nodeOf(side), side.dataset.side);
		else if (node)
			choose(nodeOf(node));
	}

	chart.addEventListener("click", activate);
	chart.addEventListener("keydown", (event) => {
		if (event.key === "Enter" || event.key === " ") {
			event.preventDefault();
			activate(event);
		}
	});
	follow(chart, "data-node", (index) => nodeContent(state.snapshot.objects.nodes[index]));
	// The wheel scrolls the page unless Ctrl is held.
	zooming.filter((event) => (event.type !== "wheel" || event.ctrlKey) && !event.button);
	select(chart).call(zooming).on("dblclick.zoom", null);
	frame.body.append(element("div", { class: "graph-box" }, chart, details));

	return {
		...frame,
		draw(newState) {
			const { snapshot } = newState;
			const kept = view && snapshot.objects.nodes.find((node) => node.id === view.focus.id);
			state = newState;
			if (drawn === snapshot) {
				drawView();
				return;
			}
			drawn = snapshot;
			drawControls();
			drawLegend();
			if (kept && !kept.isRoot)
				showOnly(kept);
			else
				begin();
		},
		show(node) {
			showOnly(node);
			frame.node.scrollIntoView({ behavior: still() ? "auto" : "smooth" });
			frame.node.focus({ preventScroll: true });
		},
	};
}
