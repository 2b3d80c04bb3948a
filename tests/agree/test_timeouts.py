# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Every time limit of connection tracking, in real time: all of them are 1 to 3 seconds, and a
connection for each is there as long in the kernel as it is in the simulator."""
import pytest

from agree.driver import Driver
from harness.netns import require, require_nft

pytestmark = pytest.mark.release_only  # how the model behaves is the same with sanitizers

RULES = """table inet t {
	chain in { type filter hook input priority 0; policy accept; ct state new,established counter; }
	chain out { type filter hook output priority 0; policy accept; counter; }
}"""
NAMES = ("tcp_timeout_syn_sent", "tcp_timeout_syn_recv", "tcp_timeout_established", "tcp_timeout_fin_wait",
         "tcp_timeout_close_wait", "tcp_timeout_last_ack", "tcp_timeout_time_wait", "tcp_timeout_close",
         "tcp_timeout_max_retrans", "tcp_timeout_unacknowledged", "udp_timeout", "udp_timeout_stream",
         "icmp_timeout", "icmpv6_timeout", "generic_timeout", "gre_timeout", "gre_timeout_stream",
         "sctp_timeout_closed", "sctp_timeout_cookie_wait")
OPEN = ("syn", "<syn,ack", "ack")
# What is said, `<` by the server; the state it ends in.
LIVES = {
    "syn_sent": ("syn",),
    "syn_recv": ("syn", "<syn,ack"),
    "syn_sent2": ("syn", "<syn"),
    "established": OPEN,
    "picked up": ("ack",),
    "unacknowledged": (*OPEN, "ack,psh len 9"),
    "max_retrans": (*OPEN, *["ack,psh len 9 seq 1001"] * 5),
    "fin_wait": (*OPEN, "fin,ack"),
    "close_wait": (*OPEN, "fin,ack", "<ack"),
    "last_ack": (*OPEN, "fin,ack", "<ack", "<fin,ack"),
    "time_wait": (*OPEN, "fin,ack", "<ack", "<fin,ack", "ack"),
    "close": (*OPEN, "<rst"),
}
OTHERS = (
    "in eth0 udp 198.51.100.7:1 > 192.168.1.12:53 len 1",
    "in eth0 udp 198.51.100.7:2 > 192.168.1.12:53 len 1", "out eth0 udp 192.168.1.12:53 > 198.51.100.7:2 len 1",
    "in eth0 icmp 198.51.100.7 > 192.168.1.12 echo-request id 5",
    "in eth0 icmpv6 fd00:5::7 > fd00::12 echo-request id 6",
    "in eth0 proto 99 198.51.100.7 > 192.168.1.12",
    "in eth0 gre 198.51.100.7 > 192.168.1.12",
    "in eth0 gre 203.0.113.5 > 192.168.1.12", "out eth0 gre 192.168.1.12 > 203.0.113.5",
    "in eth0 sctp 198.51.100.7:1 > 192.168.1.12:9",
)


def packets():
    """A TCP connection for each state, one after the other, then the other protocols."""
    for port, said in enumerate(LIVES.values(), 1000):
        for words in said:
            ends = ("out eth0 tcp 192.168.1.12:22 > 198.51.100.7:{}" if words.startswith("<")
                    else "in eth0 tcp 198.51.100.7:{} > 192.168.1.12:22")
            yield f"{ends.format(port)} {words.lstrip('<')}"
    yield from OTHERS


@pytest.mark.parametrize("wait", (500, 1500, 2500, 3500))
@pytest.mark.parametrize("turn", range(3))
def test_connections_live_as_long_as_the_kernels(gate, wait, turn):
    """`turn`: each limit is 1 s, 2 s and 3 s once."""
    require()
    require_nft()
    sysctls = [(f"nf_conntrack_{name}", 1 + (n + turn) % 3) for n, name in enumerate(NAMES)]
    driver = Driver(gate)
    try:
        assert driver.run(RULES, [*packets(), f"wait {wait}"], sysctls) == \
            f"ok {len(list(packets()))}\n"
    finally:
        driver.close()


def test_a_stream_of_datagrams_lives_longer(gate):
    require()
    require_nft()
    driver = Driver(gate)
    flow = ("in eth0 udp 198.51.100.7:1 > 192.168.1.12:53 len 1", "reply len 1")
    sysctls = (("nf_conntrack_udp_timeout", 3), ("nf_conntrack_udp_timeout_stream", 60))
    try:
        for last in (1000, 3500):
            said = [*flow, "wait 2200", *flow, f"wait {last}"]
            assert driver.run(RULES, said, sysctls) == "ok 4\n"
    finally:
        driver.close()
