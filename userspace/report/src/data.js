// SPDX-License-Identifier: GPL-2.0
// What the command has written into the page, with names for its columns.
import { byId } from "./dom.js";

const FLAG_ROOT = 1;
const FLAG_HELD = 2;
const FLAG_KEEPS_NOT = 4;
const FLAG_LEAF = 8;
const PATH_MAX = 160;

function readNode(row, index, types) {
	const [id, type, size, refcount, generation, retained, retainedObjects, refs, referrers, above, flags, text] = row;
	return {
		index,
		id,
		type: types[type],
		size,
		refcount,
		generation,
		retained,
		retainedObjects,
		refs,
		referrers,
		above,
		text: flags & FLAG_ROOT ? text.replace(/^.*, /, "") : text,
		isRoot: Boolean(flags & FLAG_ROOT),
		isHeld: Boolean(flags & FLAG_HELD),
		isWeak: Boolean(flags & FLAG_KEEPS_NOT),
		isLeaf: Boolean(flags & FLAG_LEAF),
		out: [],
		in: [],
	};
}

// Edges are flat: from, to, label of each.
function readObjects(raw) {
	const nodes = raw.nodes.map((row, index) => readNode(row, index, raw.types));
	for (let i = 0; i < raw.edges.length; i += 3) {
		const edge = { from: nodes[raw.edges[i]], to: nodes[raw.edges[i + 1]], label: raw.labels[raw.edges[i + 2]] };
		edge.from.out.push(edge);
		edge.to.in.push(edge);
	}
	findPaths(nodes[raw.start]);
	nodes.forEach((node) => {
		node.name = nameOf(node);
	});
	return { nodes, types: raw.types, total: raw.total, start: nodes[raw.start] };
}

// Of long paths the end.
const clip = (path) => path.length > PATH_MAX ? `…${path.slice(-PATH_MAX / 2)}` : path;

// A shortest path of names to each object, as the command takes it.
function findPaths(start) {
	const queue = [start];
	start.path = "";
	while (queue.length) {
		const node = queue.shift();
		for (const { to, label } of node.out) {
			if (to.path === undefined && !node.isWeak) {
				to.path = clip(/^[.[]/.test(label) || node.isRoot ? node.path + label : `${label} of ${node.path}`);
				queue.push(to);
			}
		}
	}
}

// What to call an object: by its path, or else by what it is.
const nameOf = (node) => node.isRoot ? "the names" : node.path || (node.isLeaf && node.text) || `${node.type} ${node.id}`;

// Pools are flat, too: bytes of a block, blocks used, blocks there are.
function readArena(raw) {
	const pools = [];
	for (let i = 0; i < raw.pools.length; i += 3)
		pools.push({ index: i / 3, block: raw.pools[i], used: raw.pools[i + 1], capacity: raw.pools[i + 2] });
	return { ...raw, pools };
}

function readSnapshot(raw, index) {
	return {
		...raw,
		index,
		objects: readObjects(raw.objects),
		arenas: raw.arenas && { ...raw.arenas, list: raw.arenas.list.map(readArena) },
	};
}

export function read() {
	const raw = JSON.parse(byId("data").textContent);
	if (raw.format !== 1)
		throw new Error(`the data of this page has format ${raw.format}`);
	return { ...raw, snapshots: raw.snapshots.map(readSnapshot) };
}
