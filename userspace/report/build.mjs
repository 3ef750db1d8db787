// SPDX-License-Identifier: GPL-2.0
// Makes one page of what is in src/ and of the libraries: build.mjs OUTPUT,
// run in a folder that has node_modules.
import { createRequire } from "node:module";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve("node_modules");
const esbuild = createRequire(join(modules, "x.cjs"))("esbuild");

async function bundle(entry) {
	const result = await esbuild.build({
		entryPoints: [join(here, "src", entry)],
		bundle: true,
		minify: true,
		write: false,
		metafile: true,
		format: "iife",
		target: ["es2022"],
		charset: "utf8",
		legalComments: "none",
		nodePaths: [modules],
		logLevel: "warning",
	});
	const inputs = Object.keys(result.metafile.inputs);
	return { text: result.outputFiles[0].text.trim(), inputs };
}

// Folders of the packages that some file of the bundle is from.
function packagesOf(inputs) {
	const folders = new Set();
	for (const input of inputs) {
		const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(resolve(input));
		if (match)
			folders.add(match[1]);
	}
	return [...folders].sort();
}

function licenceText(folder) {
	const name = readdirSync(folder).find((file) => /^(licen[cs]e|copying)/i.test(file));
	if (!name)
		throw new Error(`${basename(folder)} has no licence`);
	return readFileSync(join(folder, name), "utf8").trim();
}

function describe(folder) {
	const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	return `${name} ${version} (${license})`;
}

// What others have written keeps its licence, in the page itself. A comment of
// HTML must not have "--" in it.
function banner(folders) {
	const parts = folders.map((folder) => `${describe(folder)}\n\n${licenceText(folder)}`);
	return `This page has parts of these libraries.\n\n${parts.join("\n\n\n")}\n`.replace(/--+/g, "-");
}

// In a script "</script" would end it, in a style "</style".
const inline = (text, tag) => text.replaceAll(`</${tag}`, `<\\/${tag}`);

const script = await bundle("main.js");
const style = await bundle("style.css");
const packages = packagesOf(script.inputs);
const parts = {
	licences: banner(packages),
	libraries: packages.map((folder) => describe(folder)).join(", "),
	style: inline(style.text, "style"),
	script: inline(script.text, "script"),
};
const page = readFileSync(join(here, "src", "page.html"), "utf8")
	.replace(/@(licences|libraries|style|script)@/g, (_, part) => parts[part]);
const output = resolve(process.argv[2]);
if (!existsSync(output) || readFileSync(output, "utf8") !== page)
	writeFileSync(output, page);
