#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Measures what belongs to one machine: measure.py [--quick] MACHINE [NAME...]

MACHINE is native, uml or 6.1; NAMEs are figures, all of the machine without
any. Contenders for a figure take turns (contender.h). One
line of JSON for each contender of each figure on standard output.

measure.py --list prints the figures and their machines.
"""
import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass

HERE = os.path.dirname(os.path.realpath(__file__))
BUILD = os.path.join(HERE, "..", "..", "build", "bench")
PYTHON = "/usr/bin/python3"

ROUNDS = 9
ROUNDS_LONG = 5
ROUNDS_SLOW = 3
ROUNDS_QUICK = 2


@dataclass
class Figure:
    """One figure of a run: value = column of the contender's line * scale."""
    name: str
    unit: str
    scale: float = 1.0
    column: int = 0     # or the last one that there is


@dataclass
class Run:
    """Contenders that take turns, and the figures that come of it."""
    machine: str
    figures: list
    contenders: dict    # "ours" and peers: command
    rounds: int = ROUNDS
    per_turn: int = 2   # samples a contender takes in its turn; the last one counts


def program(name, *arguments):
    return [os.path.join(BUILD, name), *arguments]


def cpython_gc(graph, mode):
    return [PYTHON, os.path.join(HERE, "gc_cpython.py"), graph, mode]


def collection_names(shape, mode, objects):
    """As in gc_full_live_random_1m and gc_longest_hold_1m."""
    size = f"{objects // 10**6}m"
    return f"gc_full_{mode}_{shape}_{size}", f"gc_longest_hold_{size}"


def turns(objects):
    """Rounds and samples in a turn: no cache holds much of a large graph."""
    return (ROUNDS, 2) if objects <= 10**6 else (ROUNDS_LONG, 1)


def collection_in_kernel(shape, mode, objects):
    full, hold = collection_names(shape, mode, objects)
    graph = os.path.join(BUILD, f"{shape}_{objects // 10**6}m.graph")
    figures = [Figure(full, "ns/object", 1 / objects)]
    if shape == "random" and mode == "live":
        figures.append(Figure(hold, "ns", column=1))
    return Run("uml", figures, {
        "ours": program("gc_device", graph, mode),
        "cpython": cpython_gc(graph, mode),
    }, *turns(objects))


def collection_native(shape, mode, objects):
    full, _ = collection_names(shape, mode, objects)
    graph = os.path.join(BUILD, f"{shape}_{objects // 10**6}m.graph")
    return Run("native", [Figure(full + "_native", "ns/object", 1 / objects)], {
        "ours": program("gc_native", graph, mode),
        "cpython": cpython_gc(graph, mode),
        "boehm": program("gc_boehm", graph, mode),
        "floor": program("gc_floor", graph, mode),
    }, *turns(objects))


def allocation(name, mode):
    call = "import ctypes, sys; ctypes.PyDLL(sys.argv[1]).alloc_main(sys.argv[2].encode())"
    library = os.path.join(BUILD, "alloc_cpython.so")
    return Run("native", [Figure(name, "ns/pair")], {
        "ours": program("alloc_engine", mode),
        "glibc": program("alloc_glibc", mode),
        "mimalloc": program("alloc_mimalloc", mode),
        "cpython": [PYTHON, "-c", call, library, mode],
    })


def metadata():
    graph = os.path.join(BUILD, "ring_1m.graph")
    return Run("native", [Figure("metadata_bytes_per_object", "bytes")], {
        "ours": program("gc_native", graph, "metadata"),
        "cpython": cpython_gc(graph, "metadata"),
    })


def operations():
    """Keyrings know no batches, and Redis is pipelined for both figures."""
    peers = {
        "keyrings": program("ops_keyrings"),
        "redis": program("ops_redis"),
        "empty_ioctl": program("ops_device", "empty"),
    }
    return [
        Run("6.1", [Figure("ops_single", "ns/operation")],
            {"ours": program("ops_device", "single"), **peers}),
        Run("6.1", [Figure("ops_batch_256", "ns/operation")],
            {"ours": program("ops_device", "batch"), **peers}),
    ]


def weak_references():
    python = [PYTHON, os.path.join(HERE, "weakref_cpython.py")]
    library = os.path.join(BUILD, "weakref_cpython.so")
    return [
        Run("6.1", [Figure("weakref_alive", "ns/check")], {
            "ours": program("weakref_device", "alive"),
            "cpython": [*python, "call"],
            "cpython_c": [*python, "call_c", library],
            "cpython_peek_c": [*python, "peek_c", library],
            "empty_batch": program("weakref_device", "ioctl"),
        }),
        death_notice("6.1"),
        death_notice("uml", "_uml"),
    ]


def death_notice(machine, suffix=""):
    return Run(machine, [Figure("weakref_death_notice" + suffix, "ns"),
                         Figure("weakref_death_notice_longest" + suffix, "ns", column=1)], {
        "ours": program("death_notice", "event"),
        "pipe": program("death_notice", "pipe"),
    }, per_turn=1)


def finalizers():
    return [
        Run("6.1", [Figure("finalizer_roundtrip", "ns/object")], {
            "ours": program("finalizer_device", "one"),
            "cpython": [PYTHON, os.path.join(HERE, "finalizer_cpython.py")],
            "pipe": program("finalizer_device", "pipe"),
        }),
        Run("6.1", [Figure("finalizer_roundtrip_two", "ns/object")], {
            "ours": program("finalizer_device", "two"),
            "pipe": program("finalizer_device", "pipe"),
        }),
    ]


def session_close(name, mode, machine="6.1", suffix=""):
    python = [PYTHON, os.path.join(HERE, "session_close_cpython.py")]
    return Run(machine, [Figure(f"{name}_1m{suffix}", "ns/reference"),
                         Figure(f"{name}_wait_1m{suffix}", "ns", column=1)], {
        "ours": program("session_close", mode),
        "cpython": [*python, mode],
        "elsewhere": program("session_close", "elsewhere"),
        "nobody": program("session_close", "nobody"),
        "lock": program("session_close", "lock"),
    }, per_turn=1)


def caches():
    return [
        Run("6.1", [Figure(f"lru_{mode}", f"ns/{mode}")], {
            "ours": program("cache_device", mode),
            "redis": program("cache_redis", mode),
        }) for mode in ("get", "put")
    ]


def histories():
    return Run("6.1", [Figure("ops_take_drop_256", "ns/operation")], {
        "ours": program("history_device", "off"),
        "history": program("history_device", "kept"),
        "watched": program("history_device", "watched"),
    })


def tracing():
    """Ratios of making with tracing and without; what that adds to each."""
    python = [PYTHON, os.path.join(HERE, "trace_cpython.py")]
    return [
        Run("6.1", [Figure("trace_overhead", "ratio"),
                    Figure("trace_overhead_25", "ratio", column=1),
                    Figure("trace_cost", "ns/list", column=2),
                    Figure("trace_cost_25", "ns/list", column=3),
                    Figure("trace_overhead_sampled", "ratio", column=4),
                    Figure("trace_overhead_sampled_25", "ratio", column=5)], {
            "ours": program("trace_device", "batch"),
            "single": program("trace_device", "single"),
            "cpython": [*python, "overhead"],
        }, per_turn=1),
        Run("6.1", [Figure("snapshot_1m", "ns")], {
            "ours": program("trace_device", "snapshot"),
            "cpython": [*python, "snapshot"],
        }, rounds=ROUNDS_SLOW, per_turn=1),
    ]


def listings():
    """Time to the first line, memory, and time to the last line."""
    objects = 10**7
    return Run("uml", [Figure("list_10m", "ns"), Figure("list_memory_10m", "bytes", column=1),
                       Figure("list_to_the_end_10m", "ns/object", column=2)], {
        "ours": program("list_device", str(objects)),
        "cpython": [PYTHON, os.path.join(HERE, "list_cpython.py"), str(objects)],
    }, rounds=3, per_turn=1)


def inspections():
    """Page by page, an emulated machine's memory is what these would measure."""
    python = [PYTHON, os.path.join(HERE, "inspect_cpython.py")]
    return [
        Run("uml", [Figure("growth", "ns")], {
            "ours": program("inspect_device", "growth", "--since", "/tmp/growth"),
            "objgraph": [*python, "typestats"],
        }),
        Run("uml", [Figure("referrers_1m", "ns")], {
            "ours": program("inspect_device", "referrers"),
            "cpython": [*python, "referrers"],
        }),
        Run("uml", [Figure("deep_sizeof_1m", "ns")], {
            "ours": program("inspect_device", "sizeof", "--deep", "graph"),
            "cpython": [*python, "deep_sizeof"],
            "cpython_gc": [*python, "deep_sizeof_gc"],
        }, rounds=ROUNDS_LONG),
        Run("uml", [Figure("retained_1m", "ns")], {
            "ours": program("inspect_device", "retained"),
            "cpython": [*python, "retained"],
        }, rounds=ROUNDS_SLOW, per_turn=1),
        Run("6.1", [Figure("dump_restore_1m", "ns")], {
            "ours": program("inspect_device", "dump_restore"),
            "pickle": [*python, "pickle"],
        }, rounds=ROUNDS_SLOW, per_turn=1),
    ]


GRAPHS = [
    ("ring", "live", 10**6),
    ("random", "live", 10**6),
    ("random", "live", 10**7),
    ("random", "dead", 10**6),
]

RUNS = [
    *[collection_in_kernel(*graph) for graph in GRAPHS],
    *[collection_native(*graph) for graph in GRAPHS],
    allocation("alloc_free_pair_64", "pair"),
    allocation("alloc_churn_1m", "churn"),
    *operations(),
    metadata(),
    *weak_references(),
    *finalizers(),
    session_close("session_close", "alone"),
    session_close("session_close_shared", "shared"),
    session_close("session_close", "alone", "uml", "_uml"),
    *caches(),
    histories(),
    listings(),
    *tracing(),
    *inspections(),
]


def say(text):
    print(f"measure: {text}", file=sys.stderr, flush=True)


class Contender:
    """A program that prints a line of numbers for each line it gets."""

    def __init__(self, name, command):
        self.name = name
        self.command = command
        self.lines = []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            sys.exit(f"measure: {self.name} ended with status {status}: "
                     + " ".join(self.command))
        return line.split()

    def prepare(self):
        if self.read() != ["ready"]:
            sys.exit(f"measure: {self.name} is not a contender")

    def sample(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [float(word) for word in self.read()]

    def end(self):
        self.process.stdin.close()
        if self.process.wait():
            sys.exit(f"measure: {self.name} failed at its end")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def values(self, figure):
        return [line[min(figure.column, len(line) - 1)] * figure.scale
                for line in self.lines]


def measure(run, rounds):
    contenders = []
    try:
        # One after the other: they would slow each other down.
        for name, command in run.contenders.items():
            say(f"{run.figures[0].name}: preparing {name}")
            contenders.append(Contender(name, command))
            contenders[-1].prepare()
        say(f"{run.figures[0].name}: measuring {rounds} times")
        # The first sample of a turn finds the data of others in the caches.
        for _ in range(rounds):
            for contender in contenders:
                for _ in range(run.per_turn - 1):
                    contender.sample()
                contender.lines.append(contender.sample())
        for contender in contenders:
            contender.end()
    finally:
        for contender in contenders:
            contender.kill()
    return contenders


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("machine", nargs="?")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.list:
        for run in RUNS:
            for figure in run.figures:
                print(figure.name, run.machine)
        return
    for run in RUNS:
        figures = [figure for figure in run.figures
                   if not options.names or figure.name in options.names]
        if run.machine != options.machine or not figures:
            continue
        contenders = measure(run, ROUNDS_QUICK if options.quick else run.rounds)
        for figure in figures:
            for contender in contenders:
                print(json.dumps({
                    "name": figure.name,
                    "unit": figure.unit,
                    "contender": contender.name,
                    "samples": contender.values(figure),
                }), flush=True)


main()
