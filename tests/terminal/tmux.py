# SPDX-License-Identifier: GPL-2.0
"""A real terminal: a pane of tmux with a shell in it."""
import os
import re
import subprocess
import tempfile
import time

PATIENCE = 120.0    # seconds; machines that check everything are slow


class Missing(Exception):
    """What was waited for has not come."""


class Terminal:
    """A server of tmux of its own, with one window."""

    def __init__(self, width=80, height=24, **environment):
        # Programs that end with the server may still write to their home.
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.server = ["tmux", "-f", "/dev/null", "-S", os.path.join(self.folder.name, "tmux")]
        variables = dict(os.environ, LC_ALL="C.UTF-8", HOME=self.folder.name)
        variables.pop("NO_COLOR", None)
        variables.update(environment)
        start = os.path.join(self.folder.name, "start")
        with open(start, "w", encoding="utf-8") as file:
            file.write("PS1='$ '\n")
        subprocess.run([*self.server, "new-session", "-d", "-x", str(width), "-y", str(height),
                        f"bash --noprofile --rcfile {start}"], env=variables, cwd=self.folder.name, check=True)
        self.tmux("set-option", "-g", "escape-time", "0")
        self.expect(r"^\$ $")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.tmux("kill-server")
        self.folder.cleanup()

    def tmux(self, *words):
        result = subprocess.run([*self.server, *words], capture_output=True, text=True,
                                timeout=PATIENCE, check=True)
        return result.stdout

    def press(self, *keys):
        """Keys by tmux's names: Enter, Up, C-c, or single characters."""
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def run(self, line):
        self.type(line)
        self.press("Enter")

    def screen(self, colors=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if colors else []))

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def state(self, name):
        """A variable of tmux, such as alternate_on."""
        return self.tmux("display-message", "-p", f"#{{{name}}}").strip()

    def until(self, holds, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while True:
            screen = self.screen()
            found = holds(screen)
            if found:
                return found
            if time.monotonic() > end:
                raise Missing(f"{what}; the screen is\n{screen.rstrip()}")
            time.sleep(0.05)

    def expect(self, pattern, patience=PATIENCE):
        """Wait for a regular expression, with ^ and $ for lines. Returns the match."""
        # A screen ends with empty lines, and a prompt with a blank that is not kept.
        wanted = re.compile(pattern.replace(r"\$ $", r"\$ ?$"), re.MULTILINE)
        return self.until(wanted.search, f"no '{pattern}'", patience)

    def expect_not(self, pattern, patience=PATIENCE):
        wanted = re.compile(pattern, re.MULTILINE)
        self.until(lambda screen: not wanted.search(screen), f"still '{pattern}'", patience)

    def never(self, pattern, seconds):
        """Nothing like it may be seen for so long."""
        end = time.monotonic() + seconds
        wanted = re.compile(pattern, re.MULTILINE)
        while time.monotonic() < end:
            screen = self.screen()
            if wanted.search(screen):
                raise Missing(f"'{pattern}' was there; the screen is\n{screen}")
            time.sleep(0.02)

    def is_restored(self, status=0):
        """A shell's terminal again: lines, echo, the cursor, what was there before."""
        self.expect(r"^\$ $")
        for name, value in (("alternate_on", "0"), ("cursor_flag", "1"),
                            ("keypad_cursor_flag", "0")):
            if self.state(name) != value:
                raise Missing(f"{name} is not {value}")
        self.run("clear; echo status $?")
        self.expect(r"^status 0")
        self.run(f"echo was {status}; stty -a")
        self.expect(r"\bicanon\b")
        self.expect(r"(?<!-)\becho\b")
        self.run("clear")
