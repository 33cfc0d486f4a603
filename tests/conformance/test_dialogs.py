"""Dialogs on the wire (RFC 3261 sections 12 to 15, RFC 3264, RFC 3311)."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from .judge import complaints, held
from .serving import Serving
from .session import OFFER, answer_faults, read
from .test_codes import NEEDED
from .wire import Dialog, Endpoint, Message, Udp, endpoint, tag_of

BOTH = pytest.mark.parametrize("transport", ["UDP", "TCP"])
ROUTES = [("Record-Route", "<sip:p2.client.invalid;lr>, <sip:p1.client.invalid;lr;x=1>")]


def called(
    client: Endpoint, user: str = "200", *, body: bytes = OFFER, more: list[tuple[str, str]] | None = None
) -> Dialog:
    """A call that is up."""
    ask = client.ask("INVITE", user, body=body, more=more or [])
    response = client.final(ask)
    assert response.status == 200, response
    dialog = Dialog.of(client, ask, response)
    client.put(dialog.request("ACK"))
    return dialog


@BOTH
class TestInDialog:
    """RFC 3261 section 12.2.2"""

    def test_bye_ends_it(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            dialog = called(client)
            bye = dialog.request("BYE")
            assert not complaints(bye, client.final(bye), client, 200, "OK")
            again = dialog.request("BYE")
            assert not complaints(again, client.final(again), client, 481)

    @pytest.mark.parametrize("method", ["OPTIONS", "INFO", "UPDATE", "MESSAGE", "REFER", "NOTIFY"])
    def test_other_requests(self, plain: Serving, transport: str, method: str) -> None:
        with endpoint(transport, plain.address) as client:
            dialog = called(client)
            body = OFFER if method == "UPDATE" else b""
            ask = dialog.request(method, more=[n for n in NEEDED.get(method, []) if n[0] != "Info-Package"], body=body)
            response = client.final(ask)
            if method == "NOTIFY":  # no subscription of ours
                assert response.status in (200, 481, 489)
            else:
                assert not complaints(ask, response, client, 200, "OK")
            if method == "REFER":
                notify = client.request("NOTIFY")
                assert tag_of(notify.one("From")) == tag_of(dialog.remote)
                client.answer(notify, 200, "OK")
                client.answer(client.request("NOTIFY"), 200, "OK")
            assert client.final(dialog.request("BYE")).status == 200

    @pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "INVITE", "OPTIONS", "MESSAGE", "NOTIFY", "REFER"])
    def test_unknown_dialog(self, plain: Serving, transport: str, method: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask(method, "bob", to="<sip:bob@127.0.0.1>;tag=gone", more=NEEDED.get(method, []))
            assert not complaints(ask, client.final(ask), client, 481, "Call/Transaction Does Not Exist")

    @pytest.mark.parametrize("what", ["from", "to", "call-id"])
    def test_each_part_of_the_id_counts(self, plain: Serving, transport: str, what: str) -> None:
        with endpoint(transport, plain.address) as client:
            dialog = called(client)
            ask = dialog.request("INFO")
            if what == "from":
                ask.from_ = re.sub(r"tag=.*", "tag=other", ask.from_)
            elif what == "to":
                ask.to = re.sub(r"tag=.*", "tag=other", ask.to)
            else:
                ask.call_id += "x"
            assert client.final(ask).status == 481
            assert client.final(dialog.request("BYE")).status == 200

    def test_from_and_to_may_be_written_otherwise(self, plain: Serving, transport: str) -> None:
        """Section 12.2.2: tags and Call-ID decide."""
        with endpoint(transport, plain.address) as client:
            dialog = called(client)
            ask = dialog.request("BYE")
            ask.from_ = f"<sip:other@elsewhere.invalid>;tag={tag_of(ask.from_)}"
            ask.to = f'"Else" <sips:x@y.invalid>;tag={tag_of(ask.to)}'
            assert client.final(ask).status == 200

    def test_lower_cseq(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            dialog = called(client)
            assert client.final(dialog.request("INFO", cseq=10)).status == 200
            ask = dialog.request("INFO", cseq=9)
            assert not complaints(ask, client.final(ask), client, 500)
            assert client.final(dialog.request("INFO", cseq=1000)).status == 200
            assert client.final(dialog.request("BYE", cseq=1001)).status == 200

    def test_unknown_method_and_extension(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            dialog = called(client)
            assert client.final(dialog.request("INFO", more=[("Require", "foo")])).one("Unsupported") == "foo"
            assert client.final(dialog.request("FOO")).status in (405, 501)
            assert client.final(dialog.request("BYE")).status == 200


@BOTH
class TestReinvite:
    """RFC 3261 section 14"""

    def test_hold_and_back(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask("INVITE", "200", body=OFFER)
            first = client.final(ask)
            dialog = Dialog.of(client, ask, first)
            client.put(dialog.request("ACK"))
            origins = [first.body.split(b"\r\n")[1].split()]
            for direction, expected in (
                (b"sendonly", "recvonly"),
                (b"inactive", "inactive"),
                (b"sendrecv", "sendrecv"),
            ):
                reinvite = dialog.request("INVITE", body=OFFER.replace(b"sendrecv", direction))
                response = client.final(reinvite)
                assert not complaints(reinvite, response, client, 200, "OK")
                assert [stream.direction for stream in read(response.body)] == [expected]
                origins.append(response.body.split(b"\r\n")[1].split())
                client.put(dialog.request("ACK"))
            assert len({origin[1] for origin in origins}) == 1, "RFC 3264 section 8: the session id stays"
            versions = [int(origin[2]) for origin in origins]
            assert all(later - earlier in (0, 1) for earlier, later in pairwise(versions))
            assert versions[-1] > versions[0]
            assert client.final(dialog.request("BYE")).status == 200

    def test_without_an_offer(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            dialog = called(client)
            reinvite = dialog.request("INVITE")
            assert not complaints(reinvite, client.final(reinvite), client, 200)
            client.put(dialog.request("ACK", body=OFFER))
            assert client.final(dialog.request("BYE")).status == 200

    def test_unacceptable_offer_leaves_the_call_alone(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            dialog = called(client)
            bad = (
                b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 97\r\n"
            )
            bad += b"a=rtpmap:97 NOBODYS/44100\r\n"
            reinvite = dialog.request("INVITE", body=bad)
            assert not complaints(reinvite, client.final(reinvite), client, 488)
            assert client.final(dialog.request("BYE")).status == 200

    def test_second_one_while_the_first_is_open(self, plain: Serving, transport: str) -> None:
        """Section 14.2: 500 with a Retry-After of 0 to 10 seconds"""
        with endpoint(transport, plain.address) as client:
            ask = client.put(client.ask("INVITE", "180", body=OFFER))
            ringing = client.until(ask, 180)
            dialog = Dialog.of(client, ask, ringing)
            second = client.put(dialog.request("INVITE", body=OFFER))
            response = client.until(second, 500)
            assert 0 <= int(response.one("Retry-After").split()[0]) <= 10
            client.put(second.ack(response))
            client.put(ask.cancel())
            client.put(ask.ack(client.until(ask, 487)))


@BOTH
def test_bye_in_an_early_dialog(plain: Serving, transport: str) -> None:
    """RFC 3261 section 15.1.2: the INVITE gets 487"""
    with endpoint(transport, plain.address) as client:
        ask = client.put(client.ask("INVITE", "180", body=OFFER))
        dialog = Dialog.of(client, ask, client.until(ask, 180))
        bye = client.put(dialog.request("BYE"))
        found: dict[str, Message] = {}
        while len(found) < 2:
            message = client.receive()
            assert message is not None
            found[message.one("CSeq").split()[1]] = message
        assert found["BYE"].status == 200
        assert found["INVITE"].status == 487
        client.put(ask.ack(found["INVITE"]))
        assert not complaints(bye, found["BYE"], client)


@BOTH
def test_offer_in_the_answer_and_answer_in_the_ack(plain: Serving, transport: str) -> None:
    """RFC 3261 section 13.2.1"""
    with endpoint(transport, plain.address) as client:
        ask = client.ask("INVITE", "200")
        response = client.final(ask)
        assert not complaints(ask, response, client, 200)
        for stream in read(response.body):
            assert held(client.server[0], stream.port), "the media port is one that is really bound"
        dialog = Dialog.of(client, ask, response)
        client.put(dialog.request("ACK", body=OFFER))
        assert client.final(dialog.request("BYE")).status == 200


def streams(*lines: str) -> bytes:
    head = ["v=0", "o=- 7 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
    return "".join(line + "\r\n" for line in [*head, *lines]).encode()


OFFERS = {
    "static types only": streams("m=audio 4000 RTP/AVP 0 8 18"),
    "other dynamic numbers": streams(
        "m=audio 4000 RTP/AVP 100 96 8", "a=rtpmap:100 opus/48000/2", "a=rtpmap:96 telephone-event/8000"
    ),
    "no preference of ours": streams("m=audio 4000 RTP/AVP 9 8 0"),
    "video too": streams("m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 97", "a=rtpmap:97 H264/90000"),
    "video first": streams("m=video 4002 RTP/AVP 97", "a=rtpmap:97 H264/90000", "m=audio 4000 RTP/AVP 0"),
    "a stream that is off": streams("m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/AVP 8"),
    "fax": streams("m=audio 4000 RTP/AVP 0", "m=image 4004 udptl t38"),
    "sendonly": streams("m=audio 4000 RTP/AVP 0", "a=sendonly"),
    "recvonly for all": streams("a=recvonly", "m=audio 4000 RTP/AVP 0"),
    "inactive": streams("m=audio 4000 RTP/AVP 0", "a=inactive"),
    "old hold": streams("m=audio 4000 RTP/AVP 0").replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 0.0.0.0"),
    "IPv6": streams("m=audio 4000 RTP/AVP 0").replace(b"IP4 127.0.0.1", b"IP6 ::1"),
    "connection a stream": streams("m=audio 4000 RTP/AVP 0", "c=IN IP4 127.0.0.2"),
    "two audios": streams("m=audio 4000 RTP/AVP 0", "m=audio 4010 RTP/AVP 8"),
    "much else": streams(
        "a=group:BUNDLE 0", "a=ice-lite", "m=audio 4000/2 RTP/AVP 0 101", "i=title", "b=AS:64",
        "a=rtpmap:0 PCMU/8000/1",
        "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:30", "a=mid:0", "a=rtcp-mux", "a=rtcp:4001",
        "a=candidate:1 1 UDP 1 127.0.0.1 4000 typ host", "a=x-mine",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OFFERS)
def test_answers(plain: Serving, name: str) -> None:
    """RFC 3264 section 6"""
    with Udp(plain.address) as client:
        ask = client.ask("INVITE", "200", body=OFFERS[name])
        response = client.final(ask)
        assert not complaints(ask, response, client, 200)
        for stream in read(response.body):
            if stream.port:
                assert held("127.0.0.1", stream.port)
            assert bool(stream.port) == (stream.media == "audio") or name == "a stream that is off"
        dialog = Dialog.of(client, ask, response)
        client.put(dialog.request("ACK"))
        update = dialog.request("UPDATE", body=OFFERS[name].replace(b"o=- 7 1", b"o=- 7 2"))
        answered = client.final(update)
        assert not answer_faults(update.body, answered)
        assert client.final(dialog.request("BYE")).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (streams("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 NOBODYS/8000"), 488),
        (streams("m=video 4000 RTP/AVP 31"), 488),
        (streams("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), 488),
        (b"this is no session description\r\n", 400),
    ],
)
def test_offers_that_are_refused(plain: Serving, body: bytes, status: int) -> None:
    """RFC 3261 section 13.3.1.3: 488 SHOULD have a Warning"""
    with Udp(plain.address) as client:
        ask = client.ask("INVITE", "bob", body=body)
        assert not complaints(ask, client.final(ask), client, status)


@BOTH
def test_route_set_and_target_of_requests_from_the_server(transport: str, tmp_path: Path) -> None:
    """RFC 3261 section 12.2.1.1"""
    flow = tmp_path / "bye.yaml"
    flow.write_text("steps:\n  - 180\n  - 200\n  - expect: ACK\n  - 100ms\n  - send: BYE\n    expect: 200\n")
    with Serving("--t1", "50ms", str(flow)) as serving, endpoint(transport, serving.address) as client:
        parameter = ";transport=tcp" if transport == "TCP" else ""
        routes = [f"<sip:{client.hostport}{parameter};lr>", "<sip:p1.client.invalid;lr;x=1>"]
        ask = client.ask("INVITE", "bob", body=OFFER, more=[("Record-Route", ", ".join(routes))])
        ask.contact = "<sip:alice@a-phone.client.invalid;x=y>"
        response = client.final(ask)
        assert response.list("Record-Route") == routes
        dialog = Dialog.of(client, ask, response)
        client.put(dialog.request("ACK"))
        bye = client.request("BYE")
        assert bye.uri == "sip:alice@a-phone.client.invalid;x=y"
        assert bye.list("Route") == routes, "section 12.1.1: a UAS keeps the order"
        assert bye.one("From") == response.one("To")
        assert bye.one("To") == ask.from_
        assert bye.one("Via").startswith(f"SIP/2.0/{transport} 127.0.0.1:{serving.port};")
        if transport == "UDP":
            assert str(client.request("BYE")) == str(bye)  # Timer E
        client.answer(bye, 200, "OK")
        assert serving.wait_for("call")[0]["outcome"] == "completed"


def test_target_refresh(tmp_path: Path) -> None:
    """RFC 3261 section 12.2.2: a re-INVITE changes the remote target, and the CSeq numbers of the two sides differ."""
    flow = tmp_path / "refresh.yaml"
    flow.write_text("steps:\n  - 200\n  - expect: ACK\n  - expect: INVITE\n  - 200\n  - expect: ACK\n  - hangup\n")
    with Serving(str(flow)) as serving, Udp(serving.address) as client, Udp(serving.address) as moved:
        dialog = called(client, "bob")
        ask = dialog.request("INVITE", body=OFFER)
        ask.contact = moved.contact
        assert client.final(ask).status == 200
        client.put(dialog.request("ACK"))
        bye = moved.request("BYE")
        assert bye.uri == moved.contact.strip("<>")
        moved.answer(bye, 200, "OK")
        assert serving.wait_for("call")[0]["outcome"] == "completed"


def test_refused_bye_and_silent_peer_end_the_call(tmp_path: Path) -> None:
    """RFC 3261 section 15.1.1: 481, 408 or no answer at all"""
    flow = tmp_path / "bye.yaml"
    flow.write_text("steps:\n  - 200\n  - expect: ACK\n  - hangup\n")
    with Serving("--t1", "5ms", "--t2", "20ms", str(flow)) as serving, Udp(serving.address) as client:
        called(client, "bob")
        client.answer(client.request("BYE"), 481, "Nothing Here")
        called(client, "bob")
        client.request("BYE")
        assert len(serving.wait_for("call", 2, seconds=3)) == 2


@BOTH
def test_two_calls_of_one_client_do_not_mix(plain: Serving, transport: str) -> None:
    with endpoint(transport, plain.address) as client:
        one, two = called(client), called(client)
        assert tag_of(one.remote) != tag_of(two.remote)
        mixed = replace(one.request("INFO"), to=two.remote)
        assert client.final(mixed).status == 481
        assert client.final(two.request("BYE")).status == 200
        assert client.final(one.request("INFO")).status == 200
        assert client.final(one.request("BYE")).status == 200
