"""Servers that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .serving import Serving


@pytest.fixture(scope="session")
def plain() -> Iterator[Serving]:
    """A server as it comes, timers included."""
    with Serving() as serving:
        yield serving


@pytest.fixture(scope="session")
def quick() -> Iterator[Serving]:
    """A server with T1 20 ms, T2 80 ms and T4 100 ms, so that 64*T1 are 1.3 s."""
    with Serving("--t1", "20ms", "--t2", "80ms", "--t4", "100ms") as serving:
        yield serving
