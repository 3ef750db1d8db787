// SPDX-License-Identifier: GPL-2.0
// Cases as TAP: one that throws has failed, the others go on.

let cases = 0;
let failed = 0;

export function expect(good, what) {
	if (!good)
		throw new Error(`not so: ${what}`);
}

export async function test(name, run) {
	cases++;
	try {
		await run();
		console.log(`ok ${cases} - ${name}`);
	} catch (error) {
		failed++;
		console.log(`not ok ${cases} - ${name}\n${String(error.stack).replace(/^/gm, "# ")}`);
	}
}

export function report() {
	console.log(`1..${cases}`);
	process.exitCode = failed ? 1 : 0;
}
