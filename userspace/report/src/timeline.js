// SPDX-License-Identifier: GPL-2.0
// The heap over time: what it has, what is born and dies, and how long the
// collections held others up. All three share the axis of time.
import { bisector, extent, max } from "d3-array";
import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear, scaleLog } from "d3-scale";
import { select } from "d3-selection";
import { area, curveStepAfter, line } from "d3-shape";
import { element, svg } from "./dom.js";
import { bytes, count, duration, plural, seconds, short, timeOfDay } from "./format.js";
import { nothing, section, swatch, table } from "./section.js";
import { follow, hide, show, showAt } from "./tooltip.js";

const MARGIN = { left: 74, right: 18, top: 10, bottom: 26 };
const HEIGHT = 130;
const GENERATION = ["var(--gen-0)", "var(--gen-1)", "var(--gen-2)"];

const nearest = bisector((row) => row.t).center;

function readSamples(timeline, start) {
	return timeline.samples.map(([t, objects, live, reserved, births, deaths]) => ({ t: t - start, objects, live, reserved, births, deaths }));
}

function readCollections(timeline, start) {
	return timeline.collections.map(([t, generation, length, hold, collected, uncollectable]) =>
		({ t: t - start, generation, length, hold, collected, uncollectable }));
}

// What happened from one sample to the next, for each second. Samples that nobody
// could tell apart count as one: a rate over an instant says nothing.
function readRates(samples) {
	const least = (samples.at(-1).t - samples[0].t) / 300;
	const chosen = samples.slice(0, 1);
	for (const sample of samples.slice(1))
		if (sample.t - chosen.at(-1).t > least)
			chosen.push(sample);
	if (chosen.length > 1)
		chosen.pop();
	chosen.push(samples.at(-1));
	return chosen.slice(1).map((now, i) => {
		const before = chosen[i];
		const time = Math.max(1, now.t - before.t) / 1000;
		return { t: before.t, end: now.t, births: (now.births - before.births) / time, deaths: (now.deaths - before.deaths) / time };
	});
}

function panel(title, width, x, y, format, ticks) {
	const node = svg("svg", { class: "panel", width, height: HEIGHT + MARGIN.top + MARGIN.bottom, role: "img", "aria-label": title, tabindex: "0" });
	const left = svg("g", { class: "axis", transform: `translate(${MARGIN.left},0)` });
	const bottom = svg("g", { class: "axis", transform: `translate(0,${MARGIN.top + HEIGHT})` });
	const inner = width - MARGIN.left - MARGIN.right;
	const scale = axisLeft(y).tickFormat(format).tickSize(-inner).tickSizeOuter(0);
	select(left).call(ticks ? scale.tickValues(ticks) : scale.ticks(4));
	select(bottom).call(axisBottom(x).ticks(Math.max(3, Math.floor(inner / 110))).tickFormat((t) => seconds(t)).tickSizeOuter(0));
	node.append(left, bottom);
	return node;
}

const rangeX = (width, domain) => scaleLinear(domain, [MARGIN.left, width - MARGIN.right]);
const rangeY = (domain) => scaleLinear(domain, [MARGIN.top + HEIGHT, MARGIN.top]).nice(4);

function markSnapshots(node, x, state, start) {
	for (const snapshot of state.data.snapshots) {
		if (snapshot.source !== "heap")
			continue;
		const at = x(snapshot.time - start);
		node.append(svg("g", { class: snapshot.index === state.snapshot.index ? "moment now" : "moment" },
			svg("line", { x1: at, x2: at, y1: MARGIN.top, y2: MARGIN.top + HEIGHT }),
			svg("path", { d: `M${at - 4},${MARGIN.top - 6}h8l-4,6z` })));
	}
}

// A line under the pointer, or moved by the arrows, and what was then.
function cursor(node, x, rows, contentOf) {
	const rule = svg("line", { class: "cursor", y1: MARGIN.top, y2: MARGIN.top + HEIGHT, x1: -9, x2: -9 });
	let at = rows.length - 1;
	node.append(rule);
	function move(to) {
		at = Math.min(rows.length - 1, Math.max(0, to));
		rule.setAttribute("x1", x(rows[at].t));
		rule.setAttribute("x2", x(rows[at].t));
		return contentOf(rows[at]);
	}
	function leave() {
		rule.setAttribute("x1", -9);
		rule.setAttribute("x2", -9);
		hide();
	}
	node.addEventListener("pointermove", (event) => {
		const t = x.invert(event.clientX - node.getBoundingClientRect().left);
		show(move(nearest(rows, t)), event.clientX, event.clientY);
	});
	node.addEventListener("pointerleave", leave);
	node.addEventListener("blur", leave);
	node.addEventListener("keydown", (event) => {
		const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		if (step) {
			event.preventDefault();
			showAt(rule, move(at + step));
		}
	});
}

function memoryPanel(samples, x, width) {
	// Steps that are powers of two have short names.
	const top = max(samples, (row) => row.reserved) || 1;
	const step = 2 ** Math.ceil(Math.log2(top / 4));
	const y = scaleLinear([0, step * Math.ceil(top / step)], [MARGIN.top + HEIGHT, MARGIN.top]);
	const node = panel("Live and reserved bytes over time", width, x, y, bytes, [0, 1, 2, 3, 4].map((n) => n * step).filter((n) => n <= y.domain()[1]));
	const shape = (key) => area().x((row) => x(row.t)).y0(y(0)).y1((row) => y(row[key]))(samples);
	node.append(svg("path", { class: "reserved", d: shape("reserved") }), svg("path", { class: "live", d: shape("live") }),
		svg("path", { class: "live-line", d: line().x((row) => x(row.t)).y((row) => y(row.live))(samples) }));
	cursor(node, x, samples, (row) => ({
		title: `after ${seconds(row.t)}`,
		lines: [["Live", bytes(row.live)], ["Reserved", bytes(row.reserved)], ["Objects", count(row.objects)]],
	}));
	return node;
}

function ratePanel(rates, x, width) {
	const top = max(rates, (row) => Math.max(row.births, row.deaths)) || 1;
	const y = rangeY([-top, top]);
	const node = panel("Births and deaths a second over time", width, x, y, (n) => short(Math.abs(n)));
	const last = rates.at(-1);
	const steps = [...rates, { ...last, t: last.end }];
	const shape = (of) => area().curve(curveStepAfter).x((row) => x(row.t)).y0(y(0)).y1((row) => y(of(row)))(steps);
	node.append(svg("path", { class: "births", d: shape((row) => row.births) }),
		svg("path", { class: "deaths", d: shape((row) => -row.deaths) }),
		svg("line", { class: "zero", x1: x.range()[0], x2: x.range()[1], y1: y(0), y2: y(0) }));
	cursor(node, x, rates, (row) => ({
		title: `${seconds(row.t)} to ${seconds(row.end)}`,
		lines: [["Births", `${short(row.births)} a second`], ["Deaths", `${short(row.deaths)} a second`]],
	}));
	return node;
}

function collectionContent(row) {
	return {
		title: `Generation ${row.generation}, after ${seconds(row.t)}`,
		lines: [
			["Held others up", `${duration(row.hold)} at most`],
			["From start to stop", duration(row.length)],
			["Collected", count(row.collected)],
			["Uncollectable", count(row.uncollectable)],
		],
	};
}

function pausePanel(collections, x, width) {
	const [low, high] = extent(collections, (row) => Math.max(100, row.hold));
	const y = scaleLog([10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.01))], [MARGIN.top + HEIGHT, MARGIN.top]);
	const ticks = [];
	for (let value = y.domain()[0]; value <= y.domain()[1] * 1.01; value *= 10)
		ticks.push(value);
	const node = panel("Longest pause of each collection over time", width, x, y, duration, ticks);
	const most = Math.max(1, max(collections, (row) => row.collected));
	collections.forEach((row, i) => {
		const at = x(row.t);
		const top = y(Math.max(100, row.hold));
		node.append(
			svg("line", { class: "stem", x1: at, x2: at, y1: MARGIN.top + HEIGHT, y2: top, style: { stroke: GENERATION[row.generation] } }),
			svg("circle", { class: "pause", "data-collection": i, cx: at, cy: top, r: 3.5 + 5 * Math.sqrt(row.collected / most),
				style: { fill: GENERATION[row.generation] } }));
	});
	follow(node, "data-collection", (i) => collectionContent(collections[i]));
	let at = -1;
	node.addEventListener("blur", hide);
	node.addEventListener("keydown", (event) => {
		const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		if (!step)
			return;
		event.preventDefault();
		at = Math.min(collections.length - 1, Math.max(0, at + step));
		showAt(node.querySelectorAll(".pause")[at], collectionContent(collections[at]));
	});
	return node;
}

function subtitle(text, ...keys) {
	return element("div", { class: "panel-head" }, element("h3", {}, text), keys);
}

function drawPauses(parts, timeline, collections, x, width) {
	parts.push(subtitle("Longest pause of each collection",
		GENERATION.map((color, i) => swatch(color, `generation ${i}`)), element("span", { class: "muted" }, "larger: more was collected")));
	if (!timeline.watched)
		parts.push(nothing("Who may not see every heap is not told of collections: it needs CAP_SYS_ADMIN."));
	else if (!collections.length)
		parts.push(nothing("There was no collection in that time."));
	else
		parts.push(pausePanel(collections, x, width));
}

function drawTable(frame, collections, timeline, start) {
	if (!collections.length)
		return;
	frame.figures.append(table("Collections as a table", [
		{ head: "At", cell: (row) => timeOfDay(row.t + start) },
		{ head: "Generation", number: true, cell: (row) => row.generation },
		{ head: "Longest pause", number: true, cell: (row) => duration(row.hold) },
		{ head: "From start to stop", number: true, cell: (row) => duration(row.length) },
		{ head: "Collected", number: true, cell: (row) => count(row.collected) },
		{ head: "Uncollectable", number: true, cell: (row) => count(row.uncollectable) },
	], collections, timeline.left_out ? `${plural(timeline.left_out, "earlier collection")} left out.` : null));
}

export function timeline() {
	const frame = section("timeline", "Over time", "Memory, births and deaths, and how long collections held others up while the report was made.");
	return {
		...frame,
		draw(state) {
			const { timeline: raw } = state.data;
			frame.figures.replaceChildren();
			if (raw.samples.length < 2) {
				frame.body.replaceChildren(nothing("One moment has no course. 'refheap report --every SECONDS --count N' watches the heap for a time."));
				return;
			}
			const start = raw.samples[0][0];
			const samples = readSamples(raw, start);
			const collections = readCollections(raw, start);
			const width = Math.max(320, frame.body.clientWidth);
			const x = rangeX(width, [0, samples.at(-1).t]);
			const parts = [
				subtitle("Memory", swatch("var(--live)", "live objects"), swatch("var(--reserved)", "reserved by arenas and tables"),
					element("span", { class: "key" }, element("span", { class: "marker", "aria-hidden": "true" }, "▼"), "snapshot")),
				memoryPanel(samples, x, width),
				subtitle("Births and deaths a second", swatch("var(--birth)", "births, upwards"), swatch("var(--death)", "deaths, downwards")),
				ratePanel(readRates(samples), x, width),
			];
			drawPauses(parts, raw, collections, x, width);
			frame.body.replaceChildren(...parts);
			frame.body.querySelectorAll("svg.panel").forEach((node) => markSnapshots(node, x, state, start));
			if (raw.missed)
				frame.figures.append(element("p", { class: "warning" }, `${plural(raw.missed, "notice")} of the collector were missed.`));
			drawTable(frame, collections, raw, start);
		},
	};
}
