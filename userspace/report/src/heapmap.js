// SPDX-License-Identifier: GPL-2.0
// Arenas as squares of 64 pools, filled as the pools are.
import { element, svg } from "./dom.js";
import { bytes, count, percent, plural } from "./format.js";
import { nothing, section, swatch, table } from "./section.js";
import { follow, hide, showAt } from "./tooltip.js";

const ACROSS = 8;
const CELL = 14;
const GAP = 2;
const SHOWN = 48;
const PAGES = 4;	// as many as a pool has

const SPACES = [
	["refs", "References", "edges between objects; never mapped"],
	["const", "Constant payload", "what immutable objects consist of; mapped read-only"],
	["mutable", "Mutable payload", "bytearrays"],
];

const spaceTitle = (name) => SPACES.find(([space]) => space === name)[1];

// Which part of its arena; one that is a single block has none.
function partTitle(arena, pool) {
	const first = pool.index * PAGES;
	return arena.use === "pools" ? `, pool ${pool.index}` : arena.use === "pages" ? `, pages ${first} to ${first + PAGES - 1}` : "";
}

function poolContent(arena, pool) {
	const title = `${spaceTitle(arena.space)}, arena ${arena.index}${partTitle(arena, pool)}`;
	if (!pool.block)
		return { title, lines: [["State", "free"], ["Room", bytes(arena.bytes / arena.pools.length)]] };
	if (arena.use === "one")
		return { title, lines: [["Size of its only block", bytes(arena.bytes)]] };
	const unit = arena.use === "pools" ? "blocks" : "pages";
	return {
		title,
		lines: [
			["Size of a block", arena.use === "pools" ? bytes(pool.block) : "whole pages"],
			["In use", `${count(pool.used)} of ${plural(pool.capacity, unit.slice(0, -1), unit)} (${percent(pool.used, pool.capacity)})`],
			["Bytes in use", bytes(pool.used * pool.block)],
			["Available", bytes((pool.capacity - pool.used) * pool.block)],
		],
	};
}

const occupancy = (arena) => arena.pools.reduce((sum, pool) => sum + pool.used * pool.block, 0);

function cell(arena, pool, x, y, size) {
	const part = pool.capacity ? pool.used / pool.capacity : 0;
	return svg("rect", {
		class: pool.block ? "pool" : "pool free",
		"data-pool": pool.index,
		"data-block": pool.block,
		x, y, width: size, height: size, rx: 2,
		style: { "--part": `${Math.round(part * 100)}%` },
	});
}

// Arrow keys go from pool to pool.
function moveIn(figure, arena, event) {
	const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -ACROSS, ArrowDown: ACROSS };
	const step = steps[event.key];
	if (event.key === "Escape")
		hide();
	if (step === undefined)
		return;
	event.preventDefault();
	const last = Number(figure.dataset.at ?? -step);
	const at = Math.min(arena.pools.length - 1, Math.max(0, last + step));
	figure.dataset.at = at;
	figure.querySelector(".at")?.classList.remove("at");
	const rect = figure.querySelector(`[data-pool="${at}"]`);
	rect.classList.add("at");
	showAt(rect, poolContent(arena, arena.pools[at]));
}

function drawArena(arena) {
	const one = arena.use === "one";
	const rows = one ? ACROSS : Math.ceil(arena.pools.length / ACROSS);
	const side = ACROSS * (CELL + GAP) - GAP;
	const used = occupancy(arena);
	const text = `${percent(used, arena.bytes)} of ${bytes(arena.bytes)}`;
	const figure = svg("svg", {
		width: side, height: rows * (CELL + GAP) - GAP,
		class: "arena", tabindex: "0", role: "img",
		"aria-label": `${spaceTitle(arena.space)}, arena ${arena.index}: ${text} in use. Arrow keys move between pools.`,
	}, arena.pools.map((pool, i) => one ? cell(arena, pool, 0, 0, side) :
		cell(arena, pool, (i % ACROSS) * (CELL + GAP), Math.floor(i / ACROSS) * (CELL + GAP), CELL)));
	figure.addEventListener("keydown", (event) => moveIn(figure, arena, event));
	figure.addEventListener("blur", hide);
	follow(figure, "data-pool", (index) => poolContent(arena, arena.pools[index]));
	return element("figure", { class: "arena-box" }, figure,
		element("figcaption", {}, element("b", {}, `#${arena.index}`), ` ${percent(used, arena.bytes)}`));
}

function drawSpace(arenas, [name, title, about]) {
	const list = arenas.list.filter((arena) => arena.space === name);
	if (!list.length)
		return null;
	const grid = element("div", { class: "arenas" }, list.slice(0, SHOWN).map(drawArena));
	const total = list.reduce((sum, arena) => sum + arena.bytes, 0);
	const used = list.reduce((sum, arena) => sum + occupancy(arena), 0);
	const more = list.length > SHOWN && element("button", {
		type: "button",
		onclick(event) {
			grid.append(...list.slice(SHOWN).map(drawArena));
			event.currentTarget.remove();
		},
	}, `Show the other ${count(list.length - SHOWN)}`);
	return element("div", { class: "space" },
		element("h3", {}, title, element("span", { class: "muted" },
			` ${about} · ${plural(list.length, "arena")}, ${bytes(used)} of ${bytes(total)} in use`)),
		grid, more || "");
}

function drawLegend(frame) {
	const ramp = element("span", { class: "ramp", "aria-hidden": "true" });
	frame.legend.replaceChildren(
		element("span", { class: "key" }, "empty", ramp, "full"),
		swatch("var(--surface)", "free pool"),
		element("span", { class: "muted" }, "A square is an arena of 1 MiB; a cell in it is a pool of 16 KiB, whose blocks have one size, or 4 pages of larger blocks."));
	frame.legend.querySelector(".swatch").classList.add("hollow");
}

function drawControls(frame, arenas) {
	const sizes = [...new Set(arenas.list.filter((arena) => arena.use === "pools")
		.flatMap((arena) => arena.pools.map((pool) => pool.block)))].filter(Boolean).sort((a, b) => a - b);
	const select = element("select", {
		onchange() {
			frame.body.querySelectorAll(".pool").forEach((rect) =>
				rect.classList.toggle("dim", select.value !== "" && rect.dataset.block !== select.value));
		},
	}, element("option", { value: "" }, "all sizes"), sizes.map((size) => element("option", { value: size }, `${size} bytes`)));
	frame.controls.replaceChildren(element("label", {}, "Blocks of ", select));
}

function drawTable(frame, arenas) {
	frame.figures.replaceChildren(table("Size classes as a table", [
		{ head: "Space", cell: (row) => row[0] },
		{ head: "Block, bytes", number: true, cell: (row) => count(row[1]) },
		{ head: "Pools", number: true, cell: (row) => count(row[2]) },
		{ head: "Blocks in use", number: true, cell: (row) => count(row[3]) },
		{ head: "Available", number: true, cell: (row) => count(row[4]) },
		{ head: "Occupancy", number: true, cell: (row) => percent(row[3], row[3] + row[4]) },
	], arenas.classes, `Beside the arenas: ${bytes(arenas.table_bytes)} of object table with ${count(arenas.table_slots)} slots. ` +
		`${plural(arenas.large_blocks, "block")} of whole pages ${arenas.large_blocks === 1 ? "has" : "have"} ${bytes(arenas.large_bytes)}.`));
}

export function heapmap() {
	const frame = section("heap-map", "Heap map", "Where the heap's memory lies, and how full it is. Pools that are almost empty are fragmentation.");
	return {
		...frame,
		draw(state) {
			const arenas = state.snapshot.arenas;
			frame.legend.replaceChildren();
			frame.figures.replaceChildren();
			frame.controls.replaceChildren();
			if (!arenas) {
				frame.body.replaceChildren(nothing("A saved heap does not tell where its objects lay."));
				return;
			}
			frame.body.replaceChildren(...SPACES.map((space) => drawSpace(arenas, space)).filter(Boolean));
			if (!arenas.list.length)
				frame.body.replaceChildren(nothing("The heap has no arenas yet."));
			if (arenas.left_out)
				frame.body.append(element("p", { class: "muted" },
					`${plural(arenas.left_out, "further arena")} with ${bytes(arenas.left_out_bytes)} ${arenas.left_out === 1 ? "is" : "are"} left out.`));
			drawLegend(frame);
			drawControls(frame, arenas);
			drawTable(frame, arenas);
		},
	};
}
