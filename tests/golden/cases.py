# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The mistakes in tests/golden/errors, one case per number and name:

    NNN-name.nft       what somebody wrote, loaded with -f; or
    NNN-name.cmd       the words of a command line, quoted as for a shell
    NNN-name.setup     (may be missing) the ruleset that was there before
    NNN-name.why       (may be missing) why gate refuses what nft takes
    NNN-name.without   (may be missing) kernel options that must be off for the message
    NNN-name.err       gate's answer, every byte
    NNN-name.nft-says  what Debian's nft 1.0.6 answers, to be read beside it
"""
import gzip
import pathlib
import shlex

FOLDER = pathlib.Path(__file__).resolve().parent / "errors"
CONFIG = pathlib.Path("/proc/config.gz")
TIMEOUT_S = 20


class Case:
    """One mistake and the files around it."""

    def __init__(self, source):
        self.source = source
        self.name = source.stem

    def path(self, suffix):
        return self.source.with_suffix(suffix)

    def text(self, suffix):
        """A file's text; None when it is not there."""
        path = self.path(suffix)
        return path.read_bytes().decode() if path.exists() else None

    def words(self):
        """The arguments of gate and nft."""
        if self.source.suffix == ".nft":
            return ["-f", self.source.name]
        return shlex.split(self.source.read_text())

    def run(self, ns, program):
        return ns.run([program, *self.words()], cwd=FOLDER, timeout=TIMEOUT_S)

    def prepare(self, ns, gate):
        """Loads what was there before."""
        if self.path(".setup").exists():
            ns.run([gate, "-f", self.path(".setup")], check=True, timeout=TIMEOUT_S)

    def kernel_has(self):
        """The first option that the message needs to be off and that this kernel has."""
        wanted = (self.text(".without") or "").split()
        return next((option for option in wanted if option in kernel_options()), None)


def cases():
    return [Case(path) for path in sorted(FOLDER.iterdir()) if path.suffix in (".nft", ".cmd")]


def kernel_options():
    """What the running kernel is built with; where it does not say, everything may be there."""
    if not CONFIG.exists():
        return _Everything()
    lines = gzip.decompress(CONFIG.read_bytes()).decode().splitlines()
    return {line.split("=")[0] for line in lines if line.endswith(("=y", "=m"))}


class _Everything:
    def __contains__(self, option):
        return True


def nft_says(result):
    """nft's answer as it is kept."""
    said = result.stderr.replace("\r", "")
    return said if result.returncode else "(nft takes it)\n" + said
