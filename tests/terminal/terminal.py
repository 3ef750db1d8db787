#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of the command in a real terminal: terminal.py BUILD_DIR [NAME...]

Runs as root in a machine with the module loaded and tmux in it. Prints TAP and
fails when a case fails. A case is a function test_NAME.
"""
import os
import re
import subprocess
import sys
import time
import traceback

from tmux import Missing, Terminal

MANY = 700_000    # objects that take more than a second or two to be listed


def refheap(*words, lines=None):
    subprocess.run(["refheap", *words], input=lines, text=True, check=True,
                   stdout=subprocess.DEVNULL)


def check(condition, what, terminal=None):
    if not condition:
        raise Missing(what + (f"; the screen is\n{terminal.screen()}" if terminal else ""))


def rows(terminal, first=3):
    """The names and first figures of top's rows."""
    return [line.split() for line in terminal.screen().splitlines()[first:-1] if line.strip()]


def make_some():
    refheap("set", "texts", '["one", "two", "three"]')
    refheap("set", "numbers", "[1.5, 2.5, 3.5, 4.5, 5.5, 6.5]")


def make_many():
    """A heap of its own, once."""
    if "many" in subprocess.run(["refheap", "heap", "list"], capture_output=True, text=True,
                                check=True).stdout:
        return
    refheap("heap", "new", "many")
    piece = ", ".join(["[]"] * 20000)
    refheap("-H", "many", "-b", "-", lines="set all []\n" + f"append all [{piece}]\n"
            * (MANY // 20000))


def test_top_shows_views():
    """top: views by number, Tab and Shift-Tab"""
    make_some()
    with Terminal() as terminal:
        terminal.run("refheap top")
        terminal.expect(r"^HEAP .*vBYTES")
        terminal.expect(r"^user\.0 ")
        terminal.press("2")
        terminal.expect(r"^TYPE .*vBYTES")
        terminal.expect(r"^float +6 ")
        terminal.press("Tab")
        terminal.expect(r"^the heap is not traced")
        terminal.press("Tab")
        terminal.expect(r"^permanent +0 ")
        terminal.press("5")
        terminal.expect(r"^SESSION .*PID")
        terminal.press("BTab")
        terminal.expect(r"^v?GENERATION")
        terminal.press("q")
        terminal.is_restored()


def test_top_is_live():
    """top: figures change by themselves, with rates; a pause stops that"""
    make_some()
    with Terminal() as terminal:
        terminal.run("refheap top -v types -d 0.3")
        terminal.expect(r"^float +6 ")
        refheap("set", "more", "[7.5, 8.5]")
        terminal.expect(r"^float +8 ")
        terminal.press("Space")
        terminal.expect(r"\bpaused\b")
        refheap("del", "more")
        terminal.never(r"^float +6 ", 2)
        terminal.press("Space")
        terminal.expect(r"^float +6 ")
        terminal.expect_not(r"\bpaused\b")
        terminal.press("q")
        terminal.is_restored()


def test_top_shows_sites():
    """top: sites of a traced heap"""
    make_some()
    with Terminal() as terminal:
        terminal.run(r"printf 'trace start\nset s [1.5, 2.5]\n' >script; refheap -b script")
        terminal.run("refheap top -v sites")
        terminal.expect(r"^script:2 ")
        terminal.expect(r"traced \d+")
        terminal.press("q")
        terminal.is_restored()
    refheap("trace", "stop")


def test_top_sorts():
    """top: < and > sort by another column, r turns it round"""
    make_some()
    with Terminal() as terminal:
        terminal.run("refheap top -v types")
        terminal.expect(r"vBYTES")
        terminal.press("<")
        terminal.expect(r"vOBJECTS")
        counts = [int(row[1]) for row in rows(terminal)]
        check(counts == sorted(counts, reverse=True), "the most objects are not first", terminal)
        terminal.press("r")
        terminal.expect(r"\^OBJECTS")
        counts = [int(row[1]) for row in rows(terminal)]
        check(counts == sorted(counts), "the fewest objects are not first", terminal)
        terminal.press("<")
        terminal.expect(r"\^TYPE")
        terminal.press("r")
        terminal.expect(r"vTYPE")
        names = [row[0] for row in rows(terminal)]
        check(names == sorted(names), "names are not in order", terminal)
        terminal.press("Right")
        terminal.expect(r"OBJECTS")
        terminal.press("q")
        terminal.is_restored()


def test_top_filters():
    """top: / filters, what it hid has no rate, Escape leaves it as it was"""
    make_some()
    with Terminal() as terminal:
        terminal.run("refheap top -v types -d 60")
        terminal.expect(r"^float ")
        terminal.type("/LIx")
        terminal.press("BSpace")
        terminal.expect(r"^filter: LI$")
        terminal.press("Enter")
        terminal.expect_not(r"^float ")
        check([row[0] for row in rows(terminal)] == ["list"], "not only list", terminal)
        terminal.type("/zzz")
        terminal.press("Escape")
        terminal.expect(r"q quit")
        check([row[0] for row in rows(terminal)] == ["list"], "Escape has filtered", terminal)
        terminal.type("/")
        terminal.press("C-u", "Enter")
        terminal.expect(r"^float +6 .* - +- ")
        terminal.press("C-l")
        terminal.expect(r"^float +6 .* 0 +0 ")
        terminal.press("q")
        terminal.is_restored()


def test_top_other_delay():
    """top: d takes another delay, and none that makes no sense"""
    make_some()
    with Terminal() as terminal:
        terminal.run("refheap top")
        terminal.expect(r"delay 2")
        terminal.type("d0.5")
        terminal.press("Enter")
        terminal.expect(r"delay 0\.5|delay 0")
        terminal.type("dnever")
        terminal.press("Enter")
        terminal.expect(r"delay 0")
        terminal.press("q")
        terminal.is_restored()


def test_top_chooses_a_heap():
    """top: Enter on a heap shows its types; a heap that is removed is said to be"""
    refheap("heap", "new", "other")
    refheap("-H", "other", "set", "a", "{1: [2.5]}")
    with Terminal() as terminal:
        terminal.run("refheap top -d 0.3 -f other")
        terminal.expect(r"^other ")
        terminal.press("Enter")
        terminal.expect(r"  /other$")
        terminal.type("/")
        terminal.press("C-u", "Enter")
        terminal.expect(r"  other  \d+ objects")
        terminal.expect(r"^float +1 ")
        refheap("heap", "del", "other")
        terminal.expect(r"^there is no heap to look at")
        terminal.press("1")
        terminal.expect(r"^HEAP")
        terminal.press("q")
        terminal.is_restored()


def test_top_resizes():
    """top: windows of all sizes, down to one place"""
    make_some()
    with Terminal() as terminal:
        terminal.run("refheap top -v types -d 60")
        terminal.expect(r"AVERAGE$")
        terminal.resize(120, 40)
        terminal.expect(r"^TYPE .{60,}AVERAGE$")
        terminal.resize(40, 10)
        terminal.expect(r"^TYPE +OBJECTS +vBYTES$")
        terminal.resize(20, 5)
        terminal.expect(r"^TYPE +vBYTES$")
        check(all(len(line) <= 20 for line in terminal.screen().splitlines()), "lines too long")
        for width, height in ((20, 2), (10, 3), (2, 1), (1, 1), (200, 3)):
            terminal.resize(width, height)
            time.sleep(0.2)
        terminal.press("?")
        terminal.resize(30, 8)
        terminal.expect(r"^Tab, Shift-Tab")
        terminal.press("x")
        terminal.resize(80, 24)
        terminal.expect(r"^refheap \d\d:\d\d:\d\d  user\.0")
        terminal.expect(r"^float +6 ")
        terminal.press("q")
        terminal.is_restored()


def test_top_ends_cleanly():
    """top: Ctrl-C, Ctrl-Z and back, SIGTERM; each leaves the terminal as it was"""
    with Terminal() as terminal:
        terminal.run("clear; refheap top; echo ended $?")
        terminal.expect(r"^HEAP")
        terminal.press("C-c")
        terminal.expect(r"^ended 0$")
        terminal.is_restored()
        terminal.run("refheap top")
        terminal.expect(r"^HEAP")
        terminal.press("C-z")
        terminal.expect(r"Stopped")
        check(terminal.state("alternate_on") == "0", "stopped with the other screen")
        terminal.run("fg")
        terminal.expect(r"^HEAP")
        terminal.press("q")
        terminal.is_restored()
        terminal.run("refheap top & echo $! >pid; fg")
        terminal.expect(r"^HEAP")
        with open(os.path.join(terminal.folder.name, "pid"), encoding="utf-8") as file:
            os.kill(int(file.read()), 15)
        terminal.is_restored()


def test_top_help():
    """top: ? shows the keys"""
    with Terminal() as terminal:
        terminal.run("refheap top")
        terminal.expect(r"^HEAP")
        terminal.press("?")
        terminal.expect(r"^Tab, Shift-Tab, 1-5 +another view")
        terminal.press("x")
        terminal.expect(r"^HEAP")
        terminal.press("?", "q")
        terminal.is_restored()


def test_top_colors():
    """top: colours, and none with NO_COLOR or --color=never"""
    make_some()
    cyan = re.compile(r"\x1b\[36m")
    for variables, option, wanted in (({}, "", True), ({"NO_COLOR": "1"}, "", False),
                                      ({}, "--color=never", False),
                                      ({"NO_COLOR": "1"}, "--color=always", True)):
        with Terminal(**variables) as terminal:
            terminal.run(f"refheap {option} top -v types")
            terminal.expect(r"^float ")
            found = bool(cyan.search(terminal.screen(colors=True)))
            check(found == wanted, f"colours with {variables} {option}: {found}", terminal)
            terminal.press("q")
            terminal.is_restored()


def test_colors():
    """listings: colours, and none with NO_COLOR, --color=never or in a pipe"""
    make_some()
    for variables, command, wanted in (({}, "refheap list", True),
                                       ({"NO_COLOR": "1"}, "refheap list", False),
                                       ({}, "refheap --color=never list", False),
                                       ({}, "refheap list | cat", False),
                                       ({}, "refheap --color=always list | cat", True)):
        with Terminal(**variables) as terminal:
            terminal.run(command)
            terminal.expect(r"^numbers ")
            found = "\x1b[36m" in terminal.screen(colors=True)
            check(found == wanted, f"colours of {command} with {variables}: {found}", terminal)


def test_rows_are_lines():
    """listings: a row stays a line, however narrow the terminal is"""
    refheap("set", "long", '"' + "x" * 500 + '"')
    with Terminal(width=50) as terminal:
        terminal.run("refheap list")
        line = terminal.expect(r"^long .*").group()
        check(len(line) <= 50 and "xxxx" in line, f"the line is {line!r}")
    refheap("del", "long")


def test_shell_edits():
    """shell: editing, history, completion"""
    make_some()
    with Terminal() as terminal:
        terminal.run("refheap shell")
        terminal.expect(r"^refheap>")
        terminal.type("set qrt [1, 2]")
        terminal.press("C-a", *["Right"] * len("set qr"))
        terminal.type("s")
        terminal.press("Enter")
        terminal.run("show qrst")
        terminal.expect(r"^\[1, 2\]")
        terminal.press("Up", "Up")
        terminal.expect(r"^refheap> set qrst \[1, 2\]$")
        terminal.press("BSpace")
        terminal.type(", 3]")
        terminal.press("Enter")
        terminal.type("sho")
        terminal.press("Tab")
        terminal.expect(r"^refheap> show ?$")
        terminal.type("qr")
        terminal.press("Tab")
        terminal.press("Enter")
        terminal.expect(r"^\[1, 2, 3\]")
        terminal.type("gc e")
        terminal.press("Tab")
        terminal.expect(r"gc enable")
        terminal.press("C-u")
        terminal.press("C-d")
        terminal.is_restored()


def test_shell_survives_interrupts():
    """shell: Ctrl-C ends a line, or a long listing, not the shell"""
    make_many()
    with Terminal() as terminal:
        terminal.run("refheap -H many shell")
        terminal.expect(r"^refheap>")
        terminal.type("show nothing")
        terminal.press("C-c")
        terminal.run("v = [1]")
        terminal.run("gc objects")
        terminal.expect(r"list +1 +\d +yes +\d+ 0 items")
        terminal.press("C-c")
        terminal.expect(r"the listing is not complete")
        terminal.expect(r"^refheap> ?$")
        terminal.run("show v")
        terminal.expect(r"^\[1\]$")
        terminal.run("exit")
        terminal.is_restored()


def test_progress_is_shown():
    """progress: drawn after a second, gone at the end; of all there is"""
    make_many()
    with Terminal() as terminal:
        terminal.run("clear; refheap -j -H many gc objects >rows; echo ended $?")
        found = terminal.expect(r"^listing objects: (\d+) of (\d+) \((\d+) %\), (\d+) s")
        done, total, percent, _ = map(int, found.groups())
        check(0 < done <= total and total >= MANY and percent == done * 100 // total,
              f"progress is {found.group()!r}")
        terminal.expect(r"^ended 0$")
        check("listing objects" not in terminal.screen(), "progress is left over", terminal)
        terminal.run("clear; wc -l rows")
        terminal.expect(rf"^{total} rows")
        terminal.run("rm rows; clear")


def test_progress_is_cut():
    """progress: on a narrow terminal it stays a line"""
    make_many()
    with Terminal(width=20) as terminal:
        terminal.run("clear; refheap -j -H many gc objects >/dev/null; echo ended")
        terminal.expect(r"^listing objects: \d{1,3}")
        terminal.expect(r"^ended$")
        check(terminal.screen().split() == ["ended", "$"], "a rest is left", terminal)


def test_progress_and_interrupt():
    """progress: Ctrl-C leaves nothing of it, and ends the command as ever"""
    make_many()
    with Terminal() as terminal:
        terminal.run("clear; refheap -j -H many gc objects >/dev/null; echo ended $?")
        terminal.expect(r"^listing objects: ")
        terminal.press("C-c")
        terminal.expect(r"^(\^C)?\$ $|^ended 130$")
        check("listing objects" not in terminal.screen(), "progress is left over", terminal)


def test_progress_keeps_quiet():
    """progress: not in the background, nor while a pager has the terminal"""
    make_many()
    with Terminal() as terminal:
        terminal.run("clear; refheap -j -H many gc objects >/dev/null & wait; echo ended")
        terminal.never(r"listing objects:", 2.5)
        terminal.expect(r"^ended$")
        terminal.run("clear; stty -icanon; refheap -j -H many gc objects >/dev/null; echo ended")
        terminal.never(r"listing objects:", 2.5)
        terminal.expect(r"^ended$")
        terminal.run("stty icanon; clear; refheap -j -H many gc objects 2>errors | tail -n 1")
        terminal.expect(r"^\{\"id\"")
        terminal.run("clear; wc -c errors")
        terminal.expect(r"^0 errors")


def main():
    os.environ["PATH"] = f"{os.path.realpath(sys.argv[1])}:{os.environ['PATH']}"
    cases = {name.removeprefix("test_"): case for name, case in globals().items()
             if name.startswith("test_")}
    names = sys.argv[2:] or list(cases)
    failed = 0
    print(f"1..{len(names)}", flush=True)
    for number, name in enumerate(names, 1):
        title = f"{number} - {cases[name].__doc__}"
        # Each begins with an empty default heap.
        subprocess.run(["refheap", "heap", "del", f"user.{os.getuid()}"], capture_output=True,
                       check=False)
        try:
            cases[name]()
            print(f"ok {title}", flush=True)
        except (Missing, subprocess.SubprocessError, OSError, AttributeError) as error:
            failed += 1
            print(f"not ok {title}", flush=True)
            text = str(error) if isinstance(error, Missing) else traceback.format_exc()
            for line in text.splitlines():
                print(f"#   {line}", flush=True)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
