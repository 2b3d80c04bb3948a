# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The firewall commands of a tutorial that many servers' rules come from, as its page has them,
and the repairs they need."""

# The line that explains the syntax; on the page it stands before there is a table.
TOO_EARLY = "nft add rule inet filter input ct state established,related accept"

# Two commands without a line's end between them.
GLUED = (r"nft add table inet filternft add chain inet filter input "
         r"{ type filter hook input priority 0 \; }")

LOOPBACK = "nft add rule inet filter input iif lo accept"
ESTABLISHED = TOO_EARLY
INVALID = "nft add rule inet filter input ct state invalid drop"
SSH = "nft add rule inet filter input tcp dport ssh ct state new accept"
THE_REST = "nft add rule inet filter input drop"

FRAME = (  # repaired: GLUED taken apart
    "nft add table inet filter",
    r"nft add chain inet filter input { type filter hook input priority 0 \; }",
    r"nft add chain inet filter forward { type filter hook forward priority 0 \; }",
    r"nft add chain inet filter output { type filter hook output priority 0 \; }",
)
RULES = (LOOPBACK, ESTABLISHED, INVALID, SSH, THE_REST)

# Against guessed passwords. The page leaves open where it goes: see test_tutorial.py.
RECIPE = (
    "nft add rule inet filter input tcp dport ssh ct state new limit rate 5/minute accept",
    "nft add rule inet filter input tcp dport ssh drop",
)

# Keeping the rules over a reboot, in both of the page's ways, and trying them out.
SAVE = "nft list ruleset > /etc/nftables.conf"
SAVE_FOR_HOOK = "nft list ruleset > /etc/nftables.rules"
HOOK = "#!/bin/sh\nnft -f /etc/nftables.rules\n"
TRY = ("nft flush ruleset", "nft -f /etc/nftables.conf")
