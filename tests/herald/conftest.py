# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Fixtures for tests of herald: a server of the test's own, and clients for it."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from instance import Herald  # noqa: E402


@pytest.fixture(scope="session")
def programs(gate):
    """The folder of herald and heraldctl: beside gate, release or sanitized."""
    if not (gate.parent / "herald").exists():
        pytest.skip("needs herald: it is not built")
    return gate.parent


@pytest.fixture
def make_herald(programs, tmp_path):
    """A function that starts servers; all are stopped in good order after the test."""
    made = []

    def make(extra="", options=""):
        folder = tmp_path / f"herald{len(made)}"
        folder.mkdir()
        server = Herald(programs, folder, extra, options)
        made.append(server)
        server.start()
        return server

    yield make
    for server in made:
        code = server.stop()
        server.run_dir.cleanup()
        assert code == 0, server.log.read_text()


@pytest.fixture(scope="module")
def shared_herald(programs, tmp_path_factory):
    """A function that starts servers for all tests of a file; they are stopped behind the last."""
    made = []

    def make(extra="", options=""):
        server = Herald(programs, tmp_path_factory.mktemp("herald"), extra, options)
        made.append(server)
        server.start()
        return server

    yield make
    for server in made:
        assert server.stop() == 0, server.log.read_text()
        server.run_dir.cleanup()


@pytest.fixture
def herald(make_herald):
    return make_herald()
