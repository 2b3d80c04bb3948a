# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Network namespaces for tests. Nothing here ever touches the machine's own namespace: a
command either runs in a namespace made for the test, or not at all."""
import contextlib
import functools
import itertools
import os
import pathlib
import re
import shutil
import subprocess

import pytest

NAMED = pathlib.Path("/run/netns")
TIMEOUT_S = 60
_numbers = itertools.count()


class Failed(AssertionError):
    """A command did not end as the test wanted; shows what it said."""

    def __init__(self, argv, result):
        super().__init__(f"{' '.join(map(str, argv))}\nexit code {result.returncode}\n"
                         f"--- stdout\n{result.stdout}\n--- stderr\n{result.stderr}")


class Netns:
    """A namespace named gh-<pid>-<n>, with `lo` up. close() ends what runs in it."""

    def __init__(self):
        self.name = f"gh-{os.getpid()}-{next(_numbers)}"
        _ip("netns", "add", self.name)
        self.children = []
        self.run(["ip", "link", "set", "lo", "up"], check=True)

    def argv(self, argv):
        """The command line that runs `argv` in here."""
        return ["ip", "netns", "exec", self.name, *map(str, argv)]

    def run(self, argv, input=None, check=False, timeout=TIMEOUT_S, **options):
        """Runs a command; returns subprocess's result with text in stdout and stderr.
        `check`: an exit code other than 0 fails the test and shows both."""
        options.setdefault("text", True)
        result = subprocess.run(self.argv(argv), input=input, capture_output=True,
                                timeout=timeout, check=False, **options)
        if check and result.returncode:
            raise Failed(argv, result)
        return result

    def popen(self, argv, **options):
        """Starts a command that close() ends. Pipes and text unless said otherwise."""
        for stream in ("stdin", "stdout", "stderr"):
            options.setdefault(stream, subprocess.PIPE)
        options.setdefault("text", True)
        child = subprocess.Popen(self.argv(argv), **options)
        self.children.append(child)
        return child

    def nft(self, *words, input=None, check=True):
        """Debian's nft, the oracle: nft("list", "ruleset"), or input= for `nft -f -`."""
        require_nft()
        words = words or ("-f", "-")
        return self.run(["nft", *words], input=input, check=check)

    def ruleset(self):
        """What the kernel holds here, as Debian's nft lists it."""
        return self.nft("list", "ruleset").stdout

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.communicate()
        _ip("netns", "del", self.name)


def _ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@functools.cache
def _missing():
    """Why there are no namespaces here; None when there are."""
    if not shutil.which("ip"):
        return "needs `ip` (package iproute2)"
    name = f"gh-{os.getpid()}-probe"
    try:
        _ip("netns", "add", name)
        _ip("netns", "exec", name, "true")
    except subprocess.CalledProcessError as error:
        return f"needs root or a user namespace: {error.stderr.strip()}"
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return None


def require():
    """Skips the test where namespaces cannot be made."""
    if _missing():
        pytest.skip(_missing())


def require_nft():
    """Skips the test where Debian's nft is not installed."""
    if not shutil.which("nft"):
        pytest.skip("needs Debian's nft as the oracle (package nftables)")


@contextlib.contextmanager
def fresh():
    """A namespace for the length of a `with`; skips where there are none."""
    require()
    ns = Netns()
    try:
        yield ns
    finally:
        ns.close()


def remove_abandoned():
    """Removes namespaces of test processes that were killed."""
    if not NAMED.is_dir():
        return
    for path in NAMED.iterdir():
        owner = re.fullmatch(r"gh-(\d+)-(?:\d+|probe)", path.name)
        if owner and not pathlib.Path("/proc", owner[1]).exists():
            subprocess.run(["ip", "netns", "del", path.name], check=False, capture_output=True)
