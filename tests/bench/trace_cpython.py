#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""CPython's tracemalloc: trace_cpython.py overhead|snapshot

Lists are made with a stack 30 deep and kept, then dropped, which is not
counted. A snapshot and its statistics are of a million objects of a thousand
lines. See trace_device.c for what is printed and contender.h for how. There are
no samples: in place of theirs come the ratios of all births once more.
"""
import gc
import os
import sys
import time
import tracemalloc

LISTS = 4096
TURNS = 8
FRAMES = 25
DEPTH = 30
LINES = 1000
OBJECTS = 10**6


def make():
    start = time.perf_counter_ns()
    lists = [[] for _ in range(LISTS)]
    return time.perf_counter_ns() - start, lists


def at_depth(depth):
    return at_depth(depth - 1) if depth else make()


def measure():
    best = min(at_depth(DEPTH)[0] for _ in range(TURNS))
    return best / LISTS


def measure_traced(frames):
    tracemalloc.start(frames)
    took = measure()
    tracemalloc.stop()
    return took


def overhead():
    off = measure()
    one, many = measure_traced(1), measure_traced(FRAMES)
    ratios = f"{one / off:.4f} {many / off:.4f}"
    return f"{ratios} {one - off:.1f} {many - off:.1f} {ratios}"


def make_million():
    """What was made, by a line for each thousand."""
    lines = "\n".join(["made.append([[] for _ in range(count)])"] * LINES)
    made = []
    tracemalloc.start()
    exec(compile(lines, "million", "exec"),  # pylint: disable=exec-used
         {"made": made, "count": OBJECTS // LINES, "range": range})
    return made


def snapshot():
    start = time.perf_counter_ns()
    statistics = tracemalloc.take_snapshot().statistics("lineno")
    took = time.perf_counter_ns() - start
    if sum(one.traceback[0].filename == "million" for one in statistics) != LINES:
        sys.exit(f"trace_cpython: {len(statistics)} lines")
    return took


def main():
    mode = sys.argv[1]
    gc.disable()
    made = make_million() if mode == "snapshot" else None
    print("ready", flush=True)
    for _ in sys.stdin:
        print(snapshot() if mode == "snapshot" else overhead(), flush=True)
    # Taking the million apart takes longer than measuring it.
    os._exit(0 if made is None or len(made) == LINES else 1)


main()
