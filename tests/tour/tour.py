# SPDX-License-Identifier: GPL-2.0
"""Runs the tour's lines of Python in Python, and those of the shell where there
is a module, and compares every value. Prints TAP.

    tour.py REFHEAP [CHAPTER...]
"""
import fcntl
import fnmatch
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TEXT = HERE.parent.parent / "userspace" / "tour"
PYTHON = "/usr/bin/python3"
TIMEOUT = 120
RNDADDENTROPY = 0x40085203
VALUE = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?|True|False|None")


class Row:
    def __init__(self):
        self.python, self.shell = [], []
        self.value = self.pattern = self.because = None


class Step:
    def __init__(self, chapter, title):
        self.chapter, self.title, self.rows = chapter, title, []

    def row(self, fresh):
        if not self.rows or fresh(self.rows[-1]):
            self.rows.append(Row())
        return self.rows[-1]


def parse_line(line, chapters, steps):
    word, _, rest = line.partition(":")
    rest = rest.removeprefix(" ")
    if line.startswith(">"):
        row = steps[-1].row(lambda row: row.shell or row.value is not None)
        row.python.append(line[1 + (line[1:2] == " "):])
    elif line.startswith("$"):
        steps[-1].row(lambda row: row.value is not None).shell.append(
            line[3 if line[1:2] in ("#", "!") else 2:])
    elif word == "chapter":
        chapters.append(rest.split(" ", 1)[0])
    elif word == "step":
        steps.append(Step(chapters[-1], rest))
    elif word in ("same", "python"):
        steps[-1].rows[-1].value = rest
    elif word == "refheap":
        steps[-1].rows[-1].pattern = rest
    elif word == "because":
        steps[-1].rows[-1].because = rest
    elif line and word not in ("text", "file") and line[0] not in "#|":
        raise ValueError(f"no line of a tour: {line}")


def parse():
    chapters, steps = [], []
    for path in sorted(TEXT.glob("*.tour")):
        for line in path.read_text(encoding="ascii").splitlines():
            parse_line(line, chapters, steps)
    return chapters, steps


def plain(text):
    return " ".join(text.split())


def values(text):
    words = (word.rstrip(".") for word in re.findall(r"[\w.+@-]+", text))
    return [word for word in words if VALUE.fullmatch(word)]


def same(one, other):
    numbers = values(one)
    return plain(one) == plain(other) or (numbers and numbers == values(other))


def begin_random():
    """In a machine without a source of randomness Python would wait for some."""
    with open("/dev/random", "wb", buffering=0) as device:
        fcntl.ioctl(device, RNDADDENTROPY, struct.pack("ii32s", 256, 32, bytes(range(32))))


def run_python(step):
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run([PYTHON, "-B", "-I", HERE / "python.py"], cwd=folder,
                                input=json.dumps(["\n".join(row.python) for row in step.rows]),
                                capture_output=True, text=True, timeout=TIMEOUT, check=True)
    return json.loads(result.stdout)


def check_python(row, printed):
    """What is wrong with what Python printed."""
    text, expected = plain(printed), row.value or ""
    if text == expected or (row.pattern and fnmatch.fnmatchcase(text, expected)):
        return []
    return [f"Python printed: {text}", f"the tour says:  {expected}"]


def check_shell(row, printed, ours):
    """What is wrong with what the shell printed, Python's being there, too."""
    if ours["refheap"] != row.shell or ours["python"] != row.python:
        return ["the program has another text than the files"]
    got = ours["refheap_value"]
    if row.value is None:
        return [] if ours["agrees"] else [f"refused: {plain(got)}"]
    if row.pattern is None:
        right = same(printed, got)
    else:
        right = fnmatch.fnmatchcase(plain(got), row.pattern) or same(row.pattern, got)
        if right and same(printed, got):
            return [f"is the same as in Python, so nothing differs: {plain(got)}"]
    if right and ours["agrees"]:
        return []
    return [f"the shell printed: {plain(got)}", f"Python printed:    {plain(printed)}",
            f"expected:          {row.pattern or 'the same'}"]


def check_form(row):
    if row.pattern is not None and not row.because:
        return ["a difference without a reason"]
    return []


def check_step(step, live):
    wrong = []
    for number, (row, printed) in enumerate(zip(step.rows, run_python(step))):
        problems = check_form(row) + check_python(row, printed)
        if live:
            problems += check_shell(row, printed, live["rows"][number])
        if problems:
            wrong += [f"> {line}" for line in row.python]
            wrong += [f"$ {line}" for line in row.shell]
            wrong += problems
    return wrong


def run_tour(program, chapters):
    steps = []
    for chapter in chapters:
        result = subprocess.run([program, "-j", "tour", chapter], capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
        if not result.stdout:
            raise SystemExit(f"refheap tour {chapter}: {result.stderr}")
        steps += json.loads(result.stdout)
    return steps


def main():
    program, wanted = sys.argv[1], sys.argv[2:]
    chapters, steps = parse()
    chapters = [chapter for chapter in chapters if not wanted or chapter in wanted]
    steps = [step for step in steps if step.chapter in chapters]
    module = os.path.exists("/dev/refheap")
    if module and os.geteuid() == 0:
        begin_random()
    live = run_tour(program, chapters) if module else [None] * len(steps)
    print(f"1..{len(steps)}")
    compared = failed = 0
    for number, (step, ours) in enumerate(zip(steps, live, strict=True), 1):
        wrong = check_step(step, ours)
        compared += sum(row.value is not None for row in step.rows)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {step.chapter}: {step.title}", flush=True)
        for line in wrong:
            print(f"#   {line}")
    print(f"# {compared} values compared{'' if module else ', Python alone: no module'}")
    return failed > 0


sys.exit(main())
