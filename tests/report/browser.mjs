// SPDX-License-Identifier: GPL-2.0
// A browser that is watched: what it says, and whom it wants to talk to.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const modules = createRequire(join(resolve("node_modules"), "x.cjs"));
const { chromium } = modules("playwright-core");
const axe = modules.resolve("axe-core");

const ARGUMENTS = [
	"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];

export async function launch() {
	return chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGUMENTS });
}

// Complaints are what the page has written, thrown, asked for or popped up.
export async function open(browser, path, options = {}) {
	const page = await browser.newPage({ viewport: { width: 1320, height: 900 }, reducedMotion: "reduce", colorScheme: "light", ...options });
	const complaints = [];
	const url = pathToFileURL(path).href;
	page.setDefaultTimeout(60000);
	page.on("console", (message) => complaints.push(`console: ${message.text()}`));
	page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
	page.on("dialog", (dialog) => {
		complaints.push(`dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
	page.on("request", (request) => {
		if (request.url() !== url && !request.url().startsWith("data:"))
			complaints.push(`request: ${request.url()}`);
	});
	await page.goto(url);
	return { page, complaints };
}

// What makes a page hard to use for some, as far as a program can tell.
export async function barriers(browser, path, colorScheme) {
	// The policy of the page lets nothing in that it does not have itself.
	const page = await browser.newPage({ viewport: { width: 1320, height: 900 }, colorScheme, bypassCSP: true });
	await page.goto(pathToFileURL(path).href);
	await page.addScriptTag({ path: axe });
	const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] }));
	await page.close();
	return violations.map((found) => `${found.id}: ${found.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
}

export async function photograph(page, folder, name) {
	mkdirSync(folder, { recursive: true });
	await page.evaluate(() => scrollTo(0, 0));
	await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
