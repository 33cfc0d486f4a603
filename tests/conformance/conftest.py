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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder waits for real time: `.ci/run` asks for it, a plain `pytest` does without."""
    for item in items:
        if "conformance" in item.path.parts:
            item.add_marker(pytest.mark.wire)
