#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""CPython's collector on a graph: gc_cpython.py GRAPH live|dead|metadata

Objects are instances with two __slots__, which are smaller than lists of two
and collected faster. A collection stops everything, so its time is also its
pause. See contender.h for how this talks.
"""
import array
import gc
import os
import sys
import time


class Node:
    __slots__ = ("a", "b")


def build(cell):
    nodes = [Node() for _ in range(len(cell) // 2)]
    cells = iter(cell)
    for node, a, b in zip(nodes, cells, cells):
        node.a = nodes[a]
        node.b = nodes[b]
    return nodes[0]


def collect():
    start = time.perf_counter_ns()
    found = gc.collect()
    return time.perf_counter_ns() - start, found


def metadata():
    """Bytes of an object that are not its value: head and collector's links."""
    node = Node()
    return object.__basicsize__ + sys.getsizeof(node) - node.__sizeof__()


def main():
    path, mode = sys.argv[1:]
    n = os.path.getsize(path) // 8
    cell = array.array("I")
    with open(path, "rb") as file:
        cell.fromfile(file, 2 * n)
    root = None
    gc.disable()
    gc.collect()
    if mode == "live":
        root = build(cell)
        gc.collect()
    print("ready", flush=True)
    for _ in sys.stdin:
        if mode == "metadata":
            print(metadata(), flush=True)
            continue
        if mode == "dead":
            root = build(cell)
            root = None
        duration, found = collect()
        if found != (0 if mode == "live" else n):
            sys.exit(f"gc_cpython: {found} objects were found")
        print(duration, flush=True)
    # Taking a large graph apart at exit takes longer than measuring it.
    os._exit(0)


main()
