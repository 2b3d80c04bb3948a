# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Every option of listing and echo, beside Debian's nft on the same ruleset."""
import re

import pytest

from harness import netns as namespaces

RULES = """
table inet t {
	set s { type ipv4_addr; flags timeout; elements = { 127.0.0.1 timeout 1h }; }
	counter hits { packets 3 bytes 4 }
	chain c {
		type filter hook input priority filter + 5; policy accept;
		tcp dport { 22, 443 } counter packets 5 bytes 6 accept
		meta l4proto tcp meta skuid root meta skgid root accept
		ip saddr 127.0.0.1 ip protocol udp meta hour "10:00"-"12:00" drop
		ip saddr @s limit rate 5/minute ct state established,related quota 5 mbytes accept
		meta day "Monday" meta mark 0x10 icmp type echo-request iif "lo" accept
	}
}
"""
OPTIONS = ["-a", "-s", "-t", "-S", "-N", "-u", "-n", "-nn", "-y", "-p", "-T", "-e", "-anS", "-st",
           "--handle", "--stateless", "--terse", "--service", "--reversedns", "--guid",
           "--numeric", "--numeric-priority", "--numeric-protocol", "--numeric-time"]
COMMANDS = ["list ruleset", "list table inet t", "list chain inet t c", "list set inet t s",
            "list chains", "list sets", "list tables", "list counters"]


def timeless(text):
    """A listing without the time an element still has."""
    return re.sub(r"expires \d\w*", "expires TIME", text)


@pytest.fixture
def loaded(netns):
    netns.nft(input=RULES)
    return netns


@pytest.mark.parametrize("option", OPTIONS)
def test_listings_look_as_nfts(gate, loaded, option):
    for command in COMMANDS:
        ours = loaded.run([gate, option, *command.split()])
        theirs = loaded.nft(option, *command.split())
        assert ours.returncode == 0, ours.stderr
        assert timeless(ours.stdout) == timeless(theirs.stdout), command


ADDED = ["add table ip e", "add chain inet t d", "insert rule inet t c tcp dport 80 accept",
         "add rule inet t c ip saddr @s counter", "add element inet t s { 192.0.2.1 }",
         "add set inet t s2 { type inet_service; }"]


@pytest.mark.parametrize("command", ADDED)
@pytest.mark.parametrize("options", [["-e"], ["-e", "-a"], ["-e", "-n"]], ids=" ".join)
def test_echo_prints_what_nft_prints(gate, make_netns, command, options):
    namespaces.require_nft()
    printed = []
    for program in ("nft", gate):
        ns = make_netns()
        ns.nft(input=RULES)
        result = ns.run([program, *options, *command.split()])
        assert result.returncode == 0, result.stderr
        # nft tells who changed the ruleset too; that is a number of the moment.
        printed.append(re.sub(r"# new generation .*\n", "", result.stdout))
    assert timeless(printed[0]) == timeless(printed[1])


def test_byte_code_is_printed_as_nfts(gate, make_netns):
    namespaces.require_nft()
    printed = []
    for program in ("nft", gate):
        ns = make_netns()
        ns.nft(input=RULES)
        result = ns.run([program, "-d", "netlink", "add", "rule", "inet", "t", "c",
                         "tcp", "dport", "81", "ip", "saddr", "10.0.0.0/8", "accept"])
        assert result.returncode == 0, result.stderr
        printed.append(result.stdout)
    assert printed[0] == printed[1]
    assert "payload load 2b @ transport header + 2" in printed[1]
