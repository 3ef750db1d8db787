#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Python's tools on a million objects: inspect_cpython.py TOOL

typestats     objgraph's counts of types, which its growth() compares
referrers     gc.get_referrers() of an object in the middle
deep_sizeof   the function that is found everywhere: sys.getsizeof() of an object and,
              recursively, of all that it has
deep_sizeof_gc  the same by way of gc.get_referents(), without recursion
retained      immediate dominators, by the algorithm of Cooper, Harvey and Kennedy,
              which suits Python, and what hangs on each
pickle        pickle.dump() to a file and pickle.load() from it

The objects are those of inspect_device.c. See contender.h for how this talks.
"""
import gc
import os
import pickle
import sys
import tempfile
import time

BRANCHES = 1000
PAIRS = 500


class Node:
    __slots__ = ("a", "b")


def build():
    graph = []
    for _ in range(BRANCHES):
        branch = []
        for _ in range(PAIRS):
            x, y = Node(), Node()
            x.a, x.b, y.a, y.b = branch, y, x, branch
            branch.append(x)
        graph.append(branch)
    return graph


def typestats(_):
    import objgraph
    return lambda: objgraph.typestats()


def referrers(graph):
    middle = graph[BRANCHES // 2][PAIRS // 2]
    return lambda: gc.get_referrers(middle)


def deep_getsizeof(item, seen):
    if id(item) in seen:
        return 0
    seen.add(id(item))
    size = sys.getsizeof(item)
    if isinstance(item, dict):
        size += sum(deep_getsizeof(key, seen) + deep_getsizeof(value, seen)
                    for key, value in item.items())
    elif isinstance(item, (list, tuple, set, frozenset)):
        size += sum(deep_getsizeof(one, seen) for one in item)
    elif hasattr(item, "__slots__"):
        size += sum(deep_getsizeof(getattr(item, slot), seen) for slot in item.__slots__)
    return size


def deep_sizeof(graph):
    return lambda: deep_getsizeof(graph, set())


def deep_sizeof_gc(graph):
    def run():
        seen, todo, size = {id(graph)}, [graph], 0
        while todo:
            item = todo.pop()
            size += sys.getsizeof(item)
            for to in gc.get_referents(item):
                # Types are not what anybody asks for.
                if id(to) not in seen and not isinstance(to, type):
                    seen.add(id(to))
                    todo.append(to)
        return size
    return run


def number(graph):
    """Post-order numbers and, by number, sizes and who refers to it."""
    order, state, stack = {}, {id(graph)}, [(graph, iter(gc.get_referents(graph)))]
    objects = []
    while stack:
        item, referents = stack[-1]
        for to in referents:
            if id(to) not in state and not isinstance(to, type):
                state.add(id(to))
                stack.append((to, iter(gc.get_referents(to))))
                break
        else:
            order[id(item)] = len(objects)
            objects.append(item)
            stack.pop()
    before = [[] for _ in objects]
    for i, item in enumerate(objects):
        for to in gc.get_referents(item):
            if id(to) in order:
                before[order[id(to)]].append(i)
    return [sys.getsizeof(item) for item in objects], before


def retained(graph):
    def run():
        size, before = number(graph)
        root = len(size) - 1
        above = [None] * len(size)
        above[root] = root
        changed = True
        while changed:
            changed = False
            for node in range(root - 1, -1, -1):
                best = None
                for one in before[node]:
                    if above[one] is None:
                        continue
                    if best is None:
                        best = one
                        continue
                    while one != best:
                        while one < best:
                            one = above[one]
                        while best < one:
                            best = above[best]
                if above[node] != best:
                    above[node] = best
                    changed = True
        for node in range(root):
            size[above[node]] += size[node]
        return size[root]
    return run


def pickled(graph):
    def run():
        with tempfile.TemporaryFile() as file:
            pickle.dump(graph, file, pickle.HIGHEST_PROTOCOL)
            file.seek(0)
            return pickle.load(file)
    return run


def main():
    # As the collector of the heap is not asked for anything meanwhile either.
    gc.disable()
    graph = build()
    run = {"typestats": typestats, "referrers": referrers, "deep_sizeof": deep_sizeof,
           "deep_sizeof_gc": deep_sizeof_gc,
           "retained": retained, "pickle": pickled}[sys.argv[1]](graph)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter_ns()
        result = run()
        took = time.perf_counter_ns() - start
        # Not in somebody else's turn.
        del result
        gc.collect()
        print(took, flush=True)
    os._exit(0)


main()
