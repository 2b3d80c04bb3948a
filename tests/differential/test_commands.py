# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Every form of every command, option and file that docs/language.md lists, beside Debian's nft:
the scripts in commands/ (commands.py says how to read them)."""
import os
import pathlib

import pytest

from differential.commands import Side, differences, read_scripts
from harness.netns import require_nft

HERE = pathlib.Path(__file__).parent
SCRIPTS = [pytest.param(script, id=f"{path.stem}: {script.name}")
           for path in sorted((HERE / "commands").glob("*.txt"))
           for script in read_scripts(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_goes_like_nft(script, gate, make_netns, tmp_path):
    require_nft()
    sides = []
    for name, program in (("gate", gate), ("nft", "/usr/sbin/nft")):
        folder, cwd = tmp_path / name, tmp_path / f"{name}-cwd"
        folder.mkdir()
        cwd.mkdir()
        os.symlink(program, folder / "nft")
        sides.append(Side(make_netns(), folder, cwd))
    differ = list(differences(script, *sides, gate))
    assert not differ, "\n\n".join(differ)
