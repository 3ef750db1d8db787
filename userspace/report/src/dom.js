// SPDX-License-Identifier: GPL-2.0
// Elements, made in one expression. Text is never taken for markup: the names
// and values of a heap are whatever its programs have put there.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value === undefined || value === null || value === false)
			continue;
		if (name.startsWith("on"))
			node.addEventListener(name.slice(2), value);
		else if (name === "style" && typeof value === "object")
			Object.entries(value).forEach(([key, entry]) => node.style.setProperty(key, entry));
		else
			node.setAttribute(name, value === true ? "" : value);
	}
	node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
	return node;
}

export const element = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);

export const svg = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

export const byId = (id) => document.getElementById(id);

// What a screen reader is to say.
export function say(text) {
	byId("live").textContent = text;
}
