"""The server that the softphones of this folder call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance.serving import Serving

CALLS = str(Path(__file__).parent / "calls.yaml")


@pytest.fixture
def abandoned() -> Iterator[Serving]:
    """The same for a client that will not end its call, so that nobody else sees the call end half a minute later."""
    with Serving(CALLS) as serving:
        yield serving


@pytest.fixture(scope="module")
def callee() -> Iterator[Serving]:
    """The installed command with `calls.yaml`; nothing it hears may be malformed, and it complains about nothing."""
    with Serving(CALLS) as serving:
        yield serving
        malformed = serving.events("malformed")
        problems = [note for note in serving.events("note") if note["kind"] == "problem"]
    assert serving.stderr == ""
    assert not malformed
    assert not [problem for problem in problems if "refused" not in problem["text"]]
