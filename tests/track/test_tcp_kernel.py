# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""TCP: random sequences of segments, the same ones through the kernel and the tracker."""
import os
import random

import pytest

from track.rig import Model, Rig, differences, first_story, table_differences

pytestmark = pytest.mark.release_only  # how the model behaves is the same with sanitizers

FIN, SYN, RST, ACK = 1, 2, 4, 16
SEQUENCES = int(os.environ.get("TRACK_SEQUENCES", "300"))


def segment(port, to_b, flags, **more):
    packet = {"from": "a" if to_b else "b", "proto": 6, "src": "10.0.1.2", "dst": "10.0.2.2",
              "sport": 20000 + port, "dport": 80, "flags": flags, "seq": 0, "ack": 0,
              "win": 1000, **more}
    if not to_b:
        packet["src"], packet["dst"] = packet["dst"], packet["src"]
        packet["sport"], packet["dport"] = packet["dport"], packet["sport"]
    return packet


class Talk:
    """Both ends of a connection, which mostly do what TCP does and now and then something else."""

    def __init__(self, rng, port):
        self.rng, self.port = rng, port
        self.next = {True: rng.choice([1000, 0xfffffff0, 5]), False: rng.choice([9000, 0xffffff00])}
        self.scale = rng.choice([None, None, 2, 7, 15])

    def segment(self, to_b, flags, size=0, seq=0, ack=0, **more):
        """seq and ack are offsets from what is due."""
        at = (self.next[to_b] + seq) & 0xffffffff
        packet = segment(self.port, to_b, flags, seq=at, size=size,
                         ack=(self.next[not to_b] + ack) & 0xffffffff if flags & ACK else 0, **more)
        if flags & SYN:
            if self.scale is not None:
                packet["ws"] = self.scale
            if self.rng.random() < 0.5:
                packet["sackok"] = 1
        if seq == 0:
            length = size + bool(flags & SYN) + bool(flags & FIN)
            self.next[to_b] = (self.next[to_b] + length) & 0xffffffff
        return packet

    def handshake(self):
        yield self.segment(True, SYN)
        yield self.segment(False, SYN | ACK)
        yield self.segment(True, ACK)

    def anything(self):
        rng = self.rng
        kind = rng.random()
        to_b = rng.random() < 0.5
        window = rng.choice([0, 1, 100, 1000, 1000, 65535])
        if kind < 0.45:
            return self.segment(to_b, ACK | rng.choice([0, 8]), rng.choice([0, 0, 1, 100, 1200]),
                                win=window)
        if kind < 0.6:
            return self.segment(to_b, rng.choice([FIN | ACK, FIN | ACK, RST, RST | ACK, SYN,
                                                  SYN | ACK]), win=window)
        if kind < 0.9:
            far = [0, 0, 1, -1, -2, 5, 100, -100, 900, 999, 1000, 1001, 1002, -1000, -1001, -1002, 5000,
                   -5000, 65000, 66000, -66000, -66001, -66002, 1 << 30, 1 << 31]
            return self.segment(to_b, rng.choice([ACK, ACK, FIN | ACK, RST, RST | ACK, SYN,
                                                  SYN | ACK]), rng.choice([0, 0, 10, 1000]),
                                seq=rng.choice(far), ack=rng.choice(far), win=window)
        if kind < 0.95:
            return self.segment(to_b, rng.choice([RST, SYN, RST | ACK]), seq=-self.next[to_b],
                                win=window)
        return self.segment(to_b, rng.randrange(256), rng.choice([0, 20]), win=window)

    def run(self):
        if self.rng.random() < 0.75:
            yield from list(self.handshake())[:self.rng.choice([1, 2, 3, 3, 3])]
        for _ in range(self.rng.randrange(1, 12)):
            yield self.anything()


@pytest.mark.parametrize("sysctls", [
    {},
    {"nf_conntrack_tcp_loose": 0},
    {"nf_conntrack_tcp_be_liberal": 1},
    {"nf_conntrack_tcp_ignore_invalid_rst": 1, "nf_conntrack_tcp_max_retrans": 1},
], ids=lambda sysctls: " ".join(sysctls) or "default")
def test_random_segments(gate, make_netns, sysctls):
    seed = int(os.environ.get("TRACK_SEED", "1"))
    print(f"TRACK_SEED={seed}")
    rng = random.Random(seed)
    rig = Rig(make_netns, sysctls=sysctls)
    model = Model(gate, [f"sysctl {name} {value}" for name, value in sysctls.items()])
    packets = [p for i in range(SEQUENCES) for p in Talk(rng, i).run()]
    want = rig.send(packets)
    model.at(rig.sent)
    got = model.send(packets)
    found = list(differences(packets, want, got)) + \
        list(table_differences(rig.table(), model.table()))
    model.close()
    assert not found, f"{len(found)} differences, TRACK_SEED={seed}\n" + "\n".join(found[:8]) + "\n" + first_story(packets, want, got)
