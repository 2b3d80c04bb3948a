# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What the kernel itself says about the ruleset, attribute by attribute, without anybody's
decoder between. Run as a program it prints the dump of the namespace it runs in."""
import socket
import struct
import sys

NETLINK_NETFILTER, SUBSYS_NFTABLES = 12, 10
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3

# kind: (message that asks, attributes left out: handles, uses and places change with a reload)
KINDS = {
    "table": (1, {3, 4}),         # NFTA_TABLE_USE, _HANDLE
    "chain": (4, {2, 6}),         # NFTA_CHAIN_HANDLE, _USE
    "rule": (7, {3, 6}),          # NFTA_RULE_HANDLE, _POSITION
    "set": (10, {16}),            # NFTA_SET_HANDLE
    "object": (19, {5, 6}),       # NFTA_OBJ_USE, _HANDLE
    "flowtable": (23, {4, 5}),    # NFTA_FLOWTABLE_USE, _HANDLE
}
GETSETELEM, ELEMENTS, EXPIRATION = 13, 3, 5
SET_TABLE, SET_NAME = 1, 2


def attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3fff, data[4:size]
        data = data[size + 3 & ~3:]


def attribute(kind, value):
    value += b"\0" * (-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value


def messages(sock, message, family, payload=b""):
    """Payloads behind nfgenmsg, each with its family."""
    request = struct.pack("=BBH", family, 0, 0) + payload
    sock.send(struct.pack("=IHHII", 16 + len(request), SUBSYS_NFTABLES << 8 | message,
                          NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + request)
    while True:
        data = sock.recv(1 << 20)
        while data:
            size, kind = struct.unpack_from("=IH", data)
            if kind == NLMSG_DONE:
                return
            if kind == NLMSG_ERROR:
                raise OSError(-struct.unpack_from("=i", data, 16)[0], "netlink")
            yield data[16], data[20:size]
            data = data[size + 3 & ~3:]


def elements(sock, family, about):
    """A set's elements as sorted lines, without what time changes."""
    name = attribute(1, about[SET_TABLE]) + attribute(2, about[SET_NAME])
    lines = []
    for _, body in messages(sock, GETSETELEM, family, name):
        for _, item in attributes(dict(attributes(body)).get(ELEMENTS, b"")):
            lines.append("    " + " ".join(f"{kind}={value.hex()}" for kind, value
                                           in attributes(item) if kind != EXPIRATION))
    return sorted(lines)


def main():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    for what, (message, left_out) in KINDS.items():
        try:
            found = list(messages(sock, message, 0))
        except OSError:
            continue  # this kernel has none of the kind
        for family, body in found:
            about = dict(attributes(body))
            print(what, family)
            for kind, value in sorted(about.items()):
                if kind not in left_out:
                    print(f"  {kind}={value.hex()}")
            if what == "set":
                print("\n".join(elements(sock, family, about)))


def dump(ns):
    """The dump of a test's namespace."""
    return ns.run([sys.executable, __file__], check=True).stdout


if __name__ == "__main__":
    main()
