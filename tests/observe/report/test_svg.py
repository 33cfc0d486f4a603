"""The picture of a rung, and what it says in words."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from responder.observe.ladder import Rung, rungs
from responder.observe.records import MalformedRecord, MessageRecord, record_of
from responder.observe.report.svg import DEFINITIONS, arrow

from ..sample import CLOCK, busy_call
from .cases import malformed, message


def drawn(rung: Rung) -> ElementTree.Element:
    assert isinstance(rung.record, MessageRecord | MalformedRecord)
    return ElementTree.fromstring(arrow(rung, rung.record))


def busy() -> list[Rung]:
    found = rungs(record_of(event, CLOCK) for event in busy_call())
    return [rung for rung in found if isinstance(rung.record, MessageRecord)]


def ends(picture: ElementTree.Element) -> tuple[str | None, str | None]:
    line = picture.find("line")
    assert line is not None
    assert line.get("y1") == line.get("y2")
    return line.get("x1"), line.get("x2")


def test_what_the_client_sends_goes_to_the_right() -> None:
    invite, trying, *_ = map(drawn, busy())
    assert ends(invite) == ("0", "100%")
    assert ends(trying) == ("100%", "0")


def test_it_says_in_words_what_it_shows() -> None:
    invite, trying, ringing, *_ = map(drawn, busy())
    assert invite.get("role") == "img"
    assert [invite.findtext("title"), trying.findtext("title")] == [
        "from the client: INVITE (SDP)",
        "from the responder: 100 Trying",
    ]
    assert (invite.findtext("text"), invite.find("desc")) == ("INVITE (SDP)", None)
    assert ringing.findtext("desc") == "busy step 2"


def test_a_retransmission_and_what_is_malformed_are_drawn_otherwise() -> None:
    spoilt = rungs([malformed(b"\0\xff", "no start line")])
    assert [picture.get("class") for picture in map(drawn, [*busy()[3:5], *spoilt])] == ["first", "again", "malformed"]
    assert ends(drawn(spoilt[0])) == ("0", "100%")


def test_a_long_label_is_cut_and_stands_whole_in_the_title() -> None:
    (rung,) = rungs([message(b"SIP/2.0 486 " + b"busy " * 60 + b"\r\n\r\n", received=False)])
    picture = drawn(rung)
    label = picture.findtext("text")
    assert label is not None
    assert len(label) == 72
    assert label.endswith("…")
    assert picture.findtext("title") == "from the responder: 486 " + "busy " * 59 + "busy"


@pytest.mark.parametrize(
    "reason", ["</text><script>alert(1)</script>", "\"quoted\" & 'quoted'", "\u202eysub", "\x1b[2J\xff"]
)
def test_what_a_peer_writes_is_text(reason: str) -> None:
    (rung,) = rungs(
        [message(f"SIP/2.0 486 {reason}\r\n\r\n".encode("latin-1", "replace"), received=False, note=reason)]
    )
    assert [child.tag for child in drawn(rung)] == ["title", "desc", "text", "line"]


def test_arrows_find_their_heads() -> None:
    marker = ElementTree.fromstring(DEFINITIONS).find("defs/marker")
    assert marker is not None
    assert f"url(#{marker.get('id')})" in arrow(busy()[0], busy()[0].record)  # type: ignore[arg-type]
