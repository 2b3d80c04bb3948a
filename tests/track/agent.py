# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Runs in the hosts' namespace: sends frames and collects what the router lets through. Reads
lines {"frames": [[device, hex], …], "numbers": […]} from stdin and answers each with the like, as
soon as a frame of each number (rig.py's dissect) is through or nothing more comes, and with when it
had sent all ("sent", of the monotonic clock)."""
import json
import os
import select
import socket
import sys
import time

QUIET_S = 0.05  # nothing came for so long: all is through
ETH_P_ALL = 3
OUTGOING = 4  # PACKET_OUTGOING


def main(devices):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one CPU keeps the order
    sockets = {}
    for device in devices:
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        s.bind((device, ETH_P_ALL))
        s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
        sockets[device] = s
    for line in sys.stdin:
        request = json.loads(line)
        for device, frame in request["frames"]:
            sockets[device].send(bytes.fromhex(frame))
        sent = time.monotonic()
        print(json.dumps({"sent": sent, "frames": collect(sockets, set(request["numbers"]))}), flush=True)


def number(frame):
    """The identification of IPv4, the flow label of IPv6."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        return int.from_bytes(frame[18:20], "big")
    return int.from_bytes(frame[15:18], "big") & 0xfffff if kind == b"\x86\xdd" else None


def collect(sockets, missing):
    names = {s: name for name, s in sockets.items()}
    got = []
    while missing and (ready := select.select(list(names), [], [], QUIET_S)[0]):
        for s in ready:
            data, address = s.recvfrom(65535)
            if address[2] != OUTGOING:
                got.append([names[s], data.hex()])
                missing.discard(number(data))
    return got


if __name__ == "__main__":
    main(sys.argv[1:])
