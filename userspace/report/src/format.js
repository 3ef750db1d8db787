// SPDX-License-Identifier: GPL-2.0
// Numbers as people read them, with their units.

const grouped = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export const count = (n) => grouped.format(n);

export function plural(n, one, many = `${one}s`) {
	return `${count(n)} ${Math.abs(n) === 1 ? one : many}`;
}

function scaled(value, units, step) {
	let unit = 0;
	let n = value;
	while (Math.abs(n) >= step && unit < units.length - 1) {
		n /= step;
		unit++;
	}
	const digits = unit === 0 || Number.isInteger(n) ? 0 : Math.abs(n) < 10 ? 2 : Math.abs(n) < 100 ? 1 : 0;
	return `${Number.isInteger(n) && unit === 0 ? grouped.format(n) : n.toFixed(digits)} ${units[unit]}`;
}

export const bytes = (n) => scaled(n, ["B", "KiB", "MiB", "GiB", "TiB"], 1024);

export const short = (n) => Math.abs(n) < 10000 ? count(Math.round(n)) : scaled(n, ["", "k", "M", "G"], 1000).replace(" ", "");

export function duration(ns) {
	return ns < 1000 ? `${Math.round(ns)} ns` : scaled(ns / 1000, ["µs", "ms", "s"], 1000).replace(/\.0+ /, " ");
}

export const percent = (part, whole) => whole ? `${(100 * part / whole).toFixed(part && part < whole / 100 ? 1 : 0)} %` : "0 %";

export const signed = (n, format) => n === 0 ? "no change" : `${n > 0 ? "+" : "−"}${format(Math.abs(n))}`;

// Milliseconds of a time of day.
export function timeOfDay(ms) {
	return new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function seconds(ms) {
	const s = ms / 1000;
	return s >= 120 ? `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")} min` :
		`${Number.isInteger(s) ? s : s.toFixed(s < 10 ? 1 : 0)} s`;
}

export function shorten(text, length) {
	return text.length > length ? `${text.slice(0, Math.max(1, length - 1))}…` : text;
}
