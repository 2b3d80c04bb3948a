# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Elements of sets that are in the kernel already: added, merged, got, deleted."""
import pytest

from harness.netns import require_nft


@pytest.fixture
def networks(gate, netns):
    """A set of intervals that merges, and a function for commands on it."""
    require_nft()

    def run(command, check=True):
        return netns.run([gate, *command.split(" ", 3)], check=check)

    run("add table ip t")
    run("add set ip t s { type ipv4_addr; flags interval; auto-merge; "
        "elements = { 10.0.0.0/24, 10.0.2.0/24, 255.255.255.0/24 } }")
    run.elements = lambda: _elements(netns)
    return run


def _elements(netns):
    text = netns.nft("list", "set", "ip", "t", "s").stdout
    return text.split("elements = {")[1].split("}")[0].replace("\n", " ").split(",")


def listed(run):
    return [element.strip() for element in run.elements()]


@pytest.mark.parametrize("new, after", [
    ("10.0.1.0/24", ["10.0.0.0-10.0.2.255", "255.255.255.0/24"]),
    ("10.0.0.5", ["10.0.0.0/24", "10.0.2.0/24", "255.255.255.0/24"]),
    ("10.0.2.200-10.0.3.5", ["10.0.0.0/24", "10.0.2.0-10.0.3.5", "255.255.255.0/24"]),
    ("10.0.3.0", ["10.0.0.0/24", "10.0.2.0-10.0.3.0", "255.255.255.0/24"]),
    ("9.255.255.255", ["9.255.255.255-10.0.0.255", "10.0.2.0/24", "255.255.255.0/24"]),
    ("255.255.254.0-255.255.255.5", ["10.0.0.0/24", "10.0.2.0/24", "255.255.254.0/23"]),
    ("0.0.0.0/8", ["0.0.0.0/8", "10.0.0.0/24", "10.0.2.0/24", "255.255.255.0/24"]),
    ("1.1.1.1, 10.0.1.0/25, 10.0.1.128/25", ["1.1.1.1", "10.0.0.0-10.0.2.255",
                                             "255.255.255.0/24"]),
])
def test_new_intervals_merge_with_the_kernels(networks, new, after):
    networks(f"add element ip t s {{ {new} }}")
    assert listed(networks) == after


@pytest.mark.parametrize("new, after", [
    ("10.0.0.0/8", ["10.0.0.0/8", "255.255.255.0/24"]),
    ("9.0.0.0-10.0.2.3", ["9.0.0.0-10.0.2.255", "255.255.255.0/24"]),
    ("0.0.0.0-255.255.255.255", ["0.0.0.0/0"]),
])
def test_an_interval_over_others_takes_their_place(networks, new, after):
    networks(f"add element ip t s {{ {new} }}")
    assert listed(networks) == after


def test_a_short_interval_takes_the_place_of_those_inside(networks):
    networks("add element ip t s { 10.1.0.3, 10.1.0.5-10.1.0.6, 10.1.0.250 }")
    networks("add element ip t s { 10.1.0.2-10.1.0.251 }")
    assert "10.1.0.2-10.1.0.251" in listed(networks) and len(listed(networks)) == 4


def test_many_intervals_merge_as_nft_merges_them(networks, make_netns):
    many = ", ".join(f"10.0.{i}.128/25" for i in range(256)) + ", 10.0.3.0-10.0.6.7"
    networks(f"add element ip t s {{ {many} }}")
    other = make_netns()
    other.nft(input="table ip t { set s { type ipv4_addr; flags interval; auto-merge; elements = {"
                    "10.0.0.0/24, 10.0.2.0/24, 255.255.255.0/24 }\n }\n}\n"
                    f"add element ip t s {{ {many} }}")
    assert listed(networks) == [element.strip() for element in _elements(other)]


def test_get_shows_the_interval_around_a_value(networks):
    assert "10.0.2.0/24" in networks("get element ip t s { 10.0.2.77 }").stdout
    assert networks("get element ip t s { 11.0.0.0 }", check=False).returncode == 1


def test_deleted_intervals_are_gone(networks):
    networks("delete element ip t s { 10.0.2.0/24, 255.255.255.0/24 }")
    assert listed(networks) == ["10.0.0.0/24"]


def test_what_a_transaction_deletes_it_can_add_again(networks):
    # nft 1.0.6 loses the element here.
    networks("add element ip t s { 10.9.0.1 }; delete element ip t s { 10.0.0.0/24 }; "
             "add element ip t s { 10.0.0.0/24 }")
    assert "10.0.0.0/24" in listed(networks) and "10.9.0.1" in listed(networks)


def test_a_set_is_flushed_and_filled_in_one_transaction(networks):
    networks("flush set ip t s; add element ip t s { 10.0.0.7 }; add element ip t s { 10.0.0.8 }")
    assert listed(networks) == ["10.0.0.7-10.0.0.8"]
