# SPDX-License-Identifier: GPL-2.0
"""Runs the cases in cases/*.t; each begins with an empty default heap.

  # needs: module       at the top of a file: module, or no-module
  ## NAME               begins a case
  $ COMMAND             for bash, with refheap in the PATH
  > LINE                continues the command
  ...                   what it prints; "(re)" at the end: a regular expression
  ! ...                 what it prints on standard error; likewise
  = STATUS              its status, unless it is 0
  json EXPRESSION       true, with doc for the document printed, or docs for
                        one a line, and err for the one on standard error
"""
import atexit
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
TIMEOUT = 300       # ends a step that hangs; emulated machines are slow


class Step:
    """One command and what is expected of it."""

    def __init__(self, command, line):
        self.command, self.line = command, line
        self.out, self.err, self.checks, self.status = [], [], [], 0


def parse(path):
    needs, cases, step = None, [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("# needs: "):
            needs = line.removeprefix("# needs: ")
        elif line.startswith("## "):
            cases.append((line[3:], []))
            step = None
        elif line.startswith("$ "):
            step = Step(line[2:], number)
            cases[-1][1].append(step)
        elif step is None:
            continue
        elif line.startswith("> "):
            step.command += "\n" + line[2:]
        elif line.startswith("! "):
            step.err.append(line[2:])
        elif line.startswith("= "):
            step.status = int(line[2:])
        elif line.startswith("json "):
            step.checks.append(line[5:])
        else:
            step.out.append(line)
    # Blank lines that set cases apart are not output.
    for _, steps in cases:
        while steps[-1].out and not steps[-1].out[-1]:
            steps[-1].out.pop()
    return needs, cases


def matches_row(want, have):
    """The widths of columns are those of the rows that came soon: on a slow
    machine that may be the first ones only."""
    if want.endswith(" (re)"):
        pattern = re.sub(r" +(?![*+?{])", " +", want.removesuffix(" (re)"))
        return re.fullmatch(pattern, have)
    return want.split() == have.split()


def matches(expected, got):
    if len(expected) != len(got):
        return False
    table = False
    for want, have in zip(expected, got):
        table |= bool(re.fullmatch(r"[A-Z%/]{2,}( +[A-Z%/]{2,})*", want))
        if table:
            if not matches_row(want, have):
                return False
        elif want.endswith(" (re)"):
            if not re.fullmatch(want.removesuffix(" (re)"), have):
                return False
        elif want != have:
            return False
    return True


def documents(text):
    """The names that a json line can use."""
    try:
        return {"doc": json.loads(text)}
    except ValueError:
        return {"docs": [json.loads(line) for line in text.splitlines()]}


def check_json(step, out, err):
    names = {"re": re, "err": json.loads(err) if err else None}
    names.update(documents(out) if out else {"doc": None})
    return [f"false: {check}" for check in step.checks if not eval(check, names)]


def execute(step, environment, folder):
    """Status, or None when it had to be ended, output and errors. What a step has
    started and left behind ends with it."""
    with (tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err,
          subprocess.Popen(["bash", "-c", step.command], env=environment, cwd=folder,
                           stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                           start_new_session=True) as process):
        try:
            status = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            status = None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out.seek(0)
        err.seek(0)
        return status, out.read(), err.read()


def run(step, environment, folder):
    """What is wrong with a step."""
    status, out, err = execute(step, environment, folder)
    wrong = []
    if status is None:
        wrong.append(f"not done after {TIMEOUT} s")
    elif status != step.status:
        wrong.append(f"status {status}, not {step.status}")
    try:
        wrong += check_json(step, out, err) if step.checks else []
    except Exception as error:
        wrong.append(f"json: {error!r}")
    if not (step.checks and not step.out) and not matches(step.out, out.splitlines()):
        wrong += ["expected output:", *step.out]
    if not (step.checks and not step.err) and not matches(step.err, err.splitlines()):
        wrong += ["expected errors:", *step.err]
    if wrong:
        wrong = [f"line {step.line}: {step.command}", *wrong, "got output:",
                 *out.splitlines(), "got errors:", *err.splitlines()]
    return wrong


def heaps(environment):
    result = subprocess.run(["refheap", "-j", "heap", "list"], env=environment,
                            capture_output=True, text=True, check=True)
    return {heap["name"] for heap in json.loads(result.stdout)}


def run_case(steps, environment, module, before):
    if module:
        subprocess.run(["refheap", "heap", "del", f"user.{os.getuid()}"], env=environment,
                       capture_output=True, check=False)
    with tempfile.TemporaryDirectory() as folder:
        for step in steps:
            wrong = run(step, environment, folder)
            if not wrong:
                continue
            # What it could not remove any more is not to be in others' way.
            for name in heaps(environment) - before if module else ():
                subprocess.run(["refheap", "heap", "del", name], env=environment,
                               capture_output=True, check=False)
            return wrong
    return []


def readable_by_all(build):
    """Cases run the command as somebody else, too, who may not look into where it
    was built when that is root's own home."""
    if all(folder.stat().st_mode & 0o001 for folder in (build, *build.parents)):
        return build
    copy = pathlib.Path(tempfile.mkdtemp())
    copy.chmod(0o755)
    atexit.register(shutil.rmtree, copy)
    for path in (build / "refheap", *build.glob("librefheap.so*")):
        shutil.copy2(path, copy)
    return copy


def main():
    only_module = sys.argv[1] == "-m"
    build, *names = sys.argv[1 + only_module:]
    paths = [pathlib.Path(name) for name in names] or sorted(HERE.glob("cases/*.t"))
    module = pathlib.Path("/dev/refheap").exists()
    build = readable_by_all(pathlib.Path(build))
    environment = dict(os.environ, PATH=f"{build}:{os.environ['PATH']}", LC_ALL="C.UTF-8",
                       REPO=str(HERE.parent.parent), BASH_ENV=str(HERE / "await.sh"),
                       PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1")
    os.environ["PATH"] = environment["PATH"]
    before = heaps(environment) if module else set()
    number = failed = 0
    for path in paths:
        needs, cases = parse(path)
        if only_module and needs != "module":
            continue
        for name, steps in cases:
            number += 1
            title = f"{number} - {path.stem}: {name}"
            if needs and needs != ("module" if module else "no-module"):
                print(f"ok {title} # SKIP needs {needs}", flush=True)
                continue
            wrong = run_case(steps, environment, module, before)
            failed += bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {title}", flush=True)
            for line in wrong:
                print(f"#   {line}", flush=True)
    print(f"1..{number}")
    return failed > 0


sys.exit(main())
