// SPDX-License-Identifier: GPL-2.0
// One tooltip for all charts: a title and lines of a name and a figure.
import { byId, element, say } from "./dom.js";

const GAP = 14;

function place(box, x, y) {
	const { width, height } = box.getBoundingClientRect();
	const right = x + GAP + width > innerWidth ? x - GAP - width : x + GAP;
	const below = y + GAP + height > innerHeight ? y - GAP - height : y + GAP;
	box.style.left = `${Math.max(4, right)}px`;
	box.style.top = `${Math.max(4, below)}px`;
}

export function show({ title, lines = [], note }, x, y) {
	const box = byId("tooltip");
	box.replaceChildren(
		element("strong", {}, title),
		element("dl", {}, lines.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
		note ? element("p", {}, note) : "",
	);
	box.hidden = false;
	place(box, x, y);
}

export function hide() {
	byId("tooltip").hidden = true;
}

// The same for those who use the keyboard: beside the element, and spoken.
export function showAt(node, content) {
	const box = node.getBoundingClientRect();
	show(content, box.left + box.width / 2, box.top + box.height / 2);
	say(`${content.title}. ${content.lines.map(([name, value]) => `${name}: ${value}`).join(", ")}`);
}

// Tells what @contentOf says of the element under the pointer that has @attribute.
export function follow(chart, attribute, contentOf) {
	chart.addEventListener("pointermove", (event) => {
		const target = event.target.closest(`[${attribute}]`);
		const content = target && contentOf(target.getAttribute(attribute), target);
		if (content)
			show(content, event.clientX, event.clientY);
		else
			hide();
	});
	chart.addEventListener("pointerleave", hide);
}
