# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Everything but TCP: random packets, the same ones through the kernel and the tracker."""
import os
import random
import time

from track.rig import Model, Rig, differences, first_story, table_differences

FLOWS = int(os.environ.get("TRACK_FLOWS", "120"))
ADDRESSES = {4: {"a": "10.0.1.2", "b": "10.0.2.2"}, 6: {"a": "fd00:1::2", "b": "fd00:2::2"}}
UDP, UDPLITE, ICMP, ICMPV6, SCTP, GRE, ESP = 17, 136, 1, 58, 132, 47, 50


def packet(family, to_b, proto, **more):
    a, b = ADDRESSES[family]["a"], ADDRESSES[family]["b"]
    src, dst = (a, b) if to_b else (b, a)
    return {"from": "a" if to_b else "b", "proto": proto, "src": src, "dst": dst, **more}


def ported(rng, family, proto, flow):
    for _ in range(rng.randrange(1, 6)):
        to_b = rng.random() < 0.6
        ports = (10000 + flow, 53) if to_b else (53, 10000 + flow)
        yield packet(family, to_b, proto, sport=ports[0], dport=ports[1],
                     size=rng.randrange(1, 20), **({"bad": 1} if rng.random() < 0.1 else {}))


def quoting(rng, family, flow):
    """ICMP errors about UDP of the flow, some with something wrong."""
    a, b = ADDRESSES[family]["a"], ADDRESSES[family]["b"]
    port = 10000 + flow
    from_b = rng.random() < 0.6
    quoted = {"isrc": a, "idst": b, "isport": port, "idport": 53} if from_b else \
        {"isrc": b, "idst": a, "isport": 53, "idport": port}
    quoted["iproto"] = UDP
    wrong = rng.random()
    if wrong < 0.1:
        quoted["idport"] += 1
    elif wrong < 0.2:
        quoted["isrc"] = {4: "10.0.1.3", 6: "fd00:1::3"}[family]
    error = packet(family, not from_b, ICMP if family == 4 else ICMPV6, code=0, **quoted)
    if rng.random() < 0.1:
        error["dst"] = ({4: "10.0.1.3", 6: "fd00:1::3"} if error["from"] == "b" else
                        {4: "10.0.2.3", 6: "fd00:2::3"})[family]
    error["type"] = rng.choice([3, 4, 11, 12] if family == 4 else [1, 2, 3, 4, 100])
    return error


def datagrams(rng, family, flow):
    for sent in ported(rng, family, rng.choice([UDP, UDP, UDPLITE]) if family == 4 else UDP, flow):
        yield sent
        if rng.random() < 0.4:
            yield quoting(rng, family, flow)


def echoes(rng, family, flow):
    types = [8, 0, 8, 0, 13, 14, 15, 16, 17, 18, 9, 10, 7, 30] if family == 4 else [128, 129]
    for _ in range(rng.randrange(1, 6)):
        yield packet(family, rng.random() < 0.6, ICMP if family == 4 else ICMPV6,
                     type=rng.choice(types), code=0, id=flow, **(
                         {"bad": 1} if family == 4 and rng.random() < 0.1 else {}))


def strangers(rng, _family, flow):
    """Protocols without ports: every flow needs addresses of its own."""
    proto = [GRE, ESP, 51, 99, 253][flow % 5]
    for _ in range(rng.randrange(1, 6)):
        yield packet(4, rng.random() < 0.6, proto, size=20)


def sctp(rng, family, flow):
    tags = [rng.randrange(1, 1 << 31), rng.randrange(1, 1 << 31)]
    script = [(True, 0, "1", tags[0]), (False, tags[0], "2", tags[1]), (True, tags[1], "10", 0),
              (False, tags[0], "11", 0), (True, tags[1], "0", 0), (False, tags[0], "3", 0)]
    steps = script[:rng.randrange(0, 7)]
    for _ in range(rng.randrange(1, 10)):
        to_b = rng.random() < 0.5
        tag = rng.choice([tags[to_b]] * 8 + [0, tags[not to_b], 99])
        steps.append((to_b, tag, rng.choice(["0", "3", "4", "5", "6", "7", "8", "9", "10", "11",
                                             "14", "1", "2", "10,0", "0,7", "4,5", "1,0", "0,11"]),
                      rng.choice(tags + [7])))
    for to_b, tag, chunks, init in steps:
        if chunks in ("1", "1,0") and rng.random() < 0.8:
            tag = 0
        ports = (10000 + flow, 5000) if to_b else (5000, 10000 + flow)
        yield packet(family, to_b, SCTP, sport=ports[0], dport=ports[1], vtag=tag, chunks=chunks,
                     tag=init, t=rng.choice([0, 0, 1]))


def compare(gate, make_netns, makers, rounds=1, pause=0, family_of=None):
    seed = int(os.environ.get("TRACK_SEED", "1"))
    rng = random.Random(seed)
    rig, model = Rig(make_netns), Model(gate)
    found, story = [], ""
    for turn in range(rounds):
        packets = [p for flow in range(FLOWS) for p in
                   rng.choice(makers)(rng, family_of or rng.choice([4, 6]), flow)]
        if turn:
            time.sleep(pause)
        want = rig.send(packets)
        model.at(rig.sent)
        got = model.send(packets)
        found += differences(packets, want, got)
        story = story or first_story(packets, want, got)
        found += table_differences(rig.table(), model.table())
    model.close()
    assert not found, f"{len(found)} differences, TRACK_SEED={seed}\n" + \
        "\n".join(found[:12]) + "\n" + story


def test_datagrams_and_errors_that_quote_them(gate, make_netns):
    compare(gate, make_netns, [datagrams], rounds=3, pause=2.2)


def test_echoes_and_other_icmp(gate, make_netns):
    compare(gate, make_netns, [echoes])


def test_protocols_without_a_tracker(gate, make_netns):
    compare(gate, make_netns, [strangers], rounds=2)


def test_sctp(gate, make_netns):
    compare(gate, make_netns, [sctp], family_of=4)
