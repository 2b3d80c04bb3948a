# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A hundred generated things in one go through gate and Debian's nft, each in a namespace of its
own: what is refused, the byte code each would send, what the kernel then holds attribute by
attribute, how each lists it, and whether gate's listing loads again to the same."""
import ctypes
import dataclasses
import json
import os
import re
import socket
import subprocess

from kernel import netlink_dump

from .known import UNREADABLE

CLONE_NEWNET = 0x40000000
CRASH = "crashes"
FROM_KERNEL = re.compile(r"^Could not process rule|\[E04\d\d\]$")
ANONYMOUS = re.compile(r"__(set|map|objmap)(%d|\d+)")


@dataclasses.dataclass(frozen=True)
class Item:
    """A rule (without name) or the definition of a set, as written after `add`."""
    text: str
    name: str = ""


@dataclasses.dataclass
class Load:
    """One file: the table's fixed contents, then the items, each on a line of its own."""
    family: str
    prelude: str
    items: list

    def line(self, item):
        return f"add {item.text}" if item.name else f"add rule {self.family} t c {item.text}"

    def text(self, numbers):
        lines = [self.line(self.items[i]) for i in numbers]
        return "flush ruleset\n" + self.prelude + "".join(line + "\n" for line in lines)

    def first_line(self):
        return 2 + self.prelude.count("\n")


@dataclasses.dataclass
class Verdict:
    """What one tool's `-c` says: {number: why refused}, and {number: its byte code} of what was
    not refused before the kernel was asked."""
    refused: dict
    code: dict


@dataclasses.dataclass
class Difference:
    """`kind`: accept, code (what each would send), held (what the kernel has), listing (gate
    lists otherwise), again (gate's listing does not load to the same)."""
    family: str
    chain: str
    rule: str
    kind: str
    ours: str
    theirs: str


class Side:
    """A namespace with a socket into it; runs programs there without `ip netns exec`'s mounts."""

    def __init__(self, ns):
        self.path = f"/run/netns/{ns.name}"
        self.socket = self._socket_inside()

    def _socket_inside(self):
        libc = ctypes.CDLL(None, use_errno=True)
        home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(self.path, os.O_RDONLY)
        try:
            if libc.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                     netlink_dump.NETLINK_NETFILTER)
            finally:
                libc.setns(home, CLONE_NEWNET)
        finally:
            os.close(home)
            os.close(there)

    def run(self, argv, text=None):
        return subprocess.run(["nsenter", f"--net={self.path}", *argv], input=text, timeout=60,
                              capture_output=True, text=True, errors="replace", check=False)


def _refusals(tool, result):
    """[(line, message)] of what a tool said on stderr; lines count from 1."""
    if tool == "nft":
        said = re.findall(r"^\S+?:(\d+):\d+-\d+: Error: (.*)$", result.stderr, re.MULTILINE)
        return [(int(line), message) for line, message in said]
    try:
        said = json.loads(result.stderr) if result.stderr.strip() else []
    except ValueError:
        return []
    return [(each["line"], f"{each['message']} [{each['code']}]") for each in said
            if each["level"] == "error"]


def _code(load, text):
    """Byte code as --debug=netlink prints it, a text a rule: its anonymous sets, then what it
    does. Named sets are left out: gate does not print them, and the kernel's dump has them."""
    rules, pending, place = [], [], None
    for line in text.splitlines():
        if line == f"{load.family} t c":
            rules.append(sorted(pending))
            pending, place = [], rules[-1]
        elif line.startswith("  ") and place is not None:
            place.append(line.strip())
        elif line.startswith("\telement") and place is not None:
            place += [part.strip() for part in line.split("\telement") if part.strip()]
        elif line and not line[0].isspace():
            place = pending if line.startswith("__") else None
            if place is not None:
                place.append(line.strip())
    return [ANONYMOUS.sub(r"__\1", "\n".join(rule)) for rule in rules]


class Batch:
    """Two sides, kept over many loads."""

    def __init__(self, gate, ours, theirs, known):
        """`known(family, rule, kind, ours, theirs)`: whether a difference is not worth a look."""
        self.known = known
        self.gate, self.ours, self.theirs = str(gate), Side(ours), Side(theirs)
        self.absent = set()
        self.compared = self.refused = self.code_only = 0
        self.late = self.crashes = self.unreadable = self.known_differences = 0

    def summary(self):
        return (f"{self.compared} compared, {self.refused} refused by both ({self.code_only} by the "
                f"kernel, byte code compared), {self.late} when loaded, {self.crashes} crash nft, {self.unreadable} nft cannot list, "
                f"{self.known_differences} known differences")

    # ---- checking ----

    def _check(self, side, tool, load):
        """Asks until only the kernel has something against what is left."""
        argv = [tool, "-c", "--debug=netlink", "-f", "-"]
        if tool != "nft":
            argv[1:1] = ["--errors", "json"]
        verdict, left = Verdict({}, {}), list(range(len(load.items)))
        while left:
            result = side.run(argv, load.text(left))
            errors = {}
            for line, message in _refusals(tool, result):
                at = line - load.first_line()
                if not 0 <= at < len(left):
                    raise AssertionError(f"{tool} refuses the prelude: {result.stderr}")
                errors.setdefault(left[at], message)
            if result.returncode < 0:
                errors = dict.fromkeys(self._guilty(
                    load, left, lambda some: side.run(argv, load.text(some)).returncode < 0), CRASH)
            verdict.refused.update(errors)
            early = {i for i, why in errors.items() if not FROM_KERNEL.search(why)}
            rules = _code(load, result.stdout)
            if not early and len(rules) == sum(not load.items[i].name for i in left):
                self._keep_code(load, left, rules, verdict)
                return verdict
            if not errors:
                raise AssertionError(f"{tool} prints {len(rules)} rules of {len(left)}, ends with "
                                     f"{result.returncode}: {result.stderr}\n{load.text(left)}")
            left = [i for i in left if i not in errors]
        return verdict

    @staticmethod
    def _guilty(load, numbers, fails):
        """Those for which `fails` is true: of the definitions alone, of the rules with the other
        definitions."""
        sets = [i for i in numbers if load.items[i].name]
        bad = [i for i in sets if fails([i])]
        good = [i for i in sets if i not in bad]
        names = [f"@{load.items[i].name} " for i in bad]
        rules = [i for i in numbers if not load.items[i].name]
        users = [i for i in rules if any(name in load.items[i].text + " " for name in names)]

        def search(some):
            if not some or not fails(good + some):
                return []
            half = len(some) // 2
            found = search(some[:half]) + search(some[half:]) if half else []
            return found or some  # all of them where it takes several

        return bad + users + search([i for i in rules if i not in users])

    @staticmethod
    def _keep_code(load, left, rules, verdict):
        code = iter(rules)
        for i in left:
            if not load.items[i].name:
                verdict.code[i] = next(code)

    # ---- what the kernel holds ----

    @staticmethod
    def _held(side, load):
        """[rule …], {set: …}, each as lines of attributes; anonymous sets with their rule."""
        sets = {}
        for family, body in list(netlink_dump.messages(side.socket, 10, 0)):
            about = dict(netlink_dump.attributes(body))
            name = about[2].rstrip(b"\0").decode()
            lines = [f"{kind}={value.hex()}" for kind, value in sorted(about.items()) if kind != 16]
            sets[name] = "\n".join(lines + netlink_dump.elements(side.socket, family, about))
        rules = []
        for _, body in list(netlink_dump.messages(side.socket, 7, 0)):
            about = dict(netlink_dump.attributes(body))
            if about[2] != b"c\0":
                continue
            text = "\n".join(f"{kind}={value.hex()}" for kind, value in sorted(about.items())
                             if kind not in (3, 6))
            used = re.findall(rb"__(?:set|map|objmap)\d+", about.get(4, b""))
            rules.append("\n".join([text, *(sets.get(name.decode(), "") for name in used)]))
        return rules, {item.name: sets.get(item.name) for item in load.items if item.name}

    @staticmethod
    def _listed(text, load):
        """[rule …], {set: …} out of a listing."""
        rules, sets, place = [], {}, None
        for line in text.splitlines():
            head = re.match(r"\t(\w+) (\S+) \{$", line)
            if head:
                place = rules if head[2] == "c" and head[1] == "chain" else \
                    sets.setdefault(head[2], []) if head[1] in ("set", "map") else None
            elif place is rules and re.match(r"\t\t[^\t]", line):
                rules.append(line.strip())
            elif place is rules and rules and line.startswith("\t\t\t"):
                rules[-1] += "\n" + line
            elif place is not None and line.startswith("\t\t"):
                place.append(re.sub(r" expires \S+", "", line))
        if rules and rules[0].startswith("type "):
            rules = rules[1:]
        return rules, {item.name: "\n".join(sets.get(item.name, [])) for item in load.items
                       if item.name}

    def _state(self, side, load, lister):
        text = side.run([lister, "list", "ruleset"]).stdout
        return self._held(side, load), self._listed(text, load), text

    # ---- comparing ----

    def compare(self, load, chain):
        """All differences that are not known; what a batch says is tried alone before it counts."""
        suspects = set()
        found = self._suspects(load)
        for i, kind, ours, theirs in found:
            if kind == "accept" and self._uses(load, i, self.absent):
                continue  # one of them has no such set
            if self.known(load.family, load.items[i].text, kind, ours, theirs):
                self.known_differences += 1
            else:
                suspects.add(i)
        definitions = [item for item in load.items if item.name]
        for i in sorted(suspects):
            item = load.items[i]
            alone = Load(load.family, load.prelude, ([] if item.name else definitions) + [item])
            for kind, ours, theirs in self._alone(alone):
                yield Difference(load.family, chain, item.text, kind, ours, theirs)

    @staticmethod
    def _loadable(load, ours, theirs):
        """What neither refuses, or one for the kernel's sake: gate's check knows what the kernel
        says only at the commit, nft's asks it."""
        def late(verdict):
            return {i for i, why in verdict.refused.items() if FROM_KERNEL.search(why)}

        some = set(range(len(load.items)))
        return ((some - set(ours.refused) - set(theirs.refused)) |
                (late(ours) - set(theirs.refused)) | (late(theirs) - set(ours.refused)))

    @staticmethod
    def _absent(load, ours, theirs):
        """Names of the definitions that one or both refuse, be it for an element only."""
        return {load.items[i].name for i in {*ours.refused, *theirs.refused}} - {""}

    @staticmethod
    def _uses(load, i, names):
        return any(f"@{name} " in load.items[i].text + " " for name in names)

    def _suspects(self, load):
        ours = self._check(self.ours, self.gate, load)
        theirs = self._check(self.theirs, "nft", load)
        self.absent = self._absent(load, ours, theirs)
        both = self._loadable(load, ours, theirs)
        crashed = {i for i, why in theirs.refused.items() if why == CRASH}
        self.crashes += len(crashed)
        suspects = [(i, "crash", why, "") for i, why in ours.refused.items() if why == CRASH]
        suspects += [(i, "accept", ours.refused.get(i, "accepted"),
                      theirs.refused.get(i, "accepted")) for i in
                     (set(ours.refused) ^ set(theirs.refused)) - crashed - both]
        suspects += [(i, "code", ours.code[i], theirs.code[i]) for i in set(ours.code) & set(theirs.code)
                     if ours.code[i] != theirs.code[i]]
        self.refused += len(set(ours.refused) & set(theirs.refused))
        self.code_only += len(set(ours.refused) & set(ours.code) & set(theirs.code))
        self.compared += len(both)
        return suspects + self._loaded(load, sorted(both))

    def _take(self, side, tool, load, numbers):
        """Loads them without those that only a load shows to be wrong (a chain's hook does not
        allow them): the kernel stops at the first. {number: why}"""
        refused, left = {}, list(numbers)
        argv = [tool, "-f", "-"] if tool == "nft" else [tool, "--errors", "json", "-f", "-"]
        while True:
            result = side.run(argv, load.text(left))
            if result.returncode == 0:
                return refused
            errors = _refusals(tool, result)
            at = min(errors)[0] - load.first_line() if errors else -1
            if not 0 <= at < len(left):
                raise AssertionError(f"{tool} does not load what it checked: {result.stderr}\n"
                                     f"{load.text(left)}")
            refused[left[at]] = min(errors)[1]
            del left[at]  # what it says of those behind may only follow from this one

    def _loaded(self, load, numbers):
        """(number, kind, ours, theirs) of what differs once loaded."""
        if not numbers:
            return []
        ours = self._take(self.ours, self.gate, load, numbers)
        theirs = self._take(self.theirs, "nft", load, numbers)
        found = [(i, "accept", ours.get(i, "accepted"), theirs.get(i, "accepted"))
                 for i in sorted(set(ours) ^ set(theirs))]
        left = [i for i in numbers if i not in ours and i not in theirs]
        if found:
            self._take(self.ours, self.gate, load, left)
            self._take(self.theirs, "nft", load, left)
        self.late += len(set(ours) & set(theirs))
        return found + self._compare_loaded(load, left)

    def _unlistable(self, load, numbers):
        """Whether nft ends when it lists them."""
        self.theirs.run(["nft", "-f", "-"], load.text(numbers))
        return self.theirs.run(["nft", "list", "ruleset"]).returncode != 0

    def _compare_loaded(self, load, numbers):
        """What nft cannot read back is compared by what it sends alone."""
        readable = [i for i in numbers if not UNREADABLE.search(load.items[i].text)]
        names = {load.items[i].name for i in set(numbers) - set(readable)} - {""}
        readable = [i for i in readable if not self._uses(load, i, names)]
        self.unreadable += len(numbers) - len(readable)
        if len(readable) < len(numbers):
            self._take(self.ours, self.gate, load, readable)
            self._take(self.theirs, "nft", load, readable)
        return self._compare_readable(load, readable)

    def _compare_readable(self, load, numbers):
        if self.theirs.run(["nft", "list", "ruleset"]).returncode:
            bad = self._guilty(load, numbers, lambda some: self._unlistable(load, some))
            self.crashes += len(bad)
            return self._compare_loaded_again(load, [i for i in numbers if i not in bad])
        return self._compare_listed(load, numbers)

    def _compare_loaded_again(self, load, numbers):
        self._take(self.ours, self.gate, load, numbers)
        self._take(self.theirs, "nft", load, numbers)
        return self._compare_listed(load, numbers)

    def _compare_listed(self, load, numbers):
        held, listed, text = self._state(self.ours, load, self.gate)
        want, want_listed, _ = self._state(self.theirs, load, "nft")
        found = self._differ(load, numbers, "held", held, want)
        found += self._differ(load, numbers, "listing", listed, want_listed)
        result = self.ours.run([self.gate, "--errors", "json", "-f", "-"],
                               "flush ruleset\n" + text)
        if result.returncode:
            return found + self._not_again(load, numbers, text, result)
        _, again, _ = self._state(self.ours, load, self.gate)
        return found + self._differ(load, numbers, "again", again, listed)

    def _not_again(self, load, numbers, text, result):
        """Which items' listing gate refuses; all where that cannot be told."""
        lines = text.splitlines()
        why = {lines[at - 2].strip(): message for at, message in _refusals(self.gate, result)
               if 2 <= at <= len(lines) + 1}
        rules, _ = self._listed(text, load)
        numbered = {load.items[i].name: i for i in numbers if load.items[i].name}
        for at, message in _refusals(self.gate, result):
            heads = [line for line in lines[:at - 1] if re.match(r"\t\w+ \S+ \{$", line)]
            name = heads[-1].split()[1] if heads else ""
            if name in numbered:
                return [(numbered[name], "again", message, "")]
        found = [(i, "again", why[rule.splitlines()[0]], rule)
                 for i, rule in zip((i for i in numbers if not load.items[i].name), rules)
                 if rule.splitlines()[0] in why]
        return found or [(i, "again", f"{result.stderr}", "") for i in numbers]

    @staticmethod
    def _differ(load, numbers, kind, ours, theirs):
        found = [(i, kind, ours[1][load.items[i].name], theirs[1][load.items[i].name])
                 for i in numbers if load.items[i].name
                 and ours[1][load.items[i].name] != theirs[1][load.items[i].name]]
        rules = [i for i in numbers if not load.items[i].name]
        if not len(rules) == len(ours[0]) == len(theirs[0]):
            return [(i, kind, f"{len(ours[0])} rules", f"{len(theirs[0])} of {len(rules)}")
                    for i in numbers]
        return found + [(i, kind, x, y) for i, x, y in zip(rules, *(ours[0], theirs[0])) if x != y]

    def _alone(self, load):
        """(kind, ours, theirs) of the load's last item."""
        last = len(load.items) - 1
        ours = self._check(self.ours, self.gate, load)
        theirs = self._check(self.theirs, "nft", load)
        if self._uses(load, last, self._absent(load, ours, theirs)):
            return
        if ours.refused.get(last) == CRASH:
            yield "crash", CRASH, theirs.refused.get(last, "accepted")
            return
        if last not in self._loadable(load, ours, theirs) and \
                (last in ours.refused) != (last in theirs.refused):
            yield ("accept", ours.refused.get(last, "accepted"),
                   theirs.refused.get(last, "accepted"))
            return
        if last in ours.code and last in theirs.code and ours.code[last] != theirs.code[last]:
            yield "code", ours.code[last], theirs.code[last]
        both = sorted(self._loadable(load, ours, theirs))
        if last not in both:
            return
        for i, kind, mine, its in self._loaded(load, both):
            if i == last:
                yield kind, mine, its
