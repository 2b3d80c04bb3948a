# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Fixtures for every test of the whole program: the program, and a namespace to run it in."""
import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from harness import netns as namespaces  # noqa: E402


def pytest_sessionstart():
    namespaces.remove_abandoned()


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def gate():
    """Path of the program: $GATE, else the one in build/."""
    path = pathlib.Path(os.environ.get("GATE", ROOT / "build/bin/gate")).absolute()
    if not path.exists():
        pytest.skip(f"needs {path.name}: {path} is not built")
    return path


@pytest.fixture
def netns():
    """A fresh network namespace with `lo` up; gone after the test with all that runs in it."""
    with namespaces.fresh() as ns:
        yield ns


@pytest.fixture
def make_netns():
    """A function that makes further namespaces, for tests with two ends."""
    made = []

    def make():
        ns = namespaces.Netns()
        made.append(ns)
        return ns

    namespaces.require()
    yield make
    for ns in made:
        ns.close()
