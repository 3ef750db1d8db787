# SPDX-License-Identifier: GPL-2.0
"""Runs every command of the README's table of Python's tools, in its order. Runs
as root where the module is loaded; prints TAP.

    readme.py FOLDER        where the command refheap is
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

README = pathlib.Path(__file__).resolve().parent.parent.parent / "README.md"
HEADING = "## Where Python's tools are\n"
SCRIPT = 'x = "text" * 1000\ndel x\n'
TIMEOUT = 120


def section():
    text = README.read_text(encoding="utf-8").split(HEADING, 1)[1]
    return text.split("\n## ", 1)[0]


def commands(text):
    """Those that prepare the heap, then the rows with theirs."""
    before = re.findall(r"^    (refheap .*)$", text, re.M)
    rows = [line.strip("| ").split(" | ", 1) for line in text.splitlines()
            if line.startswith("| ") and not line.startswith("| in Python")]
    return before, [(name, re.findall(r"`(refheap [^`]*)`", cell)) for name, cell in rows]


def run(command, environment, folder):
    result = subprocess.run(["sh", "-c", command], env=environment, cwd=folder,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=TIMEOUT, check=False)
    if not result.returncode:
        return []
    return [f"{command}: status {result.returncode}",
            *(result.stdout + result.stderr).splitlines()[-5:]]


def run_row(row, environment, folder):
    wrong = [] if row[1] else ["no command"]
    for command in row[1]:
        wrong += run(command, environment, folder)
    return wrong


def main():
    environment = dict(os.environ, PATH=f"{pathlib.Path(sys.argv[1]).resolve()}:"
                                        f"{os.environ['PATH']}")
    before, rows = commands(section())
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        environment["XDG_STATE_HOME"] = folder
        pathlib.Path(folder, "script.rh").write_text(SCRIPT, encoding="ascii")
        for name in (f"user.{os.getuid()}", "shared", "copy"):
            subprocess.run(["refheap", "heap", "del", name], env=environment,
                           capture_output=True, check=False)
        for command in before:
            failed += bool(run(command, environment, folder))
        print(f"1..{len(rows)}")
        for number, row in enumerate(rows, 1):
            wrong = run_row(row, environment, folder)
            failed += bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} - {row[0]}", flush=True)
            for line in wrong:
                print(f"#   {line}")
    return failed > 0


sys.exit(main())
