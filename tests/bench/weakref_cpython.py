#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Whether objects are alive: weakref_cpython.py call | call_c|peek_c LIBRARY

  call     ref() in the interpreter, net of the loop
  call_c   ref() called from C, the loop included
  peek_c   PyWeakref_GetObject() from C, which takes no reference; likewise

of 1024 live objects in turn. Prints nanoseconds a check. See contender.h for
how this talks.
"""
import ctypes
import sys
import time
import weakref

OBJECTS = 1024
ROUNDS = 500


class Node:
    __slots__ = ("a", "b", "__weakref__")


def calls(references):
    for _ in range(ROUNDS):
        for reference in references:
            reference()


def loop(references):
    for _ in range(ROUNDS):
        for reference in references:
            pass


def duration(function, *arguments):
    start = time.perf_counter_ns()
    function(*arguments)
    return time.perf_counter_ns() - start


def from_c(mode, references):
    library = ctypes.PyDLL(sys.argv[2])
    library.weakref_set.argtypes = [ctypes.py_object]
    if library.weakref_set(references):
        sys.exit("weakref_cpython: too many references")
    function = getattr(library, "weakref_" + mode.removesuffix("_c"))
    function.argtypes = [ctypes.c_long]
    function.restype = ctypes.c_long
    if function(1) != OBJECTS:
        sys.exit("weakref_cpython: not all are alive")
    return lambda: duration(function, ROUNDS)


def main():
    mode = sys.argv[1]
    objects = [Node() for _ in range(OBJECTS)]
    references = [weakref.ref(item) for item in objects]
    if mode == "call":
        def sample():
            return duration(calls, references) - duration(loop, references)
    else:
        sample = from_c(mode, references)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(sample() / (ROUNDS * OBJECTS), flush=True)


main()
