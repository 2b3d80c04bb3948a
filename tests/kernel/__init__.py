# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Tests of the kernel engine and what they share."""
