# SPDX-License-Identifier: GPL-2.0
"""Tries what the README shows: the sessions of the shell and the history, which have to
print what it says; every command of the table of Python's tools, in its order; and
whether there are the names that its C code has. Runs as root where the module is
loaded; prints TAP.

    readme.py FOLDER        where the command refheap is
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
HEADERS = ("include/refheap.h", "include/uapi/linux/refheap.h")
HEADING = "## Where Python's tools are\n"
SCRIPT = 'x = "text" * 1000\ndel x\n'
TIMEOUT = 120
PROMPT = "refheap> "
# Ids and times are others in each run.
VARIES = re.compile(r"@[0-9a-f]+|\b\d\d:\d\d:\d\d\.\d{3}\b")


def section(text):
    return text.split(HEADING, 1)[1].split("\n## ", 1)[0]


def commands(text):
    """Those that prepare the heap, then the rows with theirs."""
    before = re.findall(r"^    (refheap .*)$", text, re.M)
    rows = [line.strip("| ").split(" | ", 1) for line in text.splitlines()
            if line.startswith("| ") and not line.startswith("| in Python")]
    return before, [(name, re.findall(r"`(refheap [^`]*)`", cell)) for name, cell in rows]


def sessions(text):
    """What is typed and what is printed, of the blocks that can be tried as they are."""
    for block in re.findall(r"(?:^    .*\n)+", text, re.M):
        lines = [line[4:] for line in block.splitlines()]
        if PROMPT in block:
            prompt, program = PROMPT, ["refheap", "shell"]
        elif "refheap history" in block:
            prompt, program = "$ ", ["sh", "-e"]
        else:
            continue
        yield (program, [line[len(prompt):] for line in lines if line.startswith(prompt)],
               [line for line in lines if not line.startswith((prompt, "$ "))])


def comparable(line):
    return VARIES.sub("…", line.rstrip())


def unknown_names(text):
    """Names in C code that are in no header."""
    code = "".join(re.findall(r"^```c\n(.*?)^```", text, re.M | re.S))
    known = "".join((TOP / header).read_text(encoding="utf-8") for header in HEADERS)
    return sorted(set(re.findall(r"\b(?:refheap|REFHEAP)_\w+", code)) -
                  set(re.findall(r"\w+", known)))


class Place:
    """Where commands are run."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = dict(os.environ, XDG_STATE_HOME=folder,
                                PATH=f"{pathlib.Path(sys.argv[1]).resolve()}:"
                                     f"{os.environ['PATH']}")

    def run(self, command, text=""):
        return subprocess.run(command, env=self.environment, cwd=self.folder, input=text,
                              capture_output=True, text=True, timeout=TIMEOUT, check=False)

    def clear(self):
        for name in (f"user.{os.getuid()}", "shared", "copy"):
            self.run(["refheap", "heap", "del", name])

    def try_command(self, command):
        result = self.run(["sh", "-c", command])
        if not result.returncode:
            return []
        return [f"{command}: status {result.returncode}",
                *(result.stdout + result.stderr).splitlines()[-5:]]

    def try_commands(self, some):
        return sum(map(self.try_command, some), []) if some else ["no command"]

    def try_session(self, program, typed, printed):
        self.clear()
        result = self.run(program, "".join(line + "\n" for line in typed))
        got = (result.stdout + result.stderr).splitlines()
        if list(map(comparable, got)) == list(map(comparable, printed)):
            return []
        return [f"status {result.returncode}, printed:", *got]


def cases(place):
    """Names, and what is wrong."""
    text = (TOP / "README.md").read_text(encoding="utf-8")
    for session in sessions(text):
        yield f"session: {session[1][0]}", place.try_session(*session)
    yield "names in C code", unknown_names(text)
    before, rows = commands(section(text))
    place.clear()
    yield "what the table begins with", place.try_commands(before)
    for name, some in rows:
        yield name, place.try_commands(some)


def main():
    failed = number = 0
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "script.rh").write_text(SCRIPT, encoding="ascii")
        for name, wrong in cases(Place(folder)):
            number += 1
            failed += bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
            for line in wrong:
                print(f"#   {line}")
    print(f"1..{number}")
    return failed > 0


sys.exit(main())
