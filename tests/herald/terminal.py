# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A program for terminals, run in a tmux of its own and driven by its keyboard and screen."""
import asyncio
import os
import pathlib
import subprocess
import tempfile
import time


class Terminal:
    """Keeps what the screen showed in `evidence` when it is closed."""

    def __init__(self, argv, evidence, env=None):
        # Paths of sockets are short, those of pytest's folders are not.
        self.folder = tempfile.TemporaryDirectory(prefix="herald-tmux-")
        self.evidence = pathlib.Path(evidence)
        self.seen = []
        environment = dict(os.environ, LANG="C.UTF-8", LC_ALL="C.UTF-8", TERM="screen",
                           **(env or {}))
        environment.pop("TMUX", None)
        subprocess.run([*self._tmux(), "-f", "/dev/null", "new-session", "-d", "-x", "130", "-y",
                        "40", *map(str, argv)], env=environment, check=True, timeout=20)

    def _tmux(self):
        return ["tmux", "-S", f"{self.folder.name}/socket"]

    def _do(self, *words):
        return subprocess.run([*self._tmux(), *words], capture_output=True, text=True, timeout=20,
                              check=False).stdout

    def screen(self):
        text = self._do("capture-pane", "-p")
        if not self.seen or self.seen[-1] != text:
            self.seen.append(text)
        return text

    def type(self, text, enter=True):
        self._do("send-keys", "-l", text)
        if enter:
            self.keys("Enter")

    def keys(self, *names):
        self._do("send-keys", *names)

    async def shows(self, text, timeout=15):
        """Waits until the screen has that text."""
        deadline = time.monotonic() + timeout
        while text not in self.screen():
            assert time.monotonic() < deadline, f"{text!r} is not on the screen:\n{self.screen()}"
            await asyncio.sleep(0.1)

    def close(self):
        self.screen()
        self._do("kill-server")
        self.evidence.write_text("\n----\n".join(self.seen))
        self.folder.cleanup()
