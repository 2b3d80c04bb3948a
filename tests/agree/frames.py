# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Frames that the words of `gate explain` cannot say: pieces of IPv6 with extension headers."""
import socket
import struct

HOP_BY_HOP, DESTINATION, FRAGMENT, UDP = 0, 60, 44, 17
PADDING = bytes([0, 0, 1, 4, 0, 0, 0, 0])  # an extension header without options
ETHERNET = "0200000000010200000000fe86dd"
ID = 0x1d1d1d00  # the driver makes such a number one that was never there


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def chain(kinds, last):
    """Headers of those kinds, the last of which says what comes behind."""
    return b"".join(bytes([kind]) + PADDING[1:] for kind in (*kinds, last)[1:])


def pieces6(sizes, number, before=(), behind=(), peer="fd00:5::7", near="fd09::5"):
    """Words for the pieces of a datagram, of those sizes, with extension headers (their types)
    before and behind the fragment's."""
    ends = socket.inet_pton(socket.AF_INET6, peer) + socket.inet_pton(socket.AF_INET6, near)
    length = sum(sizes) - 8 * len(behind)
    datagram = struct.pack("!HHHH", 1000, 53, length, 0) + bytes(length - 8)
    total = checksum(ends + struct.pack("!II", length, UDP) + datagram)
    content = chain(behind, UDP) + datagram[:6] + struct.pack("!H", total) + datagram[8:]
    offset, found = 0, []
    for n, size in enumerate(sizes):
        head = chain(before, FRAGMENT) + struct.pack("!BBHI", (*behind, UDP)[0], 0, offset | (n < len(sizes) - 1),
                                                     ID + number)
        packet = struct.pack("!IHBB", 0x60000000, len(head) + size, (*before, FRAGMENT)[0], 64) + ends + head + \
            content[offset:offset + size]
        found.append(f"in eth0 frame {ETHERNET}{packet.hex()}")
        offset += size
    return found
