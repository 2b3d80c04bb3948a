# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Translation: connections through the kernel's nat chains and through the tracker; then their
answers and ICMP errors about them. Where the kernel draws a port by chance, it must lie where the
tracker says, and both answer to their own."""
import os
import random

import pytest

from track.rig import Model, Rig, differences

pytestmark = pytest.mark.release_only  # how the model behaves is the same with sanitizers

ADDRS, PORTS, RANDOM, PERSISTENT, FULLY_RANDOM = 1, 2, 4, 8, 16

# Destination port, nft's statement, the driver's words.
TRANSLATIONS = [
    (3001, "snat to 10.0.2.1", "snat flags=1 addr=10.0.2.1"),
    (3002, "snat to 10.0.2.100-10.0.2.110", "snat flags=1 addr=10.0.2.100 addr2=10.0.2.110"),
    (3003, "snat to 10.0.2.100-10.0.2.110 persistent",
     "snat flags=9 addr=10.0.2.100 addr2=10.0.2.110"),
    (3004, "snat to 10.0.2.9:5000-5400", "snat flags=3 addr=10.0.2.9 min=5000 max=5400"),
    (3005, "snat to 10.0.2.8:7000", "snat flags=3 addr=10.0.2.8 min=7000 max=7000"),
    (3006, "snat to 10.0.2.1 fully-random", "snat flags=17 addr=10.0.2.1"),
    (3007, "snat to 10.0.2.1 random", "snat flags=5 addr=10.0.2.1"),
    (4001, "dnat to 10.0.2.3", "dnat flags=1 addr=10.0.2.3"),
    (4002, "dnat to 10.0.2.2-10.0.2.4", "dnat flags=1 addr=10.0.2.2 addr2=10.0.2.4"),
    (4003, "dnat to 10.0.2.2-10.0.2.4 persistent",
     "dnat flags=9 addr=10.0.2.2 addr2=10.0.2.4"),
    (4004, "dnat to 10.0.2.3:80", "dnat flags=3 addr=10.0.2.3 min=80 max=80"),
    (4005, "dnat to 10.0.2.3:80-83", "dnat flags=3 addr=10.0.2.3 min=80 max=83"),
]


def nft_rules():
    def rules(kind):
        return "\n".join(f"meta l4proto {{ tcp, udp }} th dport {dport} {statement}"
                         for dport, statement, _ in TRANSLATIONS if statement.startswith(kind))
    return f"""
table ip nat {{
	chain pre {{
		type nat hook prerouting priority dstnat
		{rules("dnat")}
	}}
	chain post {{
		type nat hook postrouting priority srcnat
		{rules("snat")}
	}}
}}
"""


def first_packets(rng, count):
    for _ in range(count):
        proto = rng.choice([6, 17])
        yield {"from": "a", "proto": proto, "src": rng.choice(["10.0.1.2", "10.0.1.3", "10.0.1.4"]),
               "dst": rng.choice(["10.0.2.2", "10.0.2.3"]), "dport": rng.choice(TRANSLATIONS)[0],
               "sport": rng.choice([rng.randrange(1025, 65535), rng.randrange(2000, 2010), 500, 800,
                                    rng.randrange(5000, 5003)]),
               "size": 0, **({"flags": 2, "seq": 1, "ack": 0, "win": 10} if proto == 6 else {})}


def answer(sent, result):
    """The answer to a packet as it came out."""
    reply = {"from": "b", "proto": sent["proto"], "src": result["dst"], "dst": result["src"],
             "sport": result["ports"][1], "dport": result["ports"][0], "size": 0}
    if sent["proto"] == 6:
        reply.update(flags=18, seq=1, ack=2, win=10)
    return reply


def unreachable(sent, result):
    return {"from": "b", "proto": 1, "type": 3, "code": 1, "src": result["dst"],
            "dst": result["src"], "iproto": sent["proto"], "isrc": result["src"],
            "idst": result["dst"], "isport": result["ports"][0], "idport": result["ports"][1]}


def duplicates_left_out(packets):
    seen = set()
    for packet in packets:
        key = tuple(packet[name] for name in ("proto", "src", "sport", "dst", "dport"))
        if key not in seen:
            seen.add(key)
            yield packet


@pytest.mark.parametrize("count", [int(os.environ.get("TRACK_FLOWS", "300"))])
def test_translations(gate, make_netns, count):
    seed = int(os.environ.get("TRACK_SEED", "1"))
    rng = random.Random(seed)
    rig = Rig(make_netns, rules=nft_rules())
    model = Model(gate, [f"nat {words.replace(' ', f' dport={dport} ', 1)}"
                         for dport, _, words in TRANSLATIONS])
    packets = list(duplicates_left_out(first_packets(rng, count)))
    want = rig.send(packets)
    model.at(rig.sent)
    got = model.send(packets)
    found = list(differences(packets, want, got))
    for make in (answer, unreachable):
        both = [i for i in range(len(packets)) if want[i] and got[i]]
        to_kernel = [make(packets[i], want[i]) for i in both]
        to_model = [make(packets[i], got[i]) for i in both]
        found += differences(to_model, rig.send(to_kernel), model.send(to_model))
    model.close()
    assert not found, f"{len(found)} differences, TRACK_SEED={seed}\n" + "\n".join(found[:30])
