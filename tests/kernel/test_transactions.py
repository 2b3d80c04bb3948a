# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Loads and listings while somebody else changes the ruleset, and large input."""
import ipaddress
import threading
import time

import pytest


@pytest.fixture
def changer(gate, netns):
    """Changes the ruleset without a pause for as long as a `with` lasts, or a second."""
    class Changer:
        def __init__(self):
            self.stop = threading.Event()
            self.thread = threading.Thread(target=self.run)

        def run(self):
            netns.run([gate, "add table ip busy"], check=True)
            end = time.monotonic() + 1
            while not self.stop.is_set() and time.monotonic() < end:
                netns.run([gate, "add chain ip busy c; delete chain ip busy c"], check=True)

        def __enter__(self):
            self.thread.start()
            return self

        def __exit__(self, *_):
            self.stop.set()
            self.thread.join()

    return Changer()


def addresses(n):
    return [str(ipaddress.IPv4Address(0x0A000000 + 7 * i)) for i in range(n)]


def test_a_load_is_tried_again_when_the_ruleset_changed_meanwhile(gate, netns, tmp_path, changer):
    """Lowering so many elements takes longer than a change of the other does."""
    file = tmp_path / "big.nft"
    file.write_text("table ip t { set s { type ipv4_addr; elements = { %s } } }" %
                    ", ".join(addresses(150_000)))
    with changer:
        result = netns.run([gate, "-f", file], check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "10.0.0.7" in netns.run([gate, "get element ip t s { 10.0.0.7 }"]).stdout


def test_a_listing_is_whole_though_the_ruleset_changes(gate, netns, changer):
    """The kernel flags such a dump (NLM_F_DUMP_INTR): it is read again from its start."""
    rules = [f"tcp dport {i} counter packets 0 bytes 0 accept" for i in range(1, 3001)]
    netns.run([gate, "-f", "-"], input="table ip t {\nchain c {\n%s\n}\n}\n" % "\n".join(rules),
              check=True)
    with changer:
        for _ in range(5):
            text = netns.run([gate, "list table ip t"]).stdout
            assert [line.strip() for line in text.splitlines() if "dport" in line] == rules


def test_a_large_set_is_listed_whole_right_after_its_load(gate, netns):
    """The kernel's hash table is still being resized then, and its dump has holes."""
    want = addresses(60_000)
    netns.run([gate, "-f", "-"],
              input="table ip t { set s { type ipv4_addr; elements = { %s } } }" % ",".join(want),
              check=True)
    text = netns.run([gate, "list set ip t s"]).stdout
    assert text.split("elements = {")[1].split("}")[0].replace(",", " ").split() == want


def test_a_mistake_far_inside_standard_input_is_shown_at_its_place(gate, netns):
    """Over a megabyte is spooled, and its pages were given back when the mistake is found."""
    lines = [f"add element ip t s {{ {a} }}" for a in addresses(45_000)]
    text = "add table ip t\nadd set ip t s { type ipv4_addr; }\n" + "\n".join(lines)
    assert len(text) > 1 << 20
    result = netns.run([gate, "-f", "-"], input=text + "\nadd element ip t s { 10.0.0.999 }\n",
                       check=False)
    assert result.returncode == 1
    assert "standard input:45003:29" in result.stderr
    assert "add element ip t s { 10.0.0.999 }" in result.stderr


def test_an_overlap_in_a_big_file_is_shown_at_both_places(gate, netns, tmp_path):
    """The text is read again from the file, whose pages were given back."""
    file = tmp_path / "big.nft"
    file.write_text("table ip t {\nset s {\ntype ipv4_addr\nflags interval\nelements = {\n%s }\n"
                    "}\n}\n" % ",\n".join(addresses(120_000) + ["10.0.0.0/29"]))
    result = netns.run([gate, "-f", file])
    assert result.returncode == 1
    assert f"{file}:6:1" in result.stderr
    assert f"{file}:120006:1" in result.stderr


@pytest.mark.parametrize("type_, element, data", [
    ("ipv4_addr : mark", "10.0.0.{i}", "0x000000{i:02x}"),
    ("ipv4_addr : inet_service", "10.0.0.{i}", "{i}"),
    ("inet_service : ipv4_addr", "{i}", "10.0.0.{i}"),
    ("mark : ipv6_addr", "0x000000{i:02x}", "fe80::{i:x}"),
    ("ipv4_addr : verdict", "10.0.0.{i}", "accept"),
    ("ether_addr : mark", "02:00:00:00:00:{i:02x}", "0x000000{i:02x}"),
])
@pytest.mark.parametrize("flags", ["", "flags interval; ", "flags timeout; "])
def test_maps_come_back_as_they_were_given(gate, netns, type_, element, data, flags):
    """Values lie in the records that are sorted, or beside them."""
    numbers = [200, 3, 17, 99, 5]
    pairs = {i: f"{element.format(i=i)} : {data.format(i=i)}" for i in numbers}
    netns.run([gate, "-f", "-"], input="table ip t { map m { type %s; %selements = { %s } } }" %
              (type_, flags, ", ".join(pairs.values())), check=True)
    text = netns.run([gate, "list map ip t m"]).stdout
    listed = text.split("elements = {")[1].split("}")[0].replace("\n", " ").split(",")
    assert [" ".join(pair.split()) for pair in listed] == [pairs[i] for i in sorted(numbers)]
    assert text == netns.nft("list", "map", "ip", "t", "m").stdout
