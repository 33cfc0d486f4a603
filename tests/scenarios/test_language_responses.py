"""`respond` and its options, on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from .client import Client
from .wire import Message
from .world import DOUBLING_TIMES, RESPONSE_TIMES, UDP, World


def called(source: str, **more: Any) -> Client:
    """A client that has gone through the flow."""
    world = World(source)
    client = Client(world, **more).begin()
    world.finish()
    return client


def last(source: str, **more: Any) -> Message:
    """The final response to its INVITE."""
    client = called(source, **more)
    return [entry.message for entry in client.trace if entry.message.is_response][-1]


REQUEST = (
    b"INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    b"From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@127.0.0.1>\r\nCall-ID: damaged\r\nCSeq: 1 INVITE\r\n"
    b"Contact: <sip:alice@192.0.2.10:5062>\r\nContent-Length: 0\r\n\r\n"
)


def bytes_for(source: str, request: bytes = REQUEST) -> list[bytes]:
    """What leaves the engine for one request, unread."""
    world = World(source)
    world.engine.receive(request, UDP, 0.0)
    out = [data for data, _ in world.engine.transmits()]
    for event in world.engine.events():
        assert "internal error" not in getattr(event, "text", "")
    return out


class TestReason:
    @pytest.mark.parametrize(
        ("written", "reason"),
        [
            ('""', ""),
            ("On a call", "On a call"),
            ('"${request.method} refused"', "INVITE refused"),
            ("später ✓ vielleicht", "später ✓ vielleicht"),
            ("'  '", "  "),
        ],
    )
    def test_it_stands_in_the_status_line(self, written: str, reason: str) -> None:
        assert last(f"steps: [{{respond: 486, reason: {written}}}]").start == f"SIP/2.0 486 {reason}"


class TestHeaders:
    def test_they_replace(self) -> None:
        answer = last("steps: [{respond: 486, headers: {Server: Acme, X-New: '1'}}]")
        assert (answer.every("server"), answer.every("x-new")) == (["Acme"], ["1"])

    def test_several_of_a_name(self) -> None:
        answer = last("steps: [{respond: 302, headers: {Contact: ['<sip:a@x>', '<sip:b@x>']}}]")
        assert answer.every("contact") == ["<sip:a@x>", "<sip:b@x>"]

    def test_by_the_compact_name(self) -> None:
        answer = last("steps: [{respond: 302, headers: {m: '<sip:a@x>'}}]")
        assert answer.every("contact") == ["<sip:a@x>"]

    def test_they_are_added(self) -> None:
        answer = last("steps: [{respond: 486, add: {Server: Acme, Warning: ['399 x \"1\"', '399 x \"2\"']}}]")
        assert answer.every("server")[-1] == "Acme"
        assert answer.every("warning") == ['399 x "1"', '399 x "2"']

    def test_added_beside_what_is_there(self) -> None:
        answer = last("steps: [{respond: 405, add: {Allow: TELEPORT}}]")
        assert len(answer.every("allow")) == 2

    def test_removed(self) -> None:
        answer = last("steps: [{respond: 405, remove: [Allow, server]}]", strict=False)
        assert (answer["allow"], answer["server"]) == (None, None)

    @pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq", "Content-Length", "v", "i"])
    def test_even_what_every_response_has(self, name: str) -> None:
        (data,) = bytes_for(f"steps: [{{respond: 486, remove: [{name}]}}]")
        long = {"v": "Via", "i": "Call-ID"}.get(name, name)
        assert f"\r\n{long}:".encode() not in data
        others = {"Via", "From", "To", "Call-ID", "CSeq", "Content-Length"} - {long}
        for other in others:
            assert f"\r\n{other}: ".encode() in data
        assert data.endswith(b"\r\n\r\n")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Via", "SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKother"),
            ("Call-ID", "another"),
            ("CSeq", "99 INVITE"),
            ("From", "<sip:eve@example.com>;tag=9"),
            ("To", "<sip:eve@example.com>;tag=9"),
            ("Content-Length", "77"),
        ],
    )
    def test_wrong_on_purpose(self, name: str, value: str) -> None:
        (data,) = bytes_for(f"steps: [{{respond: 486, headers: {{{name}: '{value}'}}}}]")
        assert data.count(f"\r\n{name}: ".encode()) == 1
        assert f"\r\n{name}: {value}\r\n".encode() in data

    def test_of_the_whole_rule(self) -> None:
        client = called("headers: {Server: Acme, X-Run: '7'}\nremove: [Allow]\nsteps: [100, 180, 1s, 200]")
        for what in ("180", "200"):
            assert (client.the(what)["server"], client.the(what)["x-run"]) == ("Acme", "7")
            assert client.the(what)["allow"] is None

    def test_a_step_goes_before_its_rule(self) -> None:
        source = (
            "headers: {X-Run: '7'}\nsteps: [{respond: 180, headers: {X-Run: '8'}}, {respond: 486, remove: [X-Run]}]"
        )
        client = called(source)
        assert client.the("180").every("x-run") == ["8"]
        assert client.the("486").every("x-run") == []


class TestBare:
    def test_nothing_from_the_registry(self) -> None:
        answer = last("steps: [{respond: 486, bare: true}]")
        assert [name for name, _ in answer.fields] == ["Via", "From", "To", "Call-ID", "CSeq", "Content-Length"]

    def test_with_what_is_written(self) -> None:
        answer = last("steps: [{respond: 486, bare: true, headers: {Retry-After: 5}, body: Sorry}]")
        assert answer["retry-after"] == "5"
        assert answer.body == b"Sorry"
        assert answer["content-type"] == "text/plain"

    def test_a_200_that_lacks_its_contact(self) -> None:
        source = "steps: [{respond: 200, bare: true, expect_broken: true}]"
        client = called(source, strict=False)
        assert client.the("200")["contact"] is None
        assert client.the("200").to_tag
        assert client.story() == "<INVITE 200 <ACK 0.75s <BYE 200/BYE"


class TestBodies:
    @pytest.mark.parametrize(
        ("options", "content_type", "body"),
        [
            ("body: Sorry", "text/plain", "Sorry"),
            ("body: Grüße, content_type: text/plain;charset=utf-8", "text/plain;charset=utf-8", "Grüße"),
            ("body: '<p>${request.uri.user}</p>', content_type: text/html", "text/html", "<p>bob</p>"),
            ('sdp: "v=0\\ns=-\\n"', "application/sdp", "v=0\r\ns=-\r\n"),
        ],
    )
    def test_they_are_measured(self, options: str, content_type: str, body: str) -> None:
        answer = last(f"steps: [{{respond: 486, {options}}}]")
        assert answer["content-type"] == content_type
        assert answer.body == body.encode()
        assert answer.the("content-length") == str(len(body.encode()))

    def test_no_answer_to_the_offer(self) -> None:
        client = called("steps: [{respond: 200, sdp: false}]")
        assert (client.the("200").body, client.the("200")["content-type"]) == (b"", None)

    def test_the_answer_in_a_provisional_response(self) -> None:
        client = called("steps: [{respond: 180, sdp: true}, 1s, 200]")
        assert client.the("180").body == client.the("200").body != b""

    def test_an_offer_where_the_client_made_none(self) -> None:
        client = called("steps: [180, 200]", body=b"")
        assert any(line.startswith("m=audio") for line in client.the("200").sdp)


class TestTags:
    def test_the_authors_tag_makes_the_dialog(self) -> None:
        client = called("steps: [{respond: 180, to_tag: mine}, {respond: 200, to_tag: mine}]")
        assert client.the("200").to_tag == "mine"
        assert client.story() == "<INVITE 180 200 <ACK 0.75s <BYE 200/BYE"
        assert client.ended.outcome == "completed"

    def test_another_tag_in_each_is_a_fork(self) -> None:
        client = called(
            "steps: [{respond: 180, to_tag: left}, {respond: 183, to_tag: right}, {respond: 200, to_tag: right}]"
        )
        assert list(client.dialogs) == ["left", "right"]
        assert client.ended.outcome == "completed"

    def test_no_tag_in_a_refusal(self) -> None:
        client = called("steps: [{respond: 486, to_tag: false}]", strict=False)
        assert client.the("486").to_tag is None
        assert client.ended.outcome == "completed"

    def test_a_tag_made_of_names(self) -> None:
        client = called("steps: [{respond: 486, to_tag: 'x-${request.from.tag}'}]")
        assert client.the("486").to_tag == "x-from1"


class TestContact:
    def test_none(self) -> None:
        assert called("steps: [{respond: 180, contact: false}, 486]").the("180")["contact"] is None

    def test_another(self) -> None:
        """12.1.2: it is where the client sends ACK and BYE to."""
        client = called("steps: [{respond: 200, contact: '<sip:here@127.0.0.1:5060;x=1>'}]")
        assert client.the("<BYE").uri == client.the("<ACK").uri == "sip:here@127.0.0.1:5060;x=1"
        assert client.ended.outcome == "completed"


class TestRaw:
    def test_lines_end_in_crlf(self) -> None:
        (data,) = bytes_for("steps:\n  - respond: 486\n    raw: |\n      SIP/2.0 486 No\n      X: y\n")
        assert data == b"SIP/2.0 486 No\r\nX: y\r\n\r\n"

    def test_exactly_as_written(self) -> None:
        (data,) = bytes_for('steps:\n  - respond: 486\n    raw: "SIP/2.0 486 No\\r\\nX:\\0y\\n\\r\\n"\n')
        assert data == b"SIP/2.0 486 No\r\nX:\0y\n\r\n"

    def test_no_sip_at_all(self) -> None:
        assert bytes_for("steps: [{respond: 486, raw: 'HTTP/1.1 200 OK'}]") == [b"HTTP/1.1 200 OK\r\n\r\n"]

    def test_names_are_taken_as_they_are(self) -> None:
        source = 'steps: [{respond: 486, raw: "SIP/2.0 486 x\\r\\nX: ${request.body}\\r\\n\\r\\n"}]'
        request = REQUEST.replace(
            b"Content-Length: 0\r\n\r\n", b"Content-Type: application/sdp\r\nContent-Length: 6\r\n\r\na\r\nb\r\n"
        )
        assert bytes_for(source, request) == [b"SIP/2.0 486 x\r\nX: a\r\nb\r\n\r\n\r\n"]

    ANSWER = """
steps:
  - 180
  - respond: 200
    raw: |
      SIP/2.0 200 OK
      Via: ${request.header.Via}
      From: ${request.header.From}
      To: ${request.header.To};tag=raw
      Call-ID: ${request.header.Call-ID}
      CSeq: ${request.header.CSeq}
      Contact: <sip:raw@127.0.0.1:5060>
      Content-Length: 0
"""

    def test_an_answer_makes_the_dialog_that_it_says(self) -> None:
        """13.3.1.4: the ACK, which has the tag of the raw 200, ends its retransmission; BYE gets its 200."""
        client = called(self.ANSWER, strict=False)
        assert client.story() == "<INVITE 180 200 <ACK 0.75s <BYE 200/BYE"
        assert client.times("200") == [0.0]
        assert client.ended.outcome == "completed"

    def test_an_answer_without_ack(self) -> None:
        client = called(self.ANSWER, strict=False, acks=False)
        assert client.times("200") == [0.0, *RESPONSE_TIMES]
        assert client.ended.outcome == "no-ack"

    def test_it_answers_a_retransmission(self) -> None:
        client = called(
            'steps: [{respond: 486, raw: "SIP/2.0 486 x\\nVia: ${request.header.Via}\\nCall-ID: '
            "${request.header.Call-ID}\\nCSeq: 1 INVITE\\nFrom: ${request.header.From}\\nTo: "
            '${request.header.To}"}]',
            strict=False,
            copies=3,
        )
        assert client.ended.outcome == "completed"


class TestCompact:
    @pytest.mark.parametrize("options", ["", ", body: Sorry", ", headers: {Retry-After: 5, Subject: x}"])
    def test_what_has_a_compact_name_has_it(self, options: str) -> None:
        answer = last(f"steps: [{{respond: 486, compact: true{options}}}]")
        names = [name for name, _ in answer.fields]
        assert names[:4] == ["v", "f", "t", "i"]
        assert "l" in names
        assert not {"Via", "From", "To", "Call-ID", "Content-Length", "Content-Type", "Subject"} & set(names)


class TestAfter:
    def test_it_waits(self) -> None:
        assert called("steps: [100, {respond: 180, after: 2s}, {respond: 486, after: 500ms}]").story() == (
            "<INVITE 100 2s 180 0.5s 486 <ACK"
        )

    def test_at_random(self) -> None:
        client = called("seed: 3\nsteps: [100, {respond: 486, after: {uniform: [1s, 3s]}}]")
        assert 1.0 <= client.times("486")[0] <= 3.0

    def test_100_comes_by_itself(self) -> None:
        """17.2.1: after 200 ms, when nothing else was sent."""
        assert called("steps: [1s, 486]").story() == "<INVITE 0.2s 100 0.8s 486 <ACK"

    def test_so_it_does_for_other_requests(self) -> None:
        """RFC 4320 section 4.1: not before Timer E would have reached T2."""
        source = "match: {method: MESSAGE}\nsteps: [5s, 200]"
        assert called(source, method="MESSAGE").story() == "<MESSAGE 3.5s 100 1.5s 200"


class TestReliable:
    def test_on_purpose_to_a_client_that_does_not_support_it(self) -> None:
        """RFC 3262 section 3 forbids it, the author wants it: it is done and noted."""
        world = World("steps: [{respond: 180, reliable: true}, 10s, 200]")
        client = Client(world, pracks=False).begin()
        world.run(2.0)
        assert client.the("180")["rseq"] is not None
        assert client.times("180") == [0.0, *DOUBLING_TIMES[:2]]
        assert "deviation" in [kind for kind, _ in world.notes]
        client.habits.pracks = True
        client._prack(client.the("180"))
        world.finish()
        assert client.ended.outcome == "completed"

    def test_not_even_where_it_is_required(self) -> None:
        client = called("steps: [{respond: 180, reliable: false}, 200]", fields=["Require: 100rel"])
        assert client.the("180")["rseq"] is None

    def test_nobody_acknowledges_it(self) -> None:
        """Section 3: after 64*T1 the INVITE is refused with a 5xx."""
        client = called(
            "steps: [{respond: 180, reliable: true}, 100s, 200]", fields=["Supported: 100rel"], pracks=False
        )
        assert client.times("180") == [0.0, *DOUBLING_TIMES]
        assert client.story() == "<INVITE 180 32s 504 <ACK"
        assert client.ended.outcome == "no-prack"

    def test_the_200_waits_for_the_prack_of_a_description(self) -> None:
        source = "steps: [{respond: 183, reliable: true, sdp: true}, 200]"
        world = World(source)
        client = Client(world, fields=["Supported: 100rel"], pracks=False).begin()
        world.run(5.0)
        assert client.story() == "<INVITE 183"
        client._prack(client.the("183"))
        world.finish()
        assert client.story() == "<INVITE 183 5s <PRACK 200/PRACK 200 <ACK 0.75s <BYE 200/BYE"

    def test_a_refusal_does_not(self) -> None:
        source = "steps: [{respond: 183, reliable: true, sdp: true}, 1s, 486]"
        client = called(source, fields=["Supported: 100rel"], pracks=False)
        assert client.story() == "<INVITE 183 1s 486 <ACK"
        assert client.times("183") == [0.0, 0.5]

    def test_the_next_waits_for_the_prack_of_the_one_before(self) -> None:
        reliable = ", ".join(f"{{respond: {status}, reliable: true}}" for status in (180, 183, 182))
        source = f"steps: [{reliable}, 200]"
        client = called(source, fields=["Supported: 100rel"])
        assert client.story() == (
            "<INVITE 180 <PRACK 200/PRACK 183 <PRACK 200/PRACK 182 <PRACK 200/PRACK 200 <ACK 0.75s <BYE 200/BYE"
        )
        numbers = [int(client.the(what).the("rseq")) for what in ("180", "183", "182")]
        assert numbers == list(range(numbers[0], numbers[0] + 3))


class TestCodes:
    """`codes`, for the whole run."""

    SOURCE = """
codes:
  299: {phrase: Quite Fine, headers: {X-Fine: very}}
  486: {headers: {Retry-After: 7}, remove: [Server]}
  555: {like: 503}
steps: [{respond: %s}]
"""

    def test_a_new_one(self) -> None:
        client = called(self.SOURCE % 299)
        assert client.the("299").start == "SIP/2.0 299 Quite Fine"
        assert client.the("299")["x-fine"] == "very"
        assert client.story() == "<INVITE 299 <ACK 0.75s <BYE 200/BYE"

    def test_another_set_of_headers(self) -> None:
        answer = last(self.SOURCE % 486)
        assert (answer["retry-after"], answer["server"]) == ("7", None)

    def test_like_another(self) -> None:
        plain = last("steps: [503]")
        alike = last(self.SOURCE % 555)
        assert {name for name, _ in alike.fields} == {name for name, _ in plain.fields}


class TestTimers:
    def test_of_the_whole_run(self) -> None:
        client = called("timers: {t1: 100ms, t2: 400ms}\nsteps: [486]", acks=False)
        assert client.times("486")[:5] == [0.0, 0.1, 0.3, 0.7, 1.1]
        assert client.ended.time == 6.4


@pytest.mark.parametrize("status", sorted({*range(100, 700, 13), 200, 299, 300, 380, 400, 500, 600, 699}))
def test_every_class_of_codes(status: int) -> None:
    """Any code to an INVITE: provisional ones ring on, 2xx make a call, others are refusals."""
    world = World(f"steps: [{{respond: {status}}}]")
    client = Client(world, strict=status != 204).begin()  # 204 is for SUBSCRIBE and has no Contact
    world.run(2.0)
    if status < 200:
        client.cancel()
        expected = "cancelled"
    else:
        expected = "completed"
    world.finish()
    assert client.ended.outcome == expected
    assert client.ended.path[0] == str(status)
