# SPDX-License-Identifier: GPL-2.0
"""Executes the Python of one step: a list of rows as JSON in, what each prints out.

Rows are executed one after the other in one module, as if they were typed; the
file that they seem to come from is there, for whoever looks into it.
"""
import json
import os
import sys
import tempfile
import traceback

FILE = "step.py"


def execute(source, line, names):
    """Return what the lines print, wherever in the interpreter it is printed."""
    with tempfile.TemporaryFile() as output:
        saved = os.dup(1), os.dup(2)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        try:
            exec(compile("\n" * line + source, FILE, "exec"), names)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])
        output.seek(0)
        return output.read().decode()


def main():
    rows = json.load(sys.stdin)
    names = {"__name__": "__main__", "__file__": FILE}
    with open(FILE, "w") as file:
        file.write("".join(row + "\n" for row in rows))
    printed, line = [], 0
    for row in rows:
        printed.append(execute(row, line, names))
        line += row.count("\n") + 1
    # The end of the interpreter may print more, which belongs to no row.
    json.dump(printed, sys.stdout)
    sys.stdout.flush()
    os._exit(0)


main()
