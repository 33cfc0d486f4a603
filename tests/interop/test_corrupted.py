"""Softphones that get corrupted responses: what RFC 3261 has them discard or find no request for changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.serving import Serving

from .client_process import needed
from .test_baresip import Baresip, address
from .test_linphone import Linphone
from .test_pjsua import Pjsua

pytestmark = pytest.mark.interop
DISCARDED = [
    "wrong-branch",
    "lower-via-first",
    "no-cseq",
    "wrong-cseq-method",
    "no-via",
    "truncated",
]
"""Each is done to a 180 of its own, before a 200 that is right.

Not second-via: a client SHOULD discard that (8.1.3.3), but linphone 5.1, baresip 1.0 and pjsua 2.17 ring. Nor
unknown-version, which baresip does not look at.
"""
READ = ["compact", "lowercase-names", "uppercase-names", "space-before-colon", "long-reason", "empty-reason"]
"""Not folded: the parser of linphone 5.1 does not know folded lines (7.3.1), and its end is abrupt."""


def corrupted(names: list[str]) -> str:
    """A 180 for each of them."""
    return "\n".join(f"      - {{respond: 180, fault: {{corrupt: {name}}}}}\n      - 50ms" for name in names)


RULES = f"""
rules:
  - name: discarded
    match: {{user: discarded}}
    steps:
{corrupted(DISCARDED)}
      - 500ms
      - 200
      - expect: ACK
        within: 5s
      - 300ms
      - send: BYE
        expect: 200
  - name: read
    match: {{user: read}}
    steps:
{corrupted(READ)}
      - respond: 200
        fault: {{corrupt: compact}}
      - expect: ACK
        within: 5s
      - 300ms
      - send: BYE
        expect: 200
"""
RINGS = {"linphone": "ringing", "baresip": "call: SIP Progress: 180", "pjsua": "state changed to EARLY"}
CONNECTS = {"linphone": "connected", "baresip": "Call established", "pjsua": "state changed to CONFIRMED"}


def linphone(folder: Path, server: Serving, target: str) -> Linphone:
    phone = Linphone(folder)
    phone.type(f"call {target}")
    return phone


def baresip(folder: Path, server: Serving, target: str) -> Baresip:
    phone = Baresip(folder, server)
    phone.tell("dial", target)
    return phone


def pjsua(folder: Path, server: Serving, target: str) -> Pjsua:
    return Pjsua(folder, "udp", target)


PHONES: dict[str, Callable[..., Any]] = {"linphone": linphone, "baresip": baresip, "pjsua": pjsua}
EACH = pytest.mark.parametrize("name", PHONES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flow = tmp_path_factory.mktemp("flow") / "corrupted.yaml"
    flow.write_text(RULES)
    with Serving(str(flow)) as serving:
        yield serving


def called(server: Serving, folder: Path, name: str, user: str) -> tuple[dict[str, Any], str]:
    """A call of this phone: its record and what the phone showed."""
    needed("linphonec" if name == "linphone" else name)
    before = len(server.events("call"))
    phone = PHONES[name](folder, server, address(server, user, "udp"))
    try:
        phone.shows(CONNECTS[name])
        call = server.wait_for("call", before + 1, seconds=8)[before]
    finally:
        phone.stop()
    return call, phone.text


@EACH
def test_what_is_to_be_discarded(server: Serving, tmp_path: Path, name: str) -> None:
    call, shown = called(server, tmp_path, name, "discarded")
    assert (call["scenario"], call["outcome"], call["reason"]) == ("discarded", "completed", "")
    assert RINGS[name] not in shown


@EACH
def test_what_is_to_be_read(server: Serving, tmp_path: Path, name: str) -> None:
    call, shown = called(server, tmp_path, name, "read")
    assert (call["scenario"], call["outcome"], call["reason"]) == ("read", "completed", "")
    assert RINGS[name] in shown
