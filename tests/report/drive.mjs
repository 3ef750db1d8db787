// SPDX-License-Identifier: GPL-2.0
// Goes through reports as people do: drive.mjs PAGES PICTURES
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { barriers, launch, open, photograph } from "./browser.mjs";
import { expect, report, test } from "./tap.mjs";

const [pages, pictures] = process.argv.slice(2);
const at = (name) => join(pages, name);
const browser = await launch();

const SECTIONS = ["overview", "timeline", "heap-map", "generations", "allocations", "retained", "types", "objects"];

const data = (page) => page.evaluate(() => JSON.parse(document.getElementById("data").textContent));
const tooltip = (page) => page.locator("#tooltip").innerText();
const center = async (locator) => {
	const box = await locator.boundingBox();
	return [box.x + box.width / 2, box.y + box.height / 2];
};
const tile = (name) => page.locator(".tile", { has: page.getByText(name, { exact: true }) });
const number = (text) => Number(text.replace(/[^0-9.]/g, ""));

async function hover(page, locator) {
	await locator.scrollIntoViewIfNeeded();
	await page.mouse.move(0, 0);
	await page.mouse.move(...await center(locator));
}

const { page, complaints } = await open(browser, at("live.html"));
const raw = await data(page);

await test("every section has a chart", async () => {
	for (const id of SECTIONS)
		expect(await page.locator(`#${id} .chart`).evaluate((node) => node.childElementCount) > 0, id);
	expect(await page.locator(".nothing").count() === 0, "nothing is missing");
});

await test("the figures are those of the last snapshot", async () => {
	const value = await tile("Live objects").locator(".value").innerText();
	expect(number(value) === raw.snapshots.at(-1).heap.objects, value);
	expect(raw.snapshots.length === 4, "four snapshots");
	expect(raw.timeline.samples.length > 20, `${raw.timeline.samples.length} samples`);
	expect(raw.timeline.collections.length > 3, `${raw.timeline.collections.length} collections`);
});

await test("text that tries to be markup is text", async () => {
	expect(await page.locator("img, iframe").count() === 0, "no element came from it");
	expect(await page.locator("#objects .node", { hasText: "</script>" }).count() === 1, "it is shown");
	expect(await page.locator("script").count() === 2, "two scripts");
});

await test("a pool tells its figures to the pointer", async () => {
	const index = await page.locator("#heap-map .pool:not(.free)").evaluateAll((list) => list.findIndex((node) => Number(node.dataset.block) < 4096));
	const pool = page.locator("#heap-map .pool:not(.free)").nth(index);
	await hover(page, pool);
	const text = await tooltip(page);
	expect(/pool \d+/.test(text) && /In use\s+[\d,]+ of [\d,]+ blocks \(\d+(\.\d)? %\)/.test(text), text);
	await page.mouse.move(2, 2);
	expect(!await page.locator("#tooltip").isVisible(), "it goes away");
});

await test("and to the keyboard", async () => {
	const arena = page.locator("#heap-map .arena").first();
	await arena.focus();
	await page.keyboard.press("ArrowRight");
	const first = await tooltip(page);
	await page.keyboard.press("ArrowDown");
	expect(/pool 0/.test(first) && /pool 8/.test(await tooltip(page)), first);
	expect(/pool 8/.test(await page.locator("#live").innerText()), "spoken, too");
	await page.keyboard.press("Escape");
	expect(!await page.locator("#tooltip").isVisible(), "Escape");
});

await test("pools of one size can be told from others", async () => {
	const select = page.locator("#heap-map select");
	const size = await select.locator("option").nth(1).getAttribute("value");
	await select.selectOption(size);
	const bright = await page.locator("#heap-map .pool:not(.dim)").evaluateAll((list) => list.map((node) => node.dataset.block));
	expect(bright.length > 0 && bright.every((block) => block === size), bright.join(" "));
	await select.selectOption("");
	expect(await page.locator("#heap-map .dim").count() === 0, "all again");
});

await test("the pools have what the classes have", async () => {
	for (const { arenas } of raw.snapshots) {
		const blocks = arenas.classes.reduce((sum, row) => sum + row[3], 0);
		let used = 0;
		for (const arena of arenas.list.filter((one) => one.use === "pools"))
			for (let i = 0; i < arena.pools.length; i += 3)
				used += arena.pools[i + 1];
		// A busy heap changes between the two; a class keeps one block ready.
		expect(Math.abs(used - blocks) < 100 + blocks / 20, `${used} ${blocks}`);
	}
});

await test("what came into a generation went on, died, or is there", async () => {
	for (const { gc } of raw.snapshots)
		for (const generation of gc.generations)
			expect(generation.entered - generation.left - generation.untracked - generation.died === generation.objects, JSON.stringify(generation));
});

await test("the flow tells its figures, for all time and since the snapshot before", async () => {
	const station = page.locator("#generations .station", { hasText: "Births" }).first();
	await hover(page, station.locator("rect"));
	expect(number((await tooltip(page)).split("\n").at(-1)) === raw.snapshots.at(-1).heap.births, await tooltip(page));
	await page.getByRole("button", { name: "since the snapshot before" }).click();
	const born = number(await station.locator(".figure").textContent());
	expect(born === raw.snapshots[3].heap.births - raw.snapshots[2].heap.births, String(born));
	expect(await page.locator("#generations .station", { hasText: "Alive before" }).count() === 1, "what was there");
	await page.getByRole("button", { name: "since the heap was made" }).click();
});

await test("pauses tell of their collection", async () => {
	await hover(page, page.locator("#timeline .pause").nth(2));
	const text = await tooltip(page);
	expect(/^Generation [0-2], after/.test(text) && /Held others up\s+[\d.]+ (ns|µs|ms) at most/.test(text), text);
	await page.locator("#timeline summary").click();
	expect(await page.locator("#timeline tbody tr").count() === raw.timeline.collections.length, "each in the table");
	await page.locator("#timeline summary").click();
});

await test("memory over time follows the pointer", async () => {
	const panel = page.locator("#timeline svg.panel").first();
	await hover(page, panel);
	expect(/Live\s+[\d.]+ .iB/.test(await tooltip(page)), await tooltip(page));
});

await test("a frame is looked at closely, and left again", async () => {
	const frames = page.locator("#allocations .frame");
	const all = await frames.count();
	await hover(page, page.locator("#allocations .frame", { hasText: "serve" }).first());
	expect(/serve \(.*tests\/report\/main\.c:\d+\)/.test(await tooltip(page)), await tooltip(page));
	await page.locator("#allocations .frame", { hasText: "load_store" }).first().click();
	expect(await frames.count() < all && await page.locator("#allocations .frame.above").count() > 0, "fewer frames");
	expect(await page.locator("#allocations .frame", { hasText: "note_request" }).count() === 0, "others are gone");
	await page.keyboard.press("Escape");
	await page.getByRole("button", { name: "Show all" }).click();
	expect(await frames.count() === all, "all again");
});

await test("frames can be found, and measured otherwise", async () => {
	await page.locator("#allocations input").fill("load_document");
	expect(await page.locator("#allocations .frame.found").count() > 0, "found");
	await page.locator("#allocations input").fill("");
	await page.locator("#allocations").getByRole("button", { name: "Births" }).click();
	expect(/^Births: [\d,]+ in all/.test(await page.locator("#allocations .legend").innerText()), "births");
});

await test("the map of retained memory goes into an object and out", async () => {
	const cells = page.locator("#retained .cell");
	const whole = await cells.count();
	await page.locator("#retained .cell", { hasText: "journal" }).first().click({ position: { x: 30, y: 8 } });
	expect(await page.locator("#retained .trail button").count() === 2, "one step in");
	expect(/journal/.test(await page.locator("#retained .trail").innerText()), "journal");
	await page.locator("#retained svg").focus();
	await page.keyboard.press("Escape");
	expect(await page.locator("#retained .trail button").count() === 1 && await cells.count() === whole, "out again");
});

await test("an area is what the object retains", async () => {
	const { objects } = raw.snapshots.at(-1);
	const size = objects.nodes.reduce((sum, node) => sum + (node[9] === -1 ? node[5] : 0), 0);
	expect(size <= raw.snapshots.at(-1).heap.bytes * 1.2, `${size}`);
	for (const node of objects.nodes)
		expect(node[9] < 0 || objects.nodes[node[9]][5] >= node[5], node[0]);
});

await test("an object is opened, and closed", async () => {
	const nodes = page.locator("#objects .node");
	const before = await nodes.count();
	const handle = page.getByRole("button", { name: /refers to 400$/ });
	await handle.click();
	expect(await nodes.count() === before + 8, `${await nodes.count()} of ${before}`);
	expect(await page.locator("#objects .node", { hasText: "Document" }).count() === 8, "documents");
	await page.locator("#objects .details").getByRole("button", { name: /^Open 8 more/ }).first().click();
	expect(await page.locator("#objects .node", { hasText: "Document" }).count() === 16, "more of them");
	await page.locator("#objects .handle.open[data-side=refs]").last().click();
	expect(await nodes.count() === before, "closed");
});

await test("with the keyboard, too", async () => {
	const nodes = page.locator("#objects .node");
	const before = await nodes.count();
	await page.getByRole("button", { name: /refers to 60$/ }).focus();
	await page.keyboard.press("Enter");
	expect(await nodes.count() > before, "opened");
	expect(await page.evaluate(() => document.activeElement.dataset.side) === "refs", "the focus stays");
	await page.keyboard.press("Enter");
	expect(await nodes.count() === before, "closed");
});

await test("an object is found, with what refers to it and why it is alive", async () => {
	await page.locator("#objects input").fill("'Ada'");
	await page.getByRole("button", { name: "Show", exact: true }).click();
	expect(/authors\[0\]\.name/.test(await page.locator("#objects .details").innerText()), "by its path");
	expect(await page.locator("#objects .edge", { hasText: ".name" }).count() === 1, "its author");
	await page.getByRole("button", { name: "Why is it alive?" }).click();
	expect(await page.locator("#objects .node", { hasText: "the names" }).count() === 1, "from the names on");
	await page.locator("#objects input").fill("no such object");
	await page.getByRole("button", { name: "Show", exact: true }).click();
	expect(/No object of this page/.test(await page.locator("#objects .found").innerText()), "says so");
	await page.getByRole("button", { name: "Names", exact: true }).click();
});

await test("the largest are in a table, which leads to the graph", async () => {
	await page.locator("#retained summary").click();
	await page.locator("#retained tbody button").first().click();
	expect(await page.locator("#objects .node.selected").count() === 1, "selected");
	await page.locator("#retained summary").click();
});

await test("snapshots are switched by pointer and by keyboard", async () => {
	const value = async () => number(await tile("Live objects").locator(".value").innerText());
	await page.locator("#snapshots label").first().click();
	expect(await value() === raw.snapshots[0].heap.objects, "the first");
	const graph = await page.locator("#objects .legend").innerText();
	expect(graph.includes(`of ${raw.snapshots[0].objects.total.toLocaleString("en-GB")} objects`) || graph.includes("All objects"), graph);
	await page.keyboard.press("]");
	expect(await value() === raw.snapshots[1].heap.objects, "the second");
	await page.locator("#snapshots input").nth(1).focus();
	await page.keyboard.press("ArrowRight");
	expect(await value() === raw.snapshots[2].heap.objects, "the third");
	await page.keyboard.press("[");
	expect(await page.locator("#snapshots input").nth(1).isChecked(), "back");
	await page.keyboard.press("]");
	await page.keyboard.press("]");
	await page.keyboard.press("]");
	expect(await value() === raw.snapshots[3].heap.objects, "the last stays");
	expect(/^\+[\d,]+$|^−|^no change$/.test(await tile("Live objects").locator(".change").innerText()), "what changed");
});

await test("the theme is chosen", async () => {
	const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const light = await ground();
	await photograph(page, pictures, "light");
	await page.keyboard.press("t");
	await page.keyboard.press("t");
	expect(await ground() !== light, "dark by key");
	await page.locator("#theme").click();
	expect(await ground() === light, "as the system has it");
	await page.emulateMedia({ colorScheme: "dark" });
	expect(await ground() !== light, "which is dark now");
	await photograph(page, pictures, "dark");
	await page.emulateMedia({ colorScheme: "light" });
});

await test("it fits into a small window", async () => {
	await page.setViewportSize({ width: 400, height: 800 });
	await page.waitForTimeout(400);
	expect(await page.evaluate(() => document.documentElement.scrollWidth) <= 400, "nothing sticks out");
	await photograph(page, pictures, "small");
	await page.setViewportSize({ width: 1320, height: 900 });
	await page.waitForTimeout(400);
});

await test("the page said nothing and asked for nothing", async () => {
	expect(!complaints.length, complaints.join("; "));
});

await test("saved heaps are snapshots, and what they do not know is said", async () => {
	const saved = await open(browser, at("saved.html"));
	const { snapshots } = await data(saved.page);
	expect(snapshots.map((one) => one.title).join() === "early.dump,late.dump", "by their files");
	expect(await saved.page.locator("#heap-map .nothing").count() === 1, "no arenas");
	expect(await saved.page.locator("#objects .node").count() > 3, "objects");
	await saved.page.locator("#snapshots label").first().click();
	const names = saved.page.locator("#objects .node", { hasText: "the names" });
	const first = snapshots[0].objects.nodes[0];
	await names.click();
	expect((await saved.page.locator("#objects .details").innerText()).includes(`${first[6].toLocaleString("en-GB")} objects`), "of the first");
	expect(await saved.page.locator("#retained .cell").count() > 3, "retained memory");
	await photograph(saved.page, pictures, "saved");
	expect(!saved.complaints.length, saved.complaints.join("; "));
});

await test("many snapshots are in a list", async () => {
	const many = await open(browser, at("many.html"));
	const list = many.page.locator("#snapshots select");
	expect(await list.locator("option").count() === 12 && await list.inputValue() === "11", "twelve, the last is shown");
	await list.selectOption("4");
	await many.page.locator("h1").click();
	await many.page.locator("#heap-map summary, #retained summary").first().focus();
	await many.page.keyboard.press("[");
	expect(await list.inputValue() === "3", await list.inputValue());
	expect(!many.complaints.length, many.complaints.join("; "));
});

await test("a single snapshot needs no choice and has no course", async () => {
	const one = await open(browser, at("one.html"));
	expect(!await one.page.locator("#snapshots").isVisible(), "nothing to choose from");
	expect(/report --every/.test(await one.page.locator("#timeline .nothing").innerText()), "how to get one");
	expect(!one.complaints.length, one.complaints.join("; "));
});

await test("a heap of a million objects has a small page that says what it lacks", async () => {
	const bytes = statSync(at("large.html")).size;
	const large = await open(browser, at("large.html"));
	const heap = JSON.parse(readFileSync(at("large.json"), "utf8"));
	expect(heap.objects > 1000000, `${heap.objects} objects`);
	expect(bytes < 5 << 20, `${bytes} bytes`);
	expect(/[\d,]+ of 1,0\d\d,\d+ objects are in this page/.test(await large.page.locator("#objects .legend").innerText()), "says so");
	const sites = large.page.locator("#allocations");
	expect(/1 call site of which nothing is alive is only seen by births/.test(await sites.locator(".legend").innerText()), "a site is not seen");
	await sites.getByRole("button", { name: "Births" }).click();
	await sites.locator("input").fill("<stdin>:2");
	expect(/^Births: .* 1 frame found/.test(await sites.locator(".legend").innerText()), "by births it is");
	expect(!/nothing is alive/.test(await sites.locator(".legend").innerText()), "and nothing is to be said");
	await photograph(large.page, pictures, "large");
	expect(!large.complaints.length, large.complaints.join("; "));
});

await test("the page has the licences of what it is made of", async () => {
	const text = readFileSync(at("one.html"), "utf8").split("-->")[0];
	for (const name of ["d3-sankey", "d3-hierarchy", "d3-zoom", "@dagrejs/dagre"])
		expect(text.includes(`${name} `), name);
	expect(/Permission is hereby granted/.test(text), "MIT");
});

for (const scheme of ["light", "dark"]) {
	await test(`no barriers are known, ${scheme}`, async () => {
		const found = await barriers(browser, at("live.html"), scheme);
		expect(!found.length, found.join("; "));
	});
}

await browser.close();
report();
