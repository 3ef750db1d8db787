#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Every command that looks, while four processes change the heap.

  busy.py REFHEAP [SECONDS]

Runs as root with the module loaded. What is printed must be true or must say
that it was interrupted: an object that nobody touches has the same size, the
same referrers and the same chain each time, edges join boxes that are there, and
what was saved meanwhile can be brought back and is a heap without faults.
Prints TAP; the status tells whether all was well.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

REFHEAP = os.path.abspath(sys.argv[1])
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 30
MUTATORS = 4
HEAP, COPY = "busy", "busy-copy"

PREPARE = """
type new Node left right
type new Open --dict
set anchor [[1, "one"], {"two": 2, 3: (3, 3)}, Node(left="l", right="r"), Open(x=4.5)]
set shared []
set d {}
"""

# Births and deaths, edges there and back, cycles, weak references, slots used again.
CHANGES = """
x = [1, [2, [3]], {"a": "b", (1, 2): [4]}]
set m%(n)d x
append shared Node(left=x, right=shared)
set d["k%(n)d"] Open(self=shared, n=m%(n)d)
append m%(n)d m%(n)d
w = weakref(m%(n)d)
set m%(n)d list(range(50))
y = Node(left=d)
set y.right y
del y
pop shared
set t%(n)d "a text of more than sixteen bytes, number %(n)d"
del t%(n)d
set d["k%(n)d"] None
set b%(n)d bytearray(300)
clear m%(n)d
"""

interrupted = re.compile(r"changed meanwhile|was changed each time|the object is dead|"
                         r"there is no such object")


def refheap(*words, heap=("--heap", HEAP)):
    """Status, output, errors; ends the test when it crashes or hangs."""
    done = subprocess.run([REFHEAP, *heap, *words], capture_output=True, text=True,
                          timeout=120, check=False)
    if done.returncode < 0 or done.returncode > 2:
        raise AssertionError(f"{words}: status {done.returncode}: {done.stderr}")
    if done.returncode and not interrupted.search(done.stderr):
        raise AssertionError(f"{words}: {done.stderr}")
    return done


def document(*words):
    """What a command prints as JSON, or None when it says that it was disturbed."""
    done = refheap("--json", *words)
    return None if done.returncode else json.loads(done.stdout)


def expect(holds, what):
    if not holds:
        raise AssertionError(what)


def check_list(_):
    names = {row["name"] for row in document("list") or []}
    expect(not names or {"anchor", "shared", "d"} <= names, f"names are missing: {names}")


def check_objects(_):
    done = refheap("--json", "gc", "objects")
    rows = json.loads(done.stdout)
    if not interrupted.search(done.stderr):
        ids = [row["id"] for row in rows]
        expect(len(ids) == len(set(ids)), "objects were listed twice, and nothing was said")


def check_types(_):
    rows = {row["name"]: row for row in document("types")}
    expect(rows["Node"]["objects"] >= 1 and rows["Open"]["objects"] >= 1, "types have lost some")


def check_show(known):
    expect(refheap("show", "anchor").stdout == known["show"], "the anchor has changed")


def check_sizes(known):
    now = document("sizeof", "anchor", "--deep", "--retained")
    expect(now is None or now == known["sizes"], f"sizes: {now}, not {known['sizes']}")
    now = document("sizeof", "anchor", "--deep")
    expect(now is None or now["deep"] == known["sizes"]["deep"], f"deep: {now}")


def check_retained(known):
    done = refheap("--json", "retained", "--top", "100000")
    for row in json.loads(done.stdout):
        expect(row["retained"] >= row["size"] and row["objects"] >= 1, f"retained: {row}")
        if row["id"] == known["sizes"]["id"]:
            expect(row["retained"] == known["sizes"]["retained"] and row["path"] == "anchor",
                   f"retained: {row}")


def check_referrers(known):
    rows = document("referrers", "anchor")
    expect(rows is None or [row["id"] for row in rows] == ["@100000001"], f"referrers: {rows}")
    rows = document("referents", "anchor")
    expect(rows is None or [row["id"] for row in rows] == known["items"], f"referents: {rows}")
    refheap("referrers", "shared")
    refheap("referents", "shared")


def check_why(known):
    found = document("why", "anchor[0]")
    expect(found is None or (found["roots"] and found["roots"][0]["name"] == "anchor" and
                             found["roots"][0]["chain"][-1]["id"] == known["items"][0]),
           f"why: {found}")
    document("why", "shared")


def check_graph(known):
    for words in (["shared"], ["--refs", "d"], ["--chain", "shared"], ["--refs", "anchor"]):
        found = document("graph", *words)
        if found is None:
            continue
        boxes = len(found["nodes"])
        expect(all(edge["from"] < boxes and edge["to"] < boxes for edge in found["edges"]),
               f"graph: an edge to nothing: {found}")
        if words[-1] == "anchor" and not found["disturbed"]:
            ids = {node.get("id") for node in found["nodes"]}
            expect(set(known["items"]) <= ids, f"graph: items are missing: {found}")
    refheap("graph", "--refs", "shared", "-o", "graph.dot")
    with open("graph.dot", encoding="utf-8") as file:
        dot = file.read()
    there = set(re.findall(r"^ *(\w+)\[label", dot, re.M))
    for one, other in re.findall(r"^  (\w+) -> (\w+)", dot, re.M):
        expect(one in there and other in there, f"graph: {one} -> {other} has no box")


def check_growth(_):
    for line in refheap("growth", "--since", "state", "--top", "0").stdout.splitlines():
        expect(re.fullmatch(r"\S+ +\d+ +\+\d+", line), f"growth: {line}")
    refheap("growth", "--mark", "mark")
    refheap("growth", "--new", "mark")


def check_dump(known):
    """Not every dump gets a still moment; one that does is without faults."""
    if refheap("dump", "file").returncode:
        return
    known["dumps"] += 1
    saved = ("--dump", "file")
    expect(refheap("show", "anchor", heap=saved).stdout == known["show"], "a dump has changed it")
    sizes = json.loads(refheap("--json", "sizeof", "anchor", "--deep", "--retained",
                               heap=saved).stdout)
    expect(sizes == known["sizes"], f"sizes in a dump: {sizes}")
    refheap("restore", "file", COPY, heap=())
    expect(refheap("verify", heap=("--heap", COPY)).stdout == "ok\n", "the copy has faults")
    expect(refheap("show", "anchor", heap=("--heap", COPY)).stdout == known["show"],
           "the copy is another")
    refheap("heap", "del", COPY, heap=())


CHECKS = [check_list, check_objects, check_types, check_show, check_sizes, check_retained,
          check_referrers, check_why, check_graph, check_growth, check_dump]


def prepare():
    refheap("heap", "new", HEAP, heap=())
    subprocess.run([REFHEAP, "--heap", HEAP, "--batch", "-"], input=PREPARE, text=True, check=True)
    return {
        "show": refheap("show", "anchor").stdout,
        "sizes": document("sizeof", "anchor", "--deep", "--retained"),
        "items": [row["id"] for row in document("referents", "anchor")],
        "dumps": 0,
    }


def start_mutators():
    """Each is a shell that is fed the same changes again and again."""
    feeders = []
    for n in range(MUTATORS):
        with open(f"changes{n}", "w", encoding="utf-8") as file:
            file.write(CHANGES % {"n": n})
        feed = f"while cat changes{n}; do :; done | exec {REFHEAP} --heap {HEAP} shell -k"
        feeders.append(subprocess.Popen(["sh", "-c", feed], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True))
    return feeders


def run_checks(known):
    """Rounds until the time is up; the first fault of each check is told."""
    faults, rounds, end = {}, 0, time.monotonic() + SECONDS
    while time.monotonic() < end or not rounds:
        for check in CHECKS:
            if check in faults:
                continue
            try:
                check(known)
            except (AssertionError, ValueError, KeyError, subprocess.TimeoutExpired) as fault:
                faults[check] = fault
        rounds += 1
    return faults, rounds


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        known = prepare()
        before = document("heap", "show")["births"]
        mutators = start_mutators()
        try:
            faults, rounds = run_checks(known)
            alive = all(mutator.poll() is None for mutator in mutators)
            born = document("heap", "show")["births"] - before
        finally:
            for mutator in mutators:
                os.killpg(mutator.pid, 9)
                mutator.wait()
        sound = refheap("verify").stdout == "ok\n"
        refheap("heap", "del", HEAP, heap=())
        os.chdir("/")
    print(f"# {rounds} rounds, {known['dumps']} dumps, {born} objects born meanwhile")
    for number, check in enumerate(CHECKS, 1):
        fault = faults.get(check)
        print(f"{'not ok' if fault else 'ok'} {number} - {check.__name__.removeprefix('check_')}"
              " while others change the heap")
        if fault:
            print(f"# {fault}"[:2000])
    count = len(CHECKS)
    print(f"{'ok' if alive and born > 1000 else 'not ok'} {count + 1} - four processes changed it")
    print(f"{'ok' if sound else 'not ok'} {count + 2} - the heap is sound afterwards")
    print(f"1..{count + 2}")
    sys.exit(bool(faults) or not (alive and born > 1000 and sound))


main()
