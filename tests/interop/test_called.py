"""Softphones that are called: they register with digest, and the server calls them (`called.yaml`).

Linphone 5.1 uses the GRUU that it was given as its Contact (RFC 5627 section 4.4), so all requests of ours
in its dialogs prove that we know who is behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from conformance.serving import Serving

from .test_baresip import Baresip
from .test_baresip import address as sip
from .test_linphone import ACCOUNT, Linphone
from .test_pjsua import Pjsua

pytestmark = pytest.mark.interop
CALLED = str(Path(__file__).parent / "called.yaml")


class Phone(Protocol):
    def stop(self) -> int: ...
    def complaints(self) -> list[str]: ...


def linphone(folder: Path, server: Serving, user: str, transport: str, *, answers: bool, expires: int = 60) -> Linphone:
    account = ACCOUNT.format(port=server.port, transport=transport, user=user)
    account = account.replace("reg_expires=60", f"reg_expires={expires}")
    return Linphone(folder, account, *(["-a"] if answers else []))


def baresip(folder: Path, server: Serving, user: str, transport: str, *, answers: bool, expires: int = 60) -> Baresip:
    account = f"<{sip(server, user, transport)}>;regint={expires};auth_user=alice;auth_pass=secret"
    return Baresip(folder, server, account=account + (";answermode=auto" if answers else ""))


def pjsua(folder: Path, server: Serving, user: str, transport: str, *, answers: bool, expires: int = 60) -> Pjsua:
    return Pjsua(
        folder, transport, f"--registrar=sip:127.0.0.1:{server.port};transport={transport}",
        f"--id=sip:{user}@127.0.0.1:{server.port}", "--realm=*", "--username=alice", "--password=secret",
        f"--reg-timeout={expires}", f"--auto-answer={200 if answers else 180}",
    )  # fmt: skip


PHONES: dict[str, Callable[..., Any]] = {"linphone": linphone, "baresip": baresip, "pjsua": pjsua}
SAYS = {"linphone": "Receiving new incoming call", "baresip": "180 Ringing", "pjsua": "Incoming call for account"}
SHOWS_ANSWERED = {"linphone": "connected", "baresip": "Call established", "pjsua": "state changed to CONFIRMED"}
HANGS_UP: dict[str, Callable[[Any], None]] = {
    "linphone": lambda phone: phone.type("terminate"),
    "baresip": lambda phone: phone.tell("hangup"),
    "pjsua": lambda phone: phone.type("h"),
}
EACH = pytest.mark.parametrize("name", PHONES)
BOTH = pytest.mark.parametrize("transport", ["udp", "tcp"])


@pytest.fixture
def server() -> Iterator[Serving]:
    """One for each test: the phones leave at their end, each in its way."""
    with Serving(CALLED) as serving:
        yield serving
        assert serving.stderr == ""
        assert not serving.events("malformed")
        notes = [note for note in serving.events("note") if note["kind"] in ("problem", "deviation")]
    assert not [note for note in notes if "refused" not in note["text"] and "reset" not in note["text"]]


@pytest.fixture
def phones(server: Serving, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    started: list[tuple[str, Any]] = []

    def start(name: str, user: str, transport: str, *, answers: bool = True, expires: int = 60) -> Any:
        phone = PHONES[name](tmp_path, server, user, transport, answers=answers, expires=expires)
        started.append((name, phone))
        return phone

    yield start
    for _, phone in started:
        phone.stop()
        assert not [line for line in phone.complaints() if "486 Rejected" not in line]


def over(server: Serving, user: str, *, seconds: float = 12.0) -> dict[str, Any]:
    """The record of the call that the registration of this user began."""
    call = server.wait_for("call", seconds=seconds)[0]
    assert (call["scenario"], call["outcome"], call["reason"]) == (user, "completed", ""), call
    return call


@EACH
@BOTH
def test_held_taken_back_and_hung_up_on(server: Serving, phones: Any, name: str, transport: str) -> None:
    phones(name, "held", transport)
    call = over(server, "held")
    assert call["path"] == ["401", "REGISTER", "200", "INVITE", "INVITE", "INVITE", "BYE"]
    assert call["transport"] == transport.upper()


@BOTH
def test_registered_by_sha_256(server: Serving, phones: Any, transport: str) -> None:
    """Not baresip 1.0, which knows MD5 only, nor a pjsua that was built without OpenSSL."""
    phones("linphone", "held-sha", transport)
    over(server, "held-sha")


@EACH
@BOTH
def test_the_client_hangs_up(server: Serving, phones: Any, name: str, transport: str) -> None:
    phone = phones(name, "hangs-up", transport)
    phone.shows(SHOWS_ANSWERED[name])
    HANGS_UP[name](phone)
    assert over(server, "hangs-up")["path"][-2:] == ["BYE", "200"]


@EACH
@BOTH
def test_the_client_declines(server: Serving, phones: Any, name: str, transport: str) -> None:
    phone = phones(name, "declines", transport, answers=False)
    phone.shows(SAYS[name])
    HANGS_UP[name](phone)
    over(server, "declines")


@EACH
@BOTH
def test_a_ringing_client_is_cancelled(server: Serving, phones: Any, name: str, transport: str) -> None:
    phones(name, "rings-in-vain", transport, answers=False).shows(SAYS[name])
    assert over(server, "rings-in-vain")["path"][-2:] == ["INVITE", "CANCEL"]


@EACH
@BOTH
def test_requests_of_other_methods(server: Serving, phones: Any, name: str, transport: str) -> None:
    phone = phones(name, "other-methods", transport)
    over(server, "other-methods")
    phone.shows("hello")
    (said,) = [note["text"] for note in server.events("note") if note["kind"] == "log"]
    # a NOTIFY that nobody has asked for: RFC 6665 section 4.1.3 wants 481, many take it all the same
    assert said in ("got OPTIONS 200, MESSAGE 200, NOTIFY 200", "got OPTIONS 200, MESSAGE 200, NOTIFY 481")


@EACH
@BOTH
def test_registers_again_during_the_call(server: Serving, phones: Any, name: str, transport: str) -> None:
    phones(name, "registers-again", transport, expires=4)
    calls = server.wait_for("call", seconds=12)
    while calls[-1]["scenario"] == "is-there-still":
        calls = server.wait_for("call", len(calls) + 1, seconds=8)
    call = calls.pop()
    assert (call["scenario"], call["outcome"], call["reason"]) == ("registers-again", "completed", "")
    assert calls, "the registration is renewed while the call goes on"
    assert {one["outcome"] for one in calls} == {"completed"}


@BOTH
def test_the_shipped_flow(tmp_path: Path, transport: str) -> None:
    """`call-to-client`, dialled by its name in a registration; SHA-256 is offered first."""
    with Serving() as dialled:
        phone = linphone(tmp_path, dialled, "call-to-client", transport, answers=True)
        try:
            call = dialled.wait_for("call", seconds=15)[0]
        finally:
            phone.stop()
    assert (call["scenario"], call["outcome"], call["reason"]) == ("call-to-client", "completed", "")
    assert call["path"] == ["401", "REGISTER", "200", "INVITE", "INVITE", "INVITE", "BYE"]
    assert not phone.complaints()
