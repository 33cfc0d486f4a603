"""pjsua without sound (Debian has no package of it; built from source it is used where it is on the PATH)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.serving import Serving

from .client_process import Console, free_port, needed

pytestmark = pytest.mark.interop
TRANSPORTS = {"udp": "--no-tcp", "tcp": "--no-udp"}
BOTH = pytest.mark.parametrize("transport", TRANSPORTS)
OTHER = r"SIP/2\.0|pjsua_aud|pjsua_media|media \d"
"""Lines of messages and of the sound that this build has not."""


class Pjsua(Console):
    """A running pjsua that calls `target` at once, or registers."""

    def __init__(self, folder: Path, transport: str, *arguments: str) -> None:
        command = [
            needed("stdbuf"), "-oL", needed("pjsua"), "--null-audio", f"--local-port={free_port()}",
            "--ip-addr=127.0.0.1", "--bound-addr=127.0.0.1", "--log-level=5", "--app-log-level=5",
            TRANSPORTS[transport], *arguments,
        ]  # fmt: skip
        super().__init__(command, cwd=folder)
        self.shows("You have")

    def complaints(self) -> list[str]:
        """What it says of messages that it does not like."""
        pattern = r"(?i)^.*(?:\berror\b|warning|invalid|malformed|PJSIP_E|dropping).*$"
        return [line for line in self.text.splitlines() if re.search(pattern, line) and not re.search(OTHER, line)]


def address(server: Serving, user: str, transport: str) -> str:
    return f"sip:{user}@127.0.0.1:{server.port};transport={transport}"


def ended(server: Serving, before: int) -> dict[str, Any]:
    """The next call that the server reports."""
    return server.wait_for("call", before + 1, seconds=8)[before]


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[Any]:
    started: list[Pjsua] = []

    def start(transport: str, *arguments: str) -> Pjsua:
        started.append(Pjsua(tmp_path, transport, *arguments))
        return started[-1]

    yield start
    for phone in started:
        if phone.process.poll() is None:
            phone.type("q")
            phone.shows("PJSUA destroyed", seconds=6)
        phone.stop()
        assert not phone.complaints()


@BOTH
@pytest.mark.parametrize("user", ["486", "180.603", "503"])
def test_refused(callee: Serving, phones: Any, transport: str, user: str) -> None:
    before = len(callee.events("call"))
    phones(transport, address(callee, user, transport)).shows(f"DISCONNECTED [reason={user[-3:]} ")
    call = ended(callee, before)
    assert (call["outcome"], call["path"][-1], call["transport"]) == ("completed", user[-3:], transport.upper())


@BOTH
@pytest.mark.parametrize("more", [[], ["--use-100rel", "--use-timer=2"]])
def test_answered_and_ended_here(callee: Serving, phones: Any, transport: str, more: list[str]) -> None:
    before = len(callee.events("call"))
    phone = phones(transport, *more, address(callee, "183.180.200", transport))
    phone.shows("state changed to CONFIRMED")
    phone.type("h")
    phone.shows("DISCONNECTED [reason=200 ")
    call = ended(callee, before)
    assert call["outcome"] == "completed"
    assert call["path"][-2:] == ["BYE", "200"]


@BOTH
def test_cancelled(callee: Serving, phones: Any, transport: str) -> None:
    before = len(callee.events("call"))
    phone = phones(transport, address(callee, "180", transport))
    phone.shows("state changed to EARLY")
    phone.type("h")
    phone.shows("DISCONNECTED [reason=487 ")
    assert ended(callee, before)["outcome"] == "cancelled"


@BOTH
@pytest.mark.parametrize("user", ["hangs-up", "held"])
def test_ended_by_the_server(callee: Serving, phones: Any, transport: str, user: str) -> None:
    before = len(callee.events("call"))
    phones(transport, address(callee, user, transport)).shows("DISCONNECTED [reason=200 ")
    call = ended(callee, before)
    assert (call["outcome"], call["scenario"]) == ("completed", user)


@BOTH
def test_registers_with_digest(callee: Serving, phones: Any, transport: str) -> None:
    where = f"sip:127.0.0.1:{callee.port};transport={transport}"
    phone = phones(
        transport, f"--registrar={where}", f"--id=sip:guarded@127.0.0.1:{callee.port}", "--realm=*",
        "--username=alice", "--password=secret",
    )  # fmt: skip
    phone.shows("registration success, status=200")


TIMED = ["--use-100rel", "--use-timer=2", "--timer-se=90", "--timer-min-se=90"]
"""Reliable provisional responses and a session timer, both required."""


@BOTH
def test_reliable_and_timed_both_ways(tmp_path: Path, transport: str) -> None:
    """Four calls side by side, for 50 seconds: who calls, and who refreshes at half of the least interval there is.

    By TCP pjsua closes a connection that was idle for 33 seconds, so our refresh and BYE need another one.
    """
    phones: dict[str, Pjsua] = {}
    with Serving(str(Path(__file__).parent / "timed.yaml")) as server:
        try:
            for name in ("client-refreshes", "we-refresh", "called-refreshes", "caller-refreshes"):
                folder = tmp_path / name
                folder.mkdir()
                arguments = [address(server, name, transport)]
                if name.startswith("call"):
                    where = f"sip:127.0.0.1:{server.port};transport={transport}"
                    aor = f"sip:{name}@127.0.0.1:{server.port}"
                    arguments = [f"--registrar={where}", f"--id={aor}", "--auto-answer=180"]
                phones[name] = Pjsua(folder, transport, *TIMED, *arguments)
            for name in ("called-refreshes", "caller-refreshes"):
                phones[name].shows("Request msg PRACK")
                phones[name].type("a")
                phones[name].type("200")
            calls = {call["scenario"]: call for call in server.wait_for("call", 4, seconds=60)}
            for name, phone in phones.items():
                phone.shows("DISCONNECTED", seconds=5)
                assert not phone.complaints()
                assert (name, calls[name]["outcome"], calls[name]["reason"]) == (name, "completed", "")
                assert "PRACK" in calls[name]["path"]
                assert "UPDATE" in calls[name]["path"]
            for name in ("we-refresh", "caller-refreshes"):
                assert "200/UPDATE" in phones[name].text
            assert not server.events("malformed")
            assert not server.events("note")
        finally:
            for phone in phones.values():
                phone.stop()
