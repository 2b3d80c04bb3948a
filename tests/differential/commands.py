# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Scripts of commands that gate (under the name nft) and Debian's nft run side by side, each in
a namespace of its own.

A script is a paragraph under `== its name`; `#` begins a comment. A line is one call: options,
and the words of the command in one argument. `$ …` is a line for the shell, in which `nft` is
the program. Both programs must
answer with the same standard output and exit status, and that is 0; `! ` before a line wants
another one. `+ ` is a line that gate alone accepts, `- ` one that gate refuses as not supported
yet: each is for gate alone. At the end the kernel holds the same in both namespaces, and each
program lists the other's as its own.
"""
import dataclasses
import difflib
import re
import shlex

from differential.held import held, listing as list_rules, without_expiry


@dataclasses.dataclass
class Script:
    name: str
    lines: list


def read_scripts(text):
    scripts = []
    for line in text.splitlines():
        if line.startswith("== "):
            scripts.append(Script(line[3:], []))
        elif line and not line.startswith("#"):
            scripts[-1].lines.append(line)
    return scripts


def split_line(line):
    """(what is wanted, whether it is for the shell, the words)"""
    wanted = line[0] if re.match(r"[-+!] ", line) else ""
    words = line[2:] if wanted else line
    return wanted, words.startswith("$ "), words.removeprefix("$ ")


@dataclasses.dataclass
class Result:
    returncode: int
    stdout: str
    stderr: str


class Side:
    """One program in its namespace; `folder` has it under the name nft, and takes what it says."""

    def __init__(self, ns, folder, cwd):
        self.ns, self.folder, self.cwd = ns, folder, cwd

    def words_of(self, line):
        """The line as the shell reads it."""
        _, is_shell, words = split_line(line)
        if is_shell:
            return words
        options, words = re.fullmatch(r"((?:-\S+ +)*)(.*)", words).groups()
        return shlex.join(["nft", *options.split(), words])

    def run(self, lines):
        """Runs them one after the other, in one shell: a namespace takes long to enter."""
        out = self.folder
        script = [f'PATH="{out}:$PATH"']
        script += [f"({self.words_of(line)}\n) </dev/null "
               f" >{out}/{i}.out 2>{out}/{i}.err; echo $? >{out}/{i}.rc"
                   for i, line in enumerate(lines)]
        self.ns.run(["sh"], input="\n".join(script), cwd=self.cwd, check=True)
        return [Result(int((out / f"{i}.rc").read_text()), (out / f"{i}.out").read_text(),
                       (out / f"{i}.err").read_text()) for i in range(len(lines))]


def answer(result):
    return result.returncode, without_expiry(result.stdout)


def unlike(us, them):
    return unlike_lines([f"exit status {us.returncode}", *us.stdout.splitlines()],
                        [f"exit status {them.returncode}", *them.stdout.splitlines()])


def unlike_lines(us, them):
    return "\n".join(difflib.unified_diff(us, them, "gate", "nft", n=1, lineterm=""))


def _one_sided(wanted, result):
    if wanted == "+":
        return result.returncode == 0
    return result.returncode == 1 and "not supported by gate yet" in result.stderr


def differences(script, ours, theirs, gate):
    """Yields a text for every line that went otherwise than it should."""
    shared = [line for line in script.lines if split_line(line)[0] not in ("+", "-")]
    expected = iter(theirs.run(shared))
    for line, us in zip(script.lines, ours.run(script.lines)):
        wanted, _, _ = split_line(line)
        if wanted in ("+", "-"):
            if not _one_sided(wanted, us):
                yield f"{line}\n-- gate\n{us.returncode} {us.stdout}{us.stderr}"
            continue
        them = next(expected)
        if answer(us) != answer(them) or bool(us.returncode) != (wanted == "!"):
            yield f"{line}\n{us.stderr}{them.stderr}" + unlike(us, them)
    if not any(line.startswith("+ ") for line in script.lines):
        yield from final_differences(ours.ns, theirs.ns, gate)


def final_differences(ours, theirs, gate):
    def listing(ns, tool):
        return list_rules(ns, tool).splitlines()

    like_nft = listing(theirs, "nft")
    for what, us, them in (("byte code", sum(held(ours), []), sum(held(theirs), [])),
                           ("nft lists gate's", listing(ours, "nft"), like_nft),
                           ("gate lists gate's", listing(ours, gate), like_nft),
                           ("gate lists nft's", listing(theirs, gate), like_nft)):
        if us != them:
            yield f"at the end, {what}\n" + unlike_lines(us, them)
