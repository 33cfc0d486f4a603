"""Reliable provisional responses on the wire (RFC 3262). The server's T1 is 10 ms, so it gives up after 0.64 s."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .judge import complaints
from .serving import Serving
from .session import OFFER, answer_faults, offer_faults
from .wire import Ask, Dialog, Message, endpoint

EARLY_MEDIA = "steps: [{respond: 183, sdp: true, reliable: true}, 200]\n"

BOTH = pytest.mark.parametrize("transport", ["UDP", "TCP"])
NEEDS = [("Require", "100rel")]


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server whose 183 has a session description."""
    flow = tmp_path_factory.mktemp("flow") / "early.yaml"
    flow.write_text(EARLY_MEDIA)
    with Serving("--t1", "10ms", "--t2", "40ms", "--t4", "50ms", str(flow)) as serving:
        yield serving


def prack(dialog: Dialog, provisional: Message, *, rack: str = "", body: bytes = b"") -> Ask:
    """RFC 3262 section 7.2"""
    cseq = provisional.one("CSeq")
    return dialog.request("PRACK", more=[("RAck", rack or f"{provisional.one('RSeq')} {cseq}")], body=body)


@BOTH
def test_again_until_prack_and_the_2xx_after_it(early: Serving, transport: str) -> None:
    """Sections 3 and 5: copies T1, 2*T1, 4*T1, ... apart; no 2xx before the PRACK of one with a session description"""
    with endpoint(transport, early.address) as client:
        ask = client.put(client.ask("INVITE", "bob", body=OFFER, more=NEEDS))
        first = client.until(ask, 183)
        assert not complaints(ask, first, client, 183)
        assert first.list("Require") == ["100rel"]
        copies = [first, *(client.receive() for _ in range(3))]
        assert {str(copy) for copy in copies} == {str(first)}
        times = [copy.at for copy in copies if copy]
        assert times[2] - times[1] > 0.6 * (times[1] - times[0])
        assert times[3] - times[2] > times[1] - times[0], "section 3: the interval doubles, and T2 is no bound"
        dialog = Dialog.of(client, ask, first)
        acknowledgement = client.put(prack(dialog, first))
        answer = client.receive()
        while answer and answer.status == 183:
            answer = client.receive()
        assert answer is not None
        assert not complaints(acknowledgement, answer, client, 200)
        assert answer.one("CSeq") == "2 PRACK"
        final = client.until(ask, 200)
        assert final.to_tag == first.to_tag
        client.put(dialog.request("ACK", cseq=1))
        client.silence(0.1)
        assert client.final(dialog.request("BYE")).status == 200


@BOTH
def test_session_description_is_answered_once(early: Serving, transport: str) -> None:
    """RFC 3261 section 13.2.1: the answer in a reliable response is the answer."""
    with endpoint(transport, early.address) as client:
        ask = client.put(client.ask("INVITE", "bob", body=OFFER, more=NEEDS))
        first = client.until(ask, 183)
        assert not answer_faults(OFFER, first)
        dialog = Dialog.of(client, ask, first)
        assert client.final(prack(dialog, first)).status == 200
        final = client.until(ask, 200)
        assert final.body in (b"", first.body)
        client.put(dialog.request("ACK", cseq=1))
        assert client.final(dialog.request("BYE")).status == 200


@BOTH
def test_each_has_its_number(quick: Serving, transport: str) -> None:
    """Section 3: RSeq goes up by one, and the next is not sent before the first is acknowledged"""
    with endpoint(transport, quick.address) as client:
        ask = client.put(client.ask("INVITE", "180.183.182.200", body=OFFER, more=NEEDS))
        first = client.until(ask, 180)
        dialog = Dialog.of(client, ask, first)
        deadline = time.monotonic() + 0.05
        while time.monotonic() < deadline:
            early = client.receive(0.02)
            assert early is None or early.status == 180
        numbers = [int(first.one("RSeq"))]
        assert client.final(prack(dialog, first)).status == 200
        for status in (183, 182):
            provisional = client.until(ask, status)
            numbers.append(int(provisional.one("RSeq")))
            assert client.final(prack(dialog, provisional)).status == 200
        assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
        assert 1 <= numbers[0] < 2**31
        assert client.until(ask, 200)
        client.put(dialog.request("ACK", cseq=1))
        assert client.final(dialog.request("BYE")).status == 200


@BOTH
@pytest.mark.parametrize("wrong", ["rseq", "cseq", "method"])
def test_prack_of_nothing(early: Serving, transport: str, wrong: str) -> None:
    """Section 3: 481"""
    with endpoint(transport, early.address) as client:
        ask = client.put(client.ask("INVITE", "bob", body=OFFER, more=NEEDS))
        first = client.until(ask, 183)
        dialog = Dialog.of(client, ask, first)
        number = int(first.one("RSeq"))
        racks = {"rseq": f"{number + 1} 1 INVITE", "cseq": f"{number} 2 INVITE", "method": f"{number} 1 UPDATE"}
        bad = prack(dialog, first, rack=racks[wrong])
        assert not complaints(bad, client.final(bad), client, 481)
        assert client.until(ask, 183), "it still waits for the right one"
        assert client.final(prack(dialog, first)).status == 200
        assert client.until(ask, 200)
        client.put(dialog.request("ACK", cseq=1))
        late = prack(dialog, first)
        assert client.final(late).status == 481
        assert client.final(dialog.request("BYE")).status == 200


@BOTH
@pytest.mark.parametrize("more", [[], [("RAck", "x")], [("RAck", "1 2")], [("RAck", "1 1 INVITE x")]])
def test_prack_that_says_nothing(quick: Serving, transport: str, more: list[tuple[str, str]]) -> None:
    with endpoint(transport, quick.address) as client:
        ask = client.put(client.ask("INVITE", "180", body=OFFER, more=NEEDS))
        dialog = Dialog.of(client, ask, client.until(ask, 180))
        assert client.final(dialog.request("PRACK", more=more)).status in (400, 481)
        client.put(ask.cancel())
        client.put(ask.ack(client.until(ask, 487)))


@BOTH
def test_no_prack_at_all(early: Serving, transport: str) -> None:
    """Section 3: after 64*T1 "the UAS SHOULD reject the original request with a 5xx" """
    with endpoint(transport, early.address) as client:
        ask = client.put(client.ask("INVITE", "bob", body=OFFER, more=NEEDS))
        first = client.until(ask, 183)
        final = client.until_final(ask, seconds=3)[-1]
        assert 500 <= final.status < 600
        assert final.at - first.at == pytest.approx(0.64, abs=0.25)


@BOTH
def test_cancel_while_it_waits(early: Serving, transport: str) -> None:
    with endpoint(transport, early.address) as client:
        ask = client.put(client.ask("INVITE", "bob", body=OFFER, more=NEEDS))
        client.until(ask, 183)
        client.put(ask.cancel())
        client.put(ask.ack(client.until(ask, 487)))
        client.receive(0.02)
        client.silence(0.15)


@BOTH
def test_offer_in_the_reliable_response_and_answer_in_the_prack(quick: Serving, transport: str) -> None:
    """Section 5: "If the INVITE did not contain an offer, the first reliable response MUST contain one" """
    with endpoint(transport, quick.address) as client:
        ask = client.put(client.ask("INVITE", "183.200", more=NEEDS))
        first = client.until(ask, 183)
        assert not offer_faults(first)
        dialog = Dialog.of(client, ask, first)
        answer = prack(dialog, first, body=OFFER)
        assert client.final(answer).status == 200
        final = client.until(ask, 200)
        assert not final.body, "nothing is offered a second time"
        client.put(dialog.request("ACK", cseq=1))
        assert client.final(dialog.request("BYE")).status == 200


@BOTH
def test_offer_in_the_prack(early: Serving, transport: str) -> None:
    """Section 5: it is answered in the 200 to the PRACK"""
    with endpoint(transport, early.address) as client:
        ask = client.put(client.ask("INVITE", "bob", body=OFFER, more=NEEDS))
        first = client.until(ask, 183)
        dialog = Dialog.of(client, ask, first)
        answer = client.final(prack(dialog, first, body=OFFER.replace(b"sendrecv", b"sendonly")))
        assert answer.status == 200
        assert not answer_faults(OFFER.replace(b"sendrecv", b"sendonly"), answer)
        assert client.until(ask, 200)
        client.put(dialog.request("ACK", cseq=1))
        assert client.final(dialog.request("BYE")).status == 200


@BOTH
def test_100_is_never_reliable(quick: Serving, transport: str) -> None:
    with endpoint(transport, quick.address) as client:
        ask = client.ask("INVITE", "100.486", more=NEEDS)
        trying, final = client.responses(ask)
        assert (trying.status, final.status) == (100, 486)
        assert "RSeq" not in trying


def test_shipped_flow() -> None:
    """`reliable-ringing`, by its name"""
    with Serving("--t1", "50ms", "reliable-ringing") as shipped, endpoint("TCP", shipped.address) as client:
        ask = client.put(client.ask("INVITE", "bob", body=OFFER, more=[("Supported", "100rel")]))
        dialog = None
        for status in (180, 183):
            provisional = client.until(ask, status)
            dialog = dialog or Dialog.of(client, ask, provisional)
            assert client.final(prack(dialog, provisional)).status == 200
        assert client.until(ask, 200)
        assert dialog
        client.put(dialog.request("ACK", cseq=1))
        assert client.final(dialog.request("BYE")).status == 200
        assert shipped.wait_for("call")[-1]["outcome"] == "completed"


def test_support_is_used_where_the_flow_says_so(tmp_path: Path) -> None:
    flow = tmp_path / "reliable.yaml"
    flow.write_text("steps:\n  - respond: 180\n    reliable: true\n  - 486\n")
    with Serving("--t1", "20ms", str(flow)) as serving, endpoint("UDP", serving.address) as client:
        ask = client.put(client.ask("INVITE", "bob", more=[("Supported", "100rel")]))
        ringing = client.until(ask, 180)
        assert ringing.list("Require") == ["100rel"]
        dialog = Dialog.of(client, ask, ringing)
        assert client.final(prack(dialog, ringing)).status == 200
        client.put(ask.ack(client.until(ask, 486)))
