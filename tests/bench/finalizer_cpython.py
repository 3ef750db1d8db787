#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""CPython's __del__: the last references to 100,000 objects are dropped, one
after the other. Prints nanoseconds an object, from the drop to the finalizer
having run and ended. See contender.h for how this talks.
"""
import sys
import time

OBJECTS = 100_000


class Node:
    __slots__ = ("a", "b")
    ended = 0

    def __del__(self):
        Node.ended += 1


def sample():
    nodes = [Node() for _ in range(OBJECTS)]
    pop = nodes.pop
    Node.ended = 0
    start = time.perf_counter_ns()
    for _ in range(OBJECTS):
        pop()
    took = time.perf_counter_ns() - start
    if Node.ended != OBJECTS:
        sys.exit(f"finalizer_cpython: {Node.ended} finalizers have run")
    return took / OBJECTS


def main():
    print("ready", flush=True)
    for _ in sys.stdin:
        print(sample(), flush=True)


main()
