#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Turns samples into rows: report.py SAMPLES BENCH.JSON

SAMPLES is what measure.py printed. A row is a pair of figure and peer with the
medians of both. Rows of figures that were not measured now stay as they are.
Prints all rows as a table, and which of the project's bars they meet.
"""
import json
import os
import statistics
import sys

COLUMNS = ["figure", "unit", "ours", "at worst", "peer", "peer's", "at worst",
           "times better", "spread"]


def read_samples(path):
    figures = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            sample = json.loads(line)
            figure = figures.setdefault(sample["name"], {"unit": sample["unit"], "of": {}})
            figure["of"][sample["contender"]] = sample["samples"]
    return figures


def make_rows(figures):
    rows = []
    for name, figure in figures.items():
        medians = {contender: statistics.median(samples)
                   for contender, samples in figure["of"].items()}
        worst = {contender: round(max(samples), 3)
                 for contender, samples in figure["of"].items()}
        ours = medians.pop("ours")
        for peer, value in medians.items():
            rows.append({"name": name, "unit": figure["unit"], "ours": round(ours, 3),
                         "ours_worst": worst["ours"],
                         "peer": peer, "peer_value": round(value, 3),
                         "peer_worst": worst[peer], "ratio": round(value / ours, 3) if ours else None})
    return rows


def merge(rows, path):
    if not os.path.exists(path):
        return rows
    with open(path, encoding="utf-8") as file:
        before = json.load(file)
    measured = {row["name"] for row in rows}
    return [row for row in before if row["name"] not in measured] + rows


def spread(figures, name):
    """How far our samples are apart, for figures of this run."""
    if name not in figures:
        return "-"
    ours = figures[name]["of"]["ours"]
    return f"{(max(ours) - min(ours)) / statistics.median(ours):.0%}"


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def ratio(value):
    return "-" if value is None else f"{value:.3g}"


def print_table(rows, figures):
    lines = [COLUMNS] + [
        [row["name"], row["unit"], number(row["ours"]), number(row.get("ours_worst")),
         row["peer"], number(row["peer_value"]), number(row.get("peer_worst")),
         ratio(row["ratio"]), spread(figures, row["name"])]
        for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        print("  ".join(
            text.ljust(width) if column in ("figure", "unit", "peer") else text.rjust(width)
            for text, width, column in zip(line, widths, COLUMNS)).rstrip())


def bars(rows):
    """(what is asked, what is so, whether it holds) for each row with a bar."""
    for row in rows:
        name, peer, ratio = row["name"], row["peer"], row["ratio"]
        if name.startswith("gc_full_") and peer == "cpython":
            yield f"{name}: 5 times CPython", f"{ratio:.3g}", ratio >= 5
        elif name.startswith("gc_full_") and peer == "floor":
            yield f"{name}: at most 4 times the floor", f"{1 / ratio:.3g}", ratio >= 1 / 4
        elif name.startswith("gc_longest_hold_"):
            yield (f"{name}: at most 1 ms", f'{row["ours"] / 1e6:.3g} ms',
                   row["ours"] <= 1e6)
        elif name == "ops_batch_256" and peer in ("redis", "keyrings"):
            yield f"{name}: 10 times {peer}", f"{ratio:.3g}", ratio >= 10
        elif name == "alloc_free_pair_64" and peer == "cpython":
            yield f"{name}: no slower than CPython", f"{ratio:.3g}", ratio >= 1
        elif name == "weakref_alive" and peer.startswith("cpython"):
            yield f"{name}: less than {peer}", f"{ratio:.3g}", ratio > 1
        elif name.startswith("weakref_death_notice_longest"):
            yield (f"{name}: at most 10 ms", f'{row["ours_worst"] / 1e6:.3g} ms',
                   row["ours_worst"] <= 1e7)
        elif "_wait_1m" in name and peer == "nobody":
            yield (f"{name}: at most 1 ms", f'{row["ours"] / 1e6:.3g} ms',
                   row["ours"] <= 1e6)
        elif name.startswith(("trace_", "snapshot_")) and peer == "cpython":
            yield f"{name}: 5 times CPython", f"{ratio:.3g}", ratio >= 5
        elif name in ("growth", "referrers_1m", "deep_sizeof_1m", "retained_1m",
                      "dump_restore_1m", "list_10m", "list_memory_10m"):
            yield f"{name}: 5 times {peer}", f"{ratio:.3g}", ratio >= 5
        elif name == "metadata_bytes_per_object":
            yield f"{name}: at most 24 bytes", number(row["ours"]), row["ours"] <= 24


def main():
    samples, path = sys.argv[1:]
    figures = read_samples(samples)
    rows = merge(make_rows(figures), path)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)
    print_table(rows, figures)
    print()
    for asked, found, holds in bars(rows):
        print(f'{"holds" if holds else "MISSED":<6}  {asked}: {found}')


main()
