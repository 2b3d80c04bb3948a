# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What the tests of the whole program share."""
