# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""This folder's tests are of two kinds: test_vm.py boots the virtual machine and runs on the
host; all others run inside, where vm.py sets GATE_VM."""
import os
import pathlib

HERE = pathlib.Path(__file__).parent
if os.environ.get("GATE_VM"):
    collect_ignore = ["test_vm.py"]
else:
    collect_ignore = [path.name for path in HERE.glob("test_*.py") if path.name != "test_vm.py"]
