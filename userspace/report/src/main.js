// SPDX-License-Identifier: GPL-2.0
import { typeColors } from "./colors.js";
import { read } from "./data.js";
import { byId, element, say } from "./dom.js";
import { flame } from "./flame.js";
import { flow } from "./flow.js";
import { count, plural, timeOfDay } from "./format.js";
import { graph } from "./graph.js";
import { heapmap } from "./heapmap.js";
import { overview } from "./overview.js";
import { timeline } from "./timeline.js";
import { hide } from "./tooltip.js";
import { treemap } from "./treemap.js";
import { types } from "./types.js";

const BUTTONS_MAX = 10;	// more snapshots are in a list

const data = read();
const state = { data, snapshot: data.snapshots[0], colors: typeColors(data) };
const objectGraph = graph();
const sections = [
	overview(), timeline(), heapmap(), flow(), flame(),
	treemap({ showObject: (node) => objectGraph.show(node) }), types(), objectGraph,
];

function drawAll() {
	hide();
	for (const part of sections)
		part.draw(state);
}

function chooseSnapshot(index) {
	const snapshot = data.snapshots[index];
	if (!snapshot)
		return;
	state.snapshot = snapshot;
	markSnapshot(index);
	byId("heap-line").textContent = headline(snapshot);
	drawAll();
	say(`Snapshot ${index + 1} of ${data.snapshots.length}: ${snapshot.title}`);
}

function markSnapshot(index) {
	const field = byId("snapshots");
	const inputs = [...field.querySelectorAll("input")];
	const focused = inputs.includes(document.activeElement);
	inputs.forEach((input, i) => {
		input.checked = i === index;
	});
	if (focused)
		inputs[index].focus();
	field.querySelectorAll("select").forEach((select) => {
		select.value = index;
	});
}

function headline(snapshot) {
	const when = new Date(snapshot.time).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
	return `${snapshot.source === "dump" ? `saved heap ${snapshot.title}, ` : ""}${when}, ${timeOfDay(snapshot.time)} · ${plural(snapshot.heap.objects, "object")}`;
}

function listSnapshots() {
	const field = byId("snapshots");
	if (data.snapshots.length < 2) {
		field.hidden = true;
		return;
	}
	if (data.snapshots.length > BUTTONS_MAX) {
		field.append(element("select", { "aria-label": "Snapshot", onchange: (event) => chooseSnapshot(Number(event.target.value)) },
			data.snapshots.map(({ index, title }) => element("option", { value: index }, `${index + 1} of ${data.snapshots.length}: ${title}`))));
		return;
	}
	for (const { index, title } of data.snapshots) {
		field.append(element("label", {},
			element("input", { type: "radio", name: "snapshot", value: index, onchange: () => chooseSnapshot(index) }),
			element("span", {}, element("b", {}, count(index + 1)), ` ${title}`)));
	}
}

const THEMES = ["system", "light", "dark"];

function nextTheme() {
	const root = document.documentElement;
	const theme = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
	root.dataset.theme = theme;
	byId("theme").textContent = `Theme: ${theme}`;
}

function onKey(event) {
	if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input:not([type=radio]), select"))
		return;
	if (event.key === "]" || event.key === "[")
		chooseSnapshot(state.snapshot.index + (event.key === "]" ? 1 : -1));
	else if (event.key === "t")
		nextTheme();
	else if (event.key === "Escape")
		hide();
}

function begin() {
	document.title = `${data.heap.name} – refheap report`;
	byId("heap-name").textContent = data.heap.name;
	byId("sections").append(...sections.map(({ id, title }) => element("a", { href: `#${id}` }, title)));
	byId("main").append(...sections.map(({ node }) => node));
	byId("made").textContent = `Written by refheap ${data.version} on ${new Date(data.made).toLocaleString("en-GB")}. Nothing in this page comes from the network.`;
	byId("theme").addEventListener("click", nextTheme);
	document.addEventListener("keydown", onKey);
	listSnapshots();
	chooseSnapshot(data.snapshots.length - 1);
	let width = innerWidth;
	let timer = 0;
	addEventListener("resize", () => {
		clearTimeout(timer);
		timer = setTimeout(() => {
			if (innerWidth !== width)
				drawAll();
			width = innerWidth;
		}, 150);
	});
}

begin();
