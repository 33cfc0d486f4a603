"""Shipped flows that SIPp has a part in: what is lost, late or crossed comes from us, the rest is its own doing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance.serving import Serving

from .test_sipp import FLOWS, called

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """No file: each flow is dialled."""
    with Serving() as serving:
        yield serving


@pytest.mark.parametrize(
    "name",
    [
        "answer-lost",
        "rfc5407-invite-crosses-200",
        "wrong-codec-183",
        "codec-change-refused",
        "late-offer",
    ],
)
def test_built_in_uac(server: Serving, tmp_path: Path, name: str) -> None:
    outcome = "failed" if name == "late-offer" else "completed"  # it makes an offer
    for call in called(server, tmp_path, "UDP", name, "-sn", "uac", "-d", "50"):
        assert (call["scenario"], call["outcome"]) == (name, outcome)


@pytest.mark.parametrize(
    ("name", "flow", "outcome"),
    [
        ("prack-lost", "prack", "completed"),
        ("rfc3665-no-answer", "cancel", "cancelled"),
        ("redirect-chain", "redirect", "completed"),
        ("rfc5407-bye-crosses-reinvite", "crossed", "completed"),
    ],
)
def test_flows(server: Serving, tmp_path: Path, name: str, flow: str, outcome: str) -> None:
    for call in called(server, tmp_path, "UDP", name, "-sf", str(FLOWS / f"{flow}.xml")):
        assert (call["scenario"], call["outcome"]) == (name, outcome)


def test_slow_network(server: Serving, tmp_path: Path) -> None:
    """The last one: copies of a response may come when its SIPp is gone, and another one would wonder."""
    for call in called(server, tmp_path, "UDP", "slow-network", "-sn", "uac", "-d", "1000"):
        assert (call["scenario"], call["outcome"]) == ("slow-network", "completed")
