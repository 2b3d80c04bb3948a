# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`gate replay` from outside."""
