# SPDX-License-Identifier: GPL-2.0
"""Whether the tools name the culprit of each leak, and of none where there is
none. Runs as root where the module is loaded; prints TAP.

    leak.py REFHEAP
"""
import contextlib
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent.parent / "userspace" / "leak"
PROGRAM = sys.argv[1]
HEAP = f"user.{os.getuid()}"
TIMEOUT = 120
SLEEP = "sleep 0.02"


def refheap(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=TIMEOUT,
                          stdin=subprocess.DEVNULL, check=False)


@contextlib.contextmanager
def running(path):
    """A script that goes on until the end of the block, in an empty heap."""
    refheap("heap", "del", HEAP)
    script = subprocess.Popen([PROGRAM, "shell", "--sites", path], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield script
    finally:
        script.kill()
        script.wait()


def inquire(*options):
    result = refheap("-j", "leak", "--samples", "5", "--interval", "0.4", *options)
    return result.returncode, json.loads(result.stdout)


def check(wrong, what, got, expected):
    if got != expected:
        wrong.append(f"{what}: {got!r}, not {expected!r}")


def check_culprit(wrong, found, expected):
    check(wrong, "leak", found["leak"], True)
    if not found["suspects"]:
        wrong.append("no suspect")
        return
    for key, value in expected.items():
        check(wrong, key, found["suspects"][0][key], value)


def site(path, number):
    return f"{path}:{number}"


def last_line(path):
    return len(path.read_text().splitlines())


def check_other_tools(wrong, path, holder, example):
    """growth, trace and why say the same, each in its own way."""
    if holder:
        length = refheap("len", holder).stdout
        check(wrong, "the culprit is a path", bool(re.fullmatch(r"\d+\n", length)), True)
        chain = json.loads(refheap("-j", "why", example).stdout)["roots"]
        check(wrong, "why", any(root["root"] == "name" for root in chain), True)
    refheap("trace", "start")
    with tempfile.TemporaryDirectory() as folder:
        before, counts = folder + "/before", folder + "/counts"
        refheap("trace", "snapshot", before)
        refheap("growth", "--since", counts)
        time.sleep(0.5)
        top = json.loads(refheap("-j", "trace", "compare", before, "--number", "1").stdout)
        check(wrong, "trace compare", (top[0]["file"], top[0]["line"]), (str(path), last_line(path)))
        grown = json.loads(refheap("-j", "growth", "--since", counts).stdout)
        check(wrong, "growth", bool(grown), True)
    refheap("trace", "stop")


PATTERNS = {
    "growing-collection": {"pattern": "collection", "path": "results", "type": "list",
                           "member": "dict"},
    "closures": {"pattern": "callbacks", "path": "emitter.listeners", "type": "list",
                 "member": "function", "bulk": "bytearray"},
    "class-cache": {"pattern": "cache", "path": "Model._cache", "type": "dict",
                    "member": "list"},
    "framework-cycle": {"pattern": "cycles", "path": None},
}


def check_pattern(name):
    wrong = []
    path = SCRIPTS / f"{name}.rh"
    with running(path):
        status, found = inquire("--check")
        check(wrong, "status", status, 1)
        check_culprit(wrong, found, dict(PATTERNS[name], site=site(path, last_line(path))))
        check(wrong, "line", found["sites"][0]["line"], last_line(path))
        if not wrong:
            suspect = found["suspects"][0]
            check_other_tools(wrong, path, suspect["path"], suspect["example"])
        check(wrong, "traced afterwards",
              json.loads(refheap("-j", "trace", "status").stdout)["traced"], False)
    return wrong


OTHERS = {
    "names that nobody deletes": (f"for i in range(9999): {SLEEP}; set n$i [i]",
                                  {"pattern": "names"}),
    "a chain": (f"type new Node next\nset head Node()\n"
                f"for i in range(9999): {SLEEP}; set head Node(next=head)",
                {"pattern": "chain"}),
    "an object that gets larger": (f"set log []\nfor i in range(9999): {SLEEP}; "
                                   "for j in range(300): append log 7", {"pattern": "collection",
                                                                       "path": "log"}),
    "references of a session": (f"for i in range(9999): {SLEEP}; x$i = [i, [i]]",
                                {"pattern": "session", "member": "list"}),
}


def check_other(name):
    wrong = []
    text, expected = OTHERS[name]
    with tempfile.NamedTemporaryFile("w", suffix=".rh") as file:
        print(text, file=file, flush=True)
        with running(file.name):
            check_culprit(wrong, inquire()[1], expected)
    return wrong


def check_none(text):
    wrong = []
    with tempfile.NamedTemporaryFile("w", suffix=".rh") as file:
        print(text, file=file, flush=True)
        with running(file.name):
            status, found = inquire("--check")
    check(wrong, "leak", (found["leak"], status), (False, 0))
    return wrong + ([f"suspects: {found['suspects']}"] if wrong else [])


NO_LEAKS = {
    "what comes in goes out again": (SCRIPTS / "bounded.rh").read_text(),
    "garbage that is collected": "\n".join(
        line for line in (SCRIPTS / "framework-cycle.rh").read_text().splitlines()
        if line != "gc disable"),
    "nothing happens": "set a [1, 2, [3]]\nsleep 60",
    "a cache that has a bound": "cache new --kind lru --max 20 c\n"
                                f"for i in range(9999): {SLEEP}; cache put c $i [i]",
}


def read_until(terminal, text, seen):
    end = time.monotonic() + TIMEOUT
    while text not in seen:
        if time.monotonic() > end or not select.select([terminal], [], [], TIMEOUT)[0]:
            raise TimeoutError(f"no {text!r} in {seen!r}")
        seen += os.read(terminal, 4096).decode()
    return seen


def on_terminal(*words):
    process, terminal = pty.fork()
    if not process:
        os.execv(PROGRAM, [PROGRAM, *words])
    return process, terminal


def check_terminal():
    """It waits after each step, and leaves when it is told to."""
    wrong = []
    with running(SCRIPTS / "growing-collection.rh"):
        process, terminal = on_terminal("leak")
        try:
            seen = read_until(terminal, "Enter: what grows", "")
            check(wrong, "step 1", "Step 1" in seen and "5 of 5" in seen, True)
            os.write(terminal, b"\n")
            seen = read_until(terminal, "Enter: why it lives", "")
            os.write(terminal, b"\n")
            seen = read_until(terminal, "Enter: what to do", "")
            check(wrong, "step 3", "1. results, list" in seen, True)
            os.write(terminal, b"q\n")
        except (OSError, TimeoutError) as error:
            wrong.append(str(error))
            os.kill(process, 9)
        check(wrong, "status", os.waitpid(process, 0)[1], 0)
        os.close(terminal)
    return wrong


def check_interrupt():
    """Ctrl-C ends it, and tracing with it."""
    wrong = []
    with running(SCRIPTS / "growing-collection.rh"):
        process, terminal = on_terminal("leak")
        read_until(terminal, "1 of 5", "")
        os.write(terminal, b"\x03")
        read_until(terminal, "interrupted", "")
        check(wrong, "status", os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), 1)
        os.close(terminal)
        check(wrong, "traced", json.loads(refheap("-j", "trace", "status").stdout)["traced"],
              False)
    return wrong


def main():
    cases = [(f"culprit: {name}", lambda name=name: check_pattern(name)) for name in PATTERNS]
    cases += [(f"culprit: {name}", lambda name=name: check_other(name)) for name in OTHERS]
    cases += [(f"no leak: {name}", lambda text=text: check_none(text))
              for name, text in NO_LEAKS.items()]
    cases += [("on a terminal", check_terminal), ("interrupted", check_interrupt)]
    failed = 0
    print(f"1..{len(cases)}")
    for number, (name, run) in enumerate(cases, 1):
        wrong = run()
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
        for line in wrong:
            print(f"#   {line}")
    refheap("heap", "del", HEAP)
    return failed > 0


sys.exit(main())
