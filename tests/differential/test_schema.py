# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The schema's tables against Debian's nft: names, widths and symbols (`nft describe`), places
and byte orders (the byte code nft writes), nft's own numbers (what it keeps for `typeof`),
hooks and priorities. `dump_schema` prints the tables."""
import os
import pathlib
import re
import subprocess

import pytest

from harness.netns import require_nft
from kernel import netlink_dump

# Types that nft describes only through a selector, by number.
DESCRIBED_BY = {18: "ct expiration", 19: "meta mark", 30: "ct label", 37: "ip ecn", 40: "ct event",
                43: "meta time", 44: "meta hour", 45: "meta day"}
PROTO_TYPE = 12
# What nft 1.0.6 does not have, or has under another word; the number says since when.
NEWER_KEYS = {("meta", "broute"), ("meta", "ibrhwaddr")}           # 1.0.8, 1.1.6
NEWER_FIELDS = {("icmpv6", "taddr"), ("icmpv6", "daddr")}          # 1.0.9
NOT_IN_GRAMMAR = {("rt0", "reserved"), ("rt2", "reserved"), ("rt2", "addr")}
READ_SINCE_1_0_9 = {("output", "dstnat"), ("input", "srcnat")}
# nft takes no number there: a name, a protocol first, or only a map.
NO_NUMBER = {("meta", "secmark"), ("ct", "secmark"), ("socket", "cgroupv2"),
             ("ct", "proto-src"), ("ct", "proto-dst")}
VALUES = {7: "1.2.3.4", 8: "::1", 9: "00:01:02:03:04:05", 20: "1", 41: '"a"', 5: '"a"',
          43: '"1970-01-01 00:00:00"'}
# What the words of an expression stand for in nft's messages to the kernel.
KEY_KINDS = {"meta": 9, "ct": 12, "rt": 25, "socket": 10, "fib": 26, "ipsec": 27}


@pytest.fixture(scope="module")
def tool(root):
    gate = pathlib.Path(os.environ.get("GATE", root / "build/bin/gate")).absolute()
    path = gate.parents[1] / "tests/unit/gate/schema/dump_schema"
    if not path.exists():
        pytest.skip(f"needs {path}, which is not built")
    require_nft()
    return path


@pytest.fixture(scope="module")
def rows(tool):
    """{what a line is: its other words}"""
    table = {}
    for line in subprocess.run([tool], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        kind, *words = line.split("\t")
        table.setdefault(kind, []).append(words)
    return table


@pytest.fixture(scope="module")
def types(rows):
    return {int(words[0]): words for words in rows["type"]}


def describe(what):
    return subprocess.run(["nft", "describe", what], capture_output=True, text=True,
                          check=False).stdout


def described_symbols(text, bits, order):
    """{name: value}; nft prints numbers of network order as the CPU sees them."""
    symbols = {}
    for name, value in re.findall(r"^\t(\S+) +\t *(\S+)$", text, re.MULTILINE):
        number = int(value, 0)
        if order == "big" and bits > 8 and value.startswith("0x"):
            number = int.from_bytes(number.to_bytes(bits // 8, "little"), "big")
        symbols[name] = number
    return symbols


def test_types_are_those_nft_describes(types):
    wrong = []
    for number, (_, name, bits, order, base, _, text, *symbols) in types.items():
        said = describe(DESCRIBED_BY.get(number, name))
        head = re.search(r"datatype (\S+) \((.*?)\)(?: \(basetype (.*?)\))?, (\d+) (\w+)", said)
        ours = dict(s.rsplit("=", 1) for s in symbols)
        ours = {key: int(value) for key, value in ours.items()}
        if not head:
            wrong.append(f"{name}: nft says {said!r}")
            continue
        width = int(head[4]) * (8 if head[5] == "characters" else 1)
        if (head[1], head[2]) != (name, text):
            wrong.append(f"{name}: nft calls it {head[1]} ({head[2]})")
        if int(bits) and width != int(bits) and number not in DESCRIBED_BY:
            wrong.append(f"{name}: {bits} bits, nft has {width}")
        if int(base) and types[int(base)][6] != (head[3] or "").split(", ")[0]:
            wrong.append(f"{name}: based on {types[int(base)][6]}, nft says {head[3]}")
        if number != PROTO_TYPE or pathlib.Path("/etc/protocols").exists():
            wrong += [f"{name}: {key} is {ours.get(key)}, nft says {value}" for key, value
                      in described_symbols(said, int(bits), order).items()
                      if ours.get(key) != value]
    assert not wrong, "\n".join(wrong)


# ---- fields: their place in the packet ----

def fields(rows):
    """(family, expression, base or operation, header type, offset, bits, type, number)"""
    bases = {words[0]: words[1] for words in rows["proto"]}
    for proto, name, off, bits, kind, number, alias in rows["field"]:
        if (proto, name) in NEWER_FIELDS:
            continue
        family = "bridge" if proto in ("ether", "vlan", "arp") else "inet"
        if name == "parameter-problem":
            name = alias  # nft lists the one and reads the other
        shift = 112 if proto == "vlan" else 0
        yield (family, f"{proto} {name}", {"ll": "link", "nh": "network",
               "th": "transport"}[bases[proto]], None, int(off) + shift, int(bits), int(kind),
               int(number))
    types_of = {(words[0], words[1]): int(words[2]) for words in rows["exthdr"]}
    heads = {"ipv6": "", "tcp": "tcp option ", "ipv4": "ip option ", "sctp": "sctp chunk "}
    for op, header, name, off, bits, kind, number, _ in rows["option"]:
        if (header, name) in NOT_IN_GRAMMAR:
            continue
        yield ("inet", f"{heads[op]}{header} {name}", op, types_of[op, header], int(off),
               int(bits), int(kind), int(number))


def words_of(data):
    """Bytes as nft prints registers: little-endian words."""
    return " ".join(f"0x{int.from_bytes(data[i:i + 4], 'little'):08x}"
                    for i in range(0, len(data), 4))


def bytecode(netns, family, rules):
    """{rule: its instructions}, one transaction that is only checked; what the kernel says to
    it makes no difference."""
    text = f"add table {family} t\nadd chain {family} t c\n"
    text += "".join(f"add rule {family} t c {rule}\n" for rule in rules)
    said = netns.run(["nft", "-c", "--debug=netlink", "-f", "-"], input=text).stdout
    found = [[]]
    for line in said.splitlines():
        if line.startswith("  ["):
            found[-1].append(line.strip())
        elif found[-1] and not line.strip():
            found.append([])
    found = [block for block in found if block]
    assert len(found) == len(rules)
    return dict(zip(rules, found))


def expected_load(base, header, off, bits):
    """The load of the bytes that hold the field, and the mask when it does not fill them."""
    first, last = off // 8, (off + bits + 7) // 8
    size = last - first
    load = (f"exthdr load {base + ' ' if base != 'sctp' else ''}{size}b @ {header} + {first}"
            if header is not None else f"payload load {size}b @ {base} header + {first}")
    load = load.replace("load tcp ", "load tcpopt ")
    if bits == size * 8:
        return load, None
    mask = ((1 << bits) - 1) << (last * 8 - off - bits)
    return load, words_of(mask.to_bytes(size, "big"))


def test_fields_lie_where_nft_loads_them(rows, netns):
    wrong, count = [], 0
    for family in ("inet", "bridge"):
        mine = [row for row in fields(rows) if row[0] == family]
        rule_of = {row: f"{row[1]} == {VALUES.get(row[6], '1')}" for row in mine}
        code = bytecode(netns, family, list(dict.fromkeys(rule_of.values())))
        for row in mine:
            load, mask = expected_load(*row[2:6])
            loads = [i for i in code[rule_of[row]] if f"{load} =>" in i]
            masks = [i for i in code[rule_of[row]] if "bitwise" in i]
            count += 1
            if not loads:
                wrong.append(f"{row[1]}: {load} is not in {code[rule_of[row]]}")
            elif mask and not any(f"& {mask} )" in i for i in masks):
                wrong.append(f"{row[1]}: mask {mask} is not in {masks}")
    assert not wrong, "\n".join(wrong)
    assert count > 200


# ---- nft's own numbers ----

def tlvs(data):
    while len(data) >= 2:
        yield data[0], data[2:2 + data[1]]
        data = data[2 + data[1]:]


def typeof_sets(netns, expressions):
    """{expression: (type, bytes, kind, {number: value})} as nft keeps them in the kernel."""
    names = {f"s{i}": expression for i, expression in enumerate(expressions)}
    text = "flush ruleset\nadd table bridge t\n"
    text += "".join(f"add set bridge t {name} {{ typeof {expression}; }}\n"
                    for name, expression in names.items())
    netns.nft(input=text)
    found = {}
    for block in netlink_dump.dump(netns).split("set 7\n")[1:]:
        about = dict(re.findall(r"^  (\d+)=(\w*)$", block, re.MULTILINE))
        about = {int(key): bytes.fromhex(value) for key, value in about.items()}
        typeof = dict(tlvs(dict(tlvs(about[13]))[3]))
        inner = {key: int.from_bytes(value, "little") for key, value in tlvs(typeof[1])}
        found[names[about[2].rstrip(b"\0").decode()]] = (
            int.from_bytes(about[4], "big"), int.from_bytes(about[5], "big"),
            int.from_bytes(typeof[0], "little"), inner)
    return found


def test_fields_have_nfts_types_and_numbers(rows, netns):
    mine = {row[1]: row for row in fields(rows)}
    wrong = []
    for expression, (kind, size, _, inner) in typeof_sets(netns, mine).items():
        _, _, _, _, off, bits, ours, number = mine[expression]
        if (ours, number) != (kind, inner[1]):
            wrong.append(f"{expression}: type {ours} number {number}, nft has type {kind} "
                         f"number {inner[1]}")
        if (bits + 7) // 8 != size:
            wrong.append(f"{expression}: {bits} bits, nft has {size} bytes")
    assert not wrong, "\n".join(wrong)
    assert len(mine) > 200


# ---- keys ----

def key_expressions(rows):
    """{expression: row}"""
    family_of = {7: "ip", 8: "ip6"}
    for table, *words in rows["key"]:
        name, number, kind = words[0], int(words[1]), int(words[2])
        if (table, name) in NEWER_KEYS or table == "osf":
            continue
        family = family_of.get(kind, "")
        expression = {
            "meta": f"meta {name}", "ct": f"ct {name}", "rt": f"rt {family} {name}",
            "socket": f"socket {name}" + (" level 1" if name == "cgroupv2" else ""),
            "fib": f"fib saddr {name}", "ipsec": f"ipsec in {family} {name}",
        }[table].replace("  ", " ")
        if table == "ct" and name in ("saddr", "daddr"):
            continue  # their type is the family's
        if table == "ct" and int(words[5]) & 8:
            expression = f"ct original {name}"
        yield expression, (table, name, number, kind, int(words[3]), words[4])


def test_keys_have_nfts_numbers_types_and_widths(rows, netns):
    mine = dict(key_expressions(rows))
    wrong = []
    for expression, (kind, size, typeof, inner) in typeof_sets(netns, mine).items():
        table, name, number, ours, bits, _ = mine[expression]
        if typeof != KEY_KINDS[table] or inner[0] != number:
            wrong.append(f"{expression}: number {number}, nft has {inner[0]}")
        # nft gives ports of connections no type of their own.
        if ours != kind and not name.startswith("proto-"):
            wrong.append(f"{expression}: type {ours}, nft has {kind}")
        if (bits + 7) // 8 != size:
            wrong.append(f"{expression}: {bits} bits, nft has {size} bytes")
    assert not wrong, "\n".join(wrong)
    assert len(mine) > 60


def test_keys_are_in_nfts_byte_order(rows, netns):
    mine = {}
    for expression, row in key_expressions(rows):
        table, name, _, kind, bits, order = row
        if (table, name) in NO_NUMBER or order == "none" or bits <= 8 or bits > 64:
            continue
        if kind in VALUES:
            continue
        mine[f"{expression} == {'1ms' if kind == 18 else '1'}"] = (expression, bits, order)
    wrong = []
    for rule, code in bytecode(netns, "inet", list(mine)).items():
        expression, bits, order = mine[rule]
        # Words are printed as the CPU sees them; 64 bits are two of them.
        want = {"host": (1).to_bytes(bits // 8, "little"),
                "big": (1).to_bytes(bits // 8, "big")}[order]
        if f"cmp eq reg 1 {words_of(want)} ]" not in code[-1]:
            wrong.append(f"{expression}: {order}, nft has {code[-1]}")
    assert not wrong, "\n".join(wrong)
    assert len(mine) > 30


# ---- hooks and priorities ----

def chain(family, hook, name, priority):
    device = "device lo " if hook in ("ingress", "egress") else ""
    return (f"add chain {family} t {name} {{ type filter hook {hook} {device}"
            f"priority {priority}; }}\n")


def test_priorities_are_listed_like_nft(rows, netns):
    values = [-320, -311, -310, -300, -299, -290, -289, -211, -210, -201, -200, -190, -150, -110,
              -100, -90, -11, -10, -1, 0, 1, 10, 11, 39, 40, 50, 60, 90, 100, 110, 290, 300, 310]
    listed = {(words[0], words[1], int(words[2])): words[3] for words in rows["listed"]}
    wrong = []
    for family, hook, _ in rows["hook"]:
        text = f"flush ruleset\nadd table {family} t\n"
        text += "".join(chain(family, hook, f"c{i}", value) for i, value in enumerate(values))
        netns.nft(input=text)
        said = re.findall(r"priority ([^;]*);", netns.ruleset())
        ours = [listed[family, hook, value] for value in values]
        wrong += [f"{family} {hook} {value}: `{mine}`, nft says `{theirs}`"
                  for value, mine, theirs in zip(values, ours, said) if mine != theirs]
        assert len(said) == len(values)
    assert not wrong, "\n".join(wrong)


def test_priority_names_are_read_like_nft(rows, netns):
    ours = {(words[0], words[1], words[2]): words[3] for words in rows["priority"]}
    names = sorted({name for _, _, name in ours})
    wrong = []
    for family, hook, _ in rows["hook"]:
        for name in names:
            result = netns.nft("-c", "-f", "-", input=f"add table {family} t\n" +
                               chain(family, hook, "c", name), check=False)
            reads = (family, hook, name) in ours
            if reads != (result.returncode == 0) and not (
                    reads and family != "bridge" and (hook, name) in READ_SINCE_1_0_9):
                wrong.append(f"{family} {hook} {name}: {reads}, nft says {result.stderr}")
    assert not wrong, "\n".join(wrong)
