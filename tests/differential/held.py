# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What a namespace holds, in a form that two namespaces can be compared by."""
import re


def held(ns):
    """What nft's debug output says the kernel holds: elements sorted, handles left out."""
    text = ns.run(["nft", "--debug=netlink", "list", "ruleset"], check=True,
                  errors="replace").stdout  # nft prints bytes that are no text of some keys
    sections, lines = [], []
    for line in text.splitlines():
        line = re.sub(r"^(\w+ \S+ \S+) \d+( \d+)?\s*$", r"\1", line)
        line = re.sub(r"__chain\d+", "__chain", line)  # the number is a handle
        if line and not line[0].isspace():
            sections.append(lines)
            lines = []
        lines.append(without_expiry(line))
    sections.append(lines)
    return [sorted(s) if any("element" in line for line in s) else s for s in sections]


def listing(ns, tool):
    text = ns.run([tool, "-s", "list", "ruleset"], check=True).stdout
    return without_expiry(text)


def without_expiry(text):
    """Elements run out while we look, and every process has its number."""
    return re.sub(r"by process \d+", "by process", re.sub(r"expires \S+", "expires", text))
