# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Rules that iptables-nft loads: the simulator does with them what the kernel does."""
import json
import pathlib
import struct
import subprocess

import pytest

from agree.rig import (ADDRESS, ADDRESS6, INNER, INNER6, RIG_TABLE, Rig, is_drawn,
                       nftrace)
from harness.netns import require_nft

RULES = sorted((pathlib.Path(__file__).parent / "xt").glob("*.rules*"))
MACHINE = ["--interfaces", "lo,eth0,eth1", "--address", f"eth0={ADDRESS}/24",
           "--address", f"eth0={ADDRESS6}/64", "--address", f"eth1={INNER}/24",
           "--address", f"eth1={INNER6}/64", "--route", "0.0.0.0/0=eth0",
           "--route", "::/0=eth0", "--router"]


@pytest.fixture
def rig(gate, netns, make_netns):
    require_nft()
    rig = Rig(gate, netns, make_netns())
    yield rig
    rig.close()


def restore(rig, text, six=False):
    tool = "ip6tables-nft-restore" if six else "iptables-nft-restore"
    try:
        rig.netns.run([tool], input=text, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as problem:
        if "not found" in str(problem) or "No such file" in str(problem):
            pytest.skip("iptables is not installed")
        raise


def explain(rig, packets):
    done = rig.netns.run([rig.gate, "explain", "-j", "--live", *MACHINE[2:], *packets],
                         check=True)
    answer = json.loads(done.stdout)
    return answer if isinstance(answer, list) else [answer]


def kernel_path(events):
    path = []
    for e in events:
        chain = f"{e['family']} {e['table']} {e['chain']}"
        if e["table"] == RIG_TABLE:
            continue
        if e["kind"] == nftrace.KIND_POLICY:
            path.append((chain, "policy", e["verdict"]))
        elif e["kind"] == 3 and "handle" in e:
            path.append((chain, e["handle"], e["word"]))
    return path


def simulated_path(packet):
    path = []
    for hook in packet["hooks"]:
        for step in hook["steps"]:
            name = step.get("chain") or step.get("rule", {}).get("chain", "")
            if name.split()[1:2] == [RIG_TABLE]:
                continue
            if step["step"] == "policy":
                path.append((name, "policy", step["verdict"]))
            elif step["step"] == "rule" and step["matched"]:
                path.append((name, step["rule"]["handle"], step["verdict"]))
    return path


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_the_same_rules_match_and_say_the_same(rig, path):
    text = path.read_text()
    packets = [line.removeprefix("# packet: ") for line in text.splitlines()
               if line.startswith("# packet: ")]
    assert packets
    restore(rig, text, path.suffix == ".rules6")
    for words, packet in zip(packets, explain(rig, packets)):
        assert packet["verdict"] not in ("unknown", "sometimes"), packet["sentence"]
        rig.send(packet)
        events = rig.events()
        assert simulated_path(packet) == kernel_path(events), f"{words}: {packet['sentence']}"
        states = [e["state"] for e in events if e["state"]]
        if states:
            assert packet["conntrack"] in ("none", states[-1]), words
        if is_drawn(packet):
            break


def pcap(frames):
    """One a tenth of a second."""
    out = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    for i, frame in enumerate(frames):
        out += struct.pack("<IIII", 1_700_000_000 + i // 10, i % 10 * 100_000, len(frame),
                           len(frame)) + frame
    return out


def stopped_frames(data):
    """The places of a pcapng file's frames in the capture, by their times."""
    at, places = 0, []
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == 6:
            high, low = struct.unpack_from("<II", data, at + 12)
            places.append(((high << 32 | low) - 1_700_000_000 * 10**9) // 10**8)
        at += size
    return places


REMEMBERING = {
    "recent": ["-m recent --name ssh --rcheck --seconds 60 --hitcount 4 -j DROP",
               "-m recent --name ssh --set -j ACCEPT"],
    "recent, updated": ["-m recent --name a --update --seconds 60 --hitcount 3 -j DROP",
                        "-m recent --name a ! --rcheck -m recent --name a --set",
                        "-m recent --name a --set --rsource -j ACCEPT"],
    "recent, removed": ["-m recent --name b --remove -j DROP",
                        "-m recent --name b --set --mask 255.255.255.0 -j ACCEPT"],
    "hashlimit": ["-m hashlimit --hashlimit-upto 1/min --hashlimit-burst 3 "
                  "--hashlimit-mode srcip --hashlimit-name h -j ACCEPT", "-j DROP"],
    "hashlimit above, by net and port": [
        "-m hashlimit --hashlimit-above 2/hour --hashlimit-burst 4 --hashlimit-mode "
        "srcip,dstport --hashlimit-srcmask 24 --hashlimit-name n -j DROP"],
    # A bucket by bytes holds a second's worth: here one packet, and some more at once.
    "hashlimit by bytes": ["-m hashlimit --hashlimit-upto 32b/s --hashlimit-burst 64 "
                           "--hashlimit-mode srcip --hashlimit-name b -j ACCEPT", "-j DROP"],
    "hashlimit above, by bytes": ["-m hashlimit --hashlimit-above 32b/s --hashlimit-burst 160 "
                                  "--hashlimit-mode dstport --hashlimit-name c -j DROP"],
    "hashlimit by rate": ["-m hashlimit --hashlimit-upto 3/sec --hashlimit-burst 2 --hashlimit-mode "
                          "srcip --hashlimit-name r --hashlimit-rate-match "
                          "--hashlimit-rate-interval 600 -j ACCEPT", "-j DROP"],
    "hashlimit by rate of bytes": ["-m hashlimit --hashlimit-upto 150b/s --hashlimit-mode srcip "
                                   "--hashlimit-name s --hashlimit-rate-match "
                                   "--hashlimit-rate-interval 600 -j ACCEPT", "-j DROP"],
}


@pytest.mark.parametrize("rules", REMEMBERING.values(), ids=REMEMBERING)
def test_matches_that_remember_let_the_same_packets_through(rig, tmp_path, rules):
    """Limits of a live ruleset are unknown to `gate explain`; a capture begins with full ones."""
    restore(rig, "*filter\n:INPUT ACCEPT [0:0]\n" +
            "".join(f"-A INPUT -p tcp {rule}\n" for rule in rules) + "COMMIT\n")
    words = [f"in eth0 tcp 198.51.100.{7 + i % 3}:{40000 + i} > {ADDRESS}:{22 + i % 2} syn"
             for i in range(18)]
    packets = explain(rig, words)
    (tmp_path / "in.pcap").write_bytes(pcap([bytes.fromhex(p["frame"]) for p in packets]))
    rig.netns.run([rig.gate, "replay", "--live", "--in", "eth0", "--local", f"eth0={ADDRESS}/24",
                   "--stopped", str(tmp_path / "stopped"), str(tmp_path / "in.pcap")], check=True)
    simulated = stopped_frames((tmp_path / "stopped").read_bytes())
    kernel = []
    for i, packet in enumerate(packets):
        rig.send(packet)
        if any(e["verdict"] == "drop" for e in rig.events()):
            kernel.append(i)
    assert simulated == kernel
    assert 0 < len(kernel) < len(packets)


def test_a_match_that_gate_does_not_know_is_unknown_by_its_name(rig):
    restore(rig, "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m string --string x --algo bm "
                 "-j DROP\nCOMMIT\n")
    answer, = explain(rig, [f"in eth0 tcp 198.51.100.7:1 > {ADDRESS}:22 syn"])
    assert (answer["verdict"], answer["doubt"]) == ("unknown", "the match `string`")
