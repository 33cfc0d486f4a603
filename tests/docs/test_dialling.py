"""What the documents say that a dialled address gets is what it gets."""

from __future__ import annotations

import re

import pytest

from responder.events import MessageSent, Note
from responder.scenario.dial import LONGEST, LONGEST_WAIT, MOST_ATTEMPTS, MOST_TOKENS

from .conversation import Run
from .markdown import DOCUMENTS, ROOT, prose, rows

DIALLING = ROOT / "docs" / "dialling.md"
ADDRESSES = {
    (path.name, cells[0].strip("`")): cells[1]
    for path in (DIALLING, ROOT / "README.md")
    for cells in rows(path, "dial")
}
ANSWERED_BY_US = {"INVITE": "100 180 200", "REGISTER": "200", "OPTIONS": "200", "PUBLISH": "200", "MESSAGE": "200"}


def promised(text: str) -> list[str]:
    """The codes that a cell of the table names, in order; it may say `the same`."""
    return re.findall(r"\b[1-6][0-9][0-9]\b", text)


def calls(uri: str, *, method: str = "INVITE", times: int = 1) -> list[list[str]]:
    """The codes that we send in so many calls."""
    run = Run()
    return [
        [step for step in run.call(uri, method=method, hang_up_after=60.0, cancel_after=30.0) if step[0].isdigit()]
        for _ in range(times)
    ]


@pytest.mark.parametrize(("document", "uri"), ADDRESSES)
def test_invite(document: str, uri: str) -> None:
    cell = ADDRESSES[document, uri]
    if "the same" in cell:
        cell = ADDRESSES[document, "sip:180.2s.486@127.0.0.1"]
    wanted = promised(cell)
    if "second call" in cell:
        assert calls(uri, times=3) == [["100", "503"], *[["100", "200", "200"]] * 2]
        assert wanted == ["100", "503", "100", "200"]
        return
    (got,) = calls(uri)
    if "CANCEL" in cell:
        got.remove("200")  # that is for the CANCEL
    if wanted[-1] < "300" and "BYE" not in cell:
        assert got.pop() == "200"  # to the BYE of the caller
    assert got == wanted


@pytest.mark.parametrize(
    ("uri", "cell"), [(cells[0].strip("`"), cells[2]) for cells in rows(DIALLING, "dial") if "built in" not in cells[2]]
)
def test_options(uri: str, cell: str) -> None:
    if "then" in cell:
        assert [code for call in calls(uri, method="OPTIONS", times=2) for code in call] == promised(cell)
    else:
        assert calls(uri, method="OPTIONS") == [promised(cell)]


@pytest.mark.parametrize(
    ("uri", "code", "seconds"),
    [("sip:180.2s.486@127.0.0.1", b"486", 2.0), ("sip:200.5s@127.0.0.1", b"BYE", 5.0)],
)
def test_times(uri: str, code: bytes, seconds: float) -> None:
    run = Run()
    run.call(uri)
    times = [event.time for event in run.events if isinstance(event, MessageSent) and code in event.data[:20]]
    assert times == [seconds]


def test_a_header() -> None:
    run = Run()
    run.call("sip:302+Contact=sip:bob%40192.0.2.9@127.0.0.1")
    sent = [event.data for event in run.events if isinstance(event, MessageSent)]
    assert b"\r\nContact: sip:bob@192.0.2.9\r\n" in sent[-1]


def test_every_address_is_of_use() -> None:
    """An address in a text dials something, or is plainly somebody's name."""
    documents = [path for path in DOCUMENTS if path.name != "cookbook.md"]  # those want clients of their own
    found = {uri for path in documents for uri in re.findall(r"sip:[\w.*+=,%:-]+@127\.0\.0\.1\b", prose(path))}
    assert len(found) > 10
    run = Run()
    for uri in found:
        path = run.call(uri, hang_up_after=0.5, cancel_after=30.0)
        user = uri[4:].partition("@")[0]
        builtin = path[:3] == ("100", "180", "200") and run.events[-1].scenario == ""  # type: ignore[union-attr]
        assert builtin == (user in {"bob", "me", "bobby"}), uri


def test_bounds() -> None:
    text = DIALLING.read_text("utf-8")
    assert f"at most {LONGEST} characters, a script {MOST_ATTEMPTS} attempts of {MOST_TOKENS} items" in text
    assert LONGEST_WAIT == 3600


class TestBuiltIn:
    """The table of what answers when nothing was dialled."""

    cells = {cells[0]: cells[1] for cells in rows(DIALLING, "request")}

    @pytest.mark.parametrize(("method", "codes"), ANSWERED_BY_US.items())
    def test_requests(self, method: str, codes: str) -> None:
        headers = {"Event": "presence"} if method == "PUBLISH" else {}
        path = Run().call("sip:bob@127.0.0.1", method=method, headers=headers, hang_up_after=1.0)
        assert list(path)[: len(codes.split())] == codes.split()
        assert any(method in request for request in self.cells)

    @pytest.mark.parametrize("package", ["presence", "dialog", "message-summary", "reg", "weather"])
    def test_subscribe(self, package: str) -> None:
        path = Run().call("sip:bob@127.0.0.1", method="SUBSCRIBE", headers={"Event": package, "Expires": "0"})
        known = package in self.cells["SUBSCRIBE"]
        assert path == (("200", "NOTIFY") if known else ("489",))

    def test_publish(self) -> None:
        headers = {"Event": "presence", "SIP-If-Match": "never-given"}
        assert Run().call("sip:bob@127.0.0.1", method="PUBLISH", headers=headers) == ("412",)
        assert Run().call("sip:bob@127.0.0.1", method="PUBLISH", headers={"Event": "weather"}) == ("489",)
        assert {"412", "489"} <= set(promised(self.cells["PUBLISH"]))

    def test_refer(self) -> None:
        run = Run()
        headers = {"Refer-To": "<sip:carol@example.com>"}
        assert run.call("sip:bob@127.0.0.1", method="REFER", headers=headers) == ("200", "NOTIFY", "NOTIFY")
        notified = [
            event.data for event in run.events if isinstance(event, MessageSent) and b"NOTIFY" in event.data[:9]
        ]
        assert notified[-1].endswith(b"SIP/2.0 200 OK\r\n")

    @pytest.mark.parametrize(
        ("method", "code"), [("BYE", "481"), ("INFO", "481"), ("UPDATE", "481"), ("NOTIFY", "481"), ("FROB", "501")]
    )
    def test_what_belongs_nowhere(self, method: str, code: str) -> None:
        assert Run().call("sip:bob@127.0.0.1", method=method) == (code,)

    def test_a_deviation_is_said(self) -> None:
        run = Run()
        run.call("sip:180.486@127.0.0.1", method="OPTIONS")
        (note,) = [event for event in run.events if isinstance(event, Note)]
        assert f"{note.kind}: {note.text}" in " ".join(DIALLING.read_text("utf-8").split())
