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
    """A server with T1 10 ms, T2 40 ms and T4 50 ms, so that 64*T1 are 0.64 s."""
    with Serving("--t1", "10ms", "--t2", "40ms", "--t4", "50ms") as serving:
        yield serving
