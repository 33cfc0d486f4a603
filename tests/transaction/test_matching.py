"""Matching requests to server transactions: RFC 3261 section 17.2.3, RFC 2543 peers included."""

from __future__ import annotations

from typing import Any

import pytest
from bench import BUSY, OK, RINGING, TCP, UDP, Bench, Caller, forms, whats

from responder.events import Flow
from responder.sip.message import Request
from responder.sip.parser import parse
from responder.transaction.key import is_legacy, server_key
from responder.uas.script import Reply

LEGACY_VIA = "SIP/2.0/UDP 192.0.2.10:5062"


def key_of(data: bytes, method: str | None = None, transport: str = "UDP") -> Any:
    request = parse(data)
    assert isinstance(request, Request)
    return server_key(request, request.top_via, method or request.method, transport)


class TestKey:
    """The three rules for requests with the magic cookie, and two of our own.

    Many clients that are about (and the torture messages of RFC 4475) use one branch for several requests. What differs
    in Call-ID or transport can be no retransmission, whatever its branch.
    """

    def test_branch_sent_by_and_method(self) -> None:
        caller = Caller()
        data = caller.invite()
        assert not is_legacy(key_of(data))
        assert key_of(data) == key_of(data)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"branch=z9hG4bK1x1", b"branch=z9hG4bK1x2"),
            (b"192.0.2.10:5062;branch", b"192.0.2.10:5063;branch"),
            (b"192.0.2.10:5062;branch", b"192.0.2.11:5062;branch"),
            (b"192.0.2.10:5062;branch", b"192.0.2.10;branch"),
            (b"call-1@", b"call-2@"),
        ],
    )
    def test_another_branch_or_sent_by_is_another_transaction(self, old: bytes, new: bytes) -> None:
        data = Caller().invite()
        assert old in data
        assert key_of(data.replace(old, new)) != key_of(data)

    @pytest.mark.parametrize("method", ["CANCEL", "OPTIONS", "BYE", "FOO"])
    def test_another_method_is_another_transaction(self, method: str) -> None:
        data = Caller().invite()
        assert key_of(data, method) != key_of(data)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"sip:bob@127.0.0.1 SIP", b"sip:carol@127.0.0.1 SIP"),
            (b";tag=from1", b";tag=other"),
            (b"CSeq: 1 ", b"CSeq: 2 "),
            (b"Max-Forwards: 70", b"Max-Forwards: 69"),
        ],
    )
    def test_nothing_else_counts(self, old: bytes, new: bytes) -> None:
        data = Caller().invite()
        assert old in data
        assert key_of(data.replace(old, new)) == key_of(data)

    def test_another_transport_is_another_transaction(self) -> None:
        data = Caller().invite()
        assert key_of(data, transport="TCP") != key_of(data)

    def test_only_the_topmost_via_counts(self) -> None:
        data = Caller().invite(put={"Via": "SIP/2.0/UDP p;branch=z9hG4bKtop, SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKlow"})
        assert key_of(data) == key_of(data.replace(b"z9hG4bKlow", b"z9hG4bKelse"))
        assert key_of(data) != key_of(data.replace(b"z9hG4bKtop", b"z9hG4bKelse"))

    @pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=abcdef", ";branch=Z9HG4B", ";branch=xz9hG4bK1"])
    def test_without_the_cookie_the_rules_for_rfc_2543_hold(self, branch: str) -> None:
        assert is_legacy(key_of(Caller().invite(put={"Via": LEGACY_VIA + branch})))


class TestWithCookie:
    """On the wire."""

    def test_same_branch_from_another_sent_by_is_a_new_request(self) -> None:
        bench = Bench(RINGING, "stay")
        one, two = Caller(1), Caller(2, via="SIP/2.0/UDP other.example.com:5062")
        bench.receive(one.invite(branch="z9hG4bKsame"))
        assert whats(bench.receive(two.invite(branch="z9hG4bKsame"))) == ["180"]
        assert bench.seen == [("start", "INVITE"), ("start", "INVITE")]

    @pytest.mark.parametrize(
        ("old", "new"), [(b"call-1@", b"call-2@"), (b"sip:bob@127.0.0.1 SIP", b"sip:carol@127.0.0.1 SIP")]
    )
    def test_same_branch_with_another_call_id_or_request_uri_is_a_new_request(self, old: bytes, new: bytes) -> None:
        # RFC 4475: cparam01 and cparam02 share a branch; RFC 5118: ipv6-good, port-ambiguous and port-unambiguous do
        bench, data = Bench(), Caller().request("OPTIONS")
        bench.receive(data)
        (sent,) = bench.receive(data.replace(old, new))
        assert sent.status in (200, 482)
        assert sent["Call-ID"] == ("call-2@192.0.2.10" if old == b"call-1@" else "call-1@192.0.2.10")
        bench.drain()

    def test_same_bytes_on_another_transport_or_connection_are_answered_there(self) -> None:
        # 18.2.2: "the response MUST be sent using the existing connection to the source of the original request"
        bench, data = Bench(), Caller().request("OPTIONS")
        for flow in (UDP, TCP, Flow("TCP", TCP.local, TCP.remote, 8)):
            (sent,) = bench.receive(data, flow)
            assert (sent.flow.transport, sent.flow.connection) == (flow.transport, flow.connection)
        bench.drain()

    def test_ack_of_a_refusal_with_the_uri_of_a_repeated_branch(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        refusal = bench.receive(caller.invite())[0]
        bench.receive(caller.ack_refusal(refusal, uri="sip:else@127.0.0.1"))
        assert bench.run(10.0) == [], "the Request-URI is no part of the rules of 17.2.3"

    def test_same_branch_with_another_method_is_a_new_request(self) -> None:
        bench = Bench(RINGING, "stay")
        bench.receive(Caller(1).invite(branch="z9hG4bKsame"))
        assert whats(bench.receive(Caller(2).request("OPTIONS", branch="z9hG4bKsame"))) == ["200"]

    def test_ack_matches_the_invite(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[0]))
        assert bench.run(10.0) == []

    def test_ack_with_another_branch_does_not(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        refusal = bench.receive(caller.invite())[0]
        bench.receive(caller.ack_refusal(refusal).replace(b"z9hG4bK1x1", b"z9hG4bK1x7"))
        assert whats(bench.run(0.6)) == ["486"]

    def test_ack_with_another_sent_by_does_not(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        refusal = bench.receive(caller.invite())[0]
        bench.receive(caller.ack_refusal(refusal).replace(b"192.0.2.10:5062;branch", b"192.0.2.10:5063;branch"))
        assert whats(bench.run(0.6)) == ["486"]

    def test_ack_is_matched_whatever_its_to_tag(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        refusal = bench.receive(caller.invite())[0]
        bench.receive(caller.ack_refusal(refusal).replace(b";tag=" + str(refusal.message.to_tag).encode(), b""))
        assert bench.run(10.0) == []

    @pytest.mark.parametrize("form", [name for name, _ in forms(Caller().invite())])
    def test_a_retransmission_in_any_spelling(self, form: str) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        data = caller.invite()
        bench.receive(data)
        assert whats(bench.receive(dict(forms(data))[form])) == ["180"]
        assert bench.seen == [("start", "INVITE")]

    def test_a_retransmission_from_another_source_port(self) -> None:
        # the source address is no part of the key
        bench, data = Bench(RINGING, "stay"), Caller().invite()
        bench.receive(data)
        again = bench.receive(data, Flow("UDP", UDP.local, ("192.0.2.10", 9999)))
        assert whats(again) == ["180"]
        assert bench.seen == [("start", "INVITE")]

    def test_many_calls_keep_apart(self) -> None:
        bench = Bench(RINGING, "stay")
        callers = [Caller(number) for number in range(100)]
        invites = [caller.invite() for caller in callers]
        for data in invites:
            bench.receive(data)
        for data, caller in zip(invites, callers, strict=True):
            (again,) = bench.receive(data)
            assert again["Call-ID"] == caller.call_id


class TestLegacy:
    """Without branch or without cookie: Request-URI, To tag, From tag, Call-ID, CSeq and top Via."""

    @pytest.fixture(params=[LEGACY_VIA, LEGACY_VIA + ";branch=1", LEGACY_VIA + ";maddr=192.0.2.10"])
    def via(self, request: pytest.FixtureRequest) -> dict[str, str | None]:
        return {"Via": str(request.param)}

    def test_a_retransmission(self, via: dict[str, str | None]) -> None:
        bench, data = Bench(RINGING, "stay"), Caller().invite(put=via)
        bench.receive(data)
        assert whats(bench.receive(data)) == ["180"]
        assert bench.seen == [("start", "INVITE")]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"sip:bob@127.0.0.1 SIP", b"sip:carol@127.0.0.1 SIP"),
            (b";tag=from1", b";tag=other"),
            (b"call-1@", b"call-2@"),
            (b"CSeq: 1 ", b"CSeq: 2 "),
            (b"192.0.2.10:5062\r\n", b"192.0.2.10:5063\r\n"),
        ],
    )
    def test_each_of_them_counts(self, old: bytes, new: bytes) -> None:
        bench = Bench(RINGING, "stay", unchecked=["merged"])
        data = Caller().invite(put={"Via": LEGACY_VIA})
        assert old in data
        bench.receive(data)
        bench.receive(data.replace(old, new))
        assert [kind for kind, _ in bench.seen].count("start") + [kind for kind, _ in bench.seen].count("request") == 2

    def test_ack_of_a_refusal(self, via: dict[str, str | None]) -> None:
        bench, caller = Bench(BUSY), Caller()
        refusal = bench.receive(caller.invite(put=via))[0]
        bench.receive(caller.ack_refusal(refusal, put=via))
        assert bench.run(40.0) == []
        assert [event.outcome for event in bench.ended] == ["completed"]

    def test_ack_with_another_to_tag_does_not_match(self) -> None:
        # "the To tag of the ACK matches the To tag of the response sent by the server transaction"
        bench, caller, via = Bench(BUSY), Caller(), {"Via": LEGACY_VIA}
        refusal = bench.receive(caller.invite(put=via))[0]
        tag = str(refusal.message.to_tag).encode()
        bench.receive(caller.ack_refusal(refusal, put=via).replace(tag, b"other"))
        assert whats(bench.run(0.6)) == ["486"]

    def test_ack_of_a_refusal_under_a_tag_of_the_script(self) -> None:
        bench, caller, via = Bench(Reply(486, to_tag="mine")), Caller(), {"Via": LEGACY_VIA}
        refusal = bench.receive(caller.invite(put=via))[0]
        assert refusal.message.to_tag == "mine"
        bench.receive(caller.ack_refusal(refusal, put=via))
        assert bench.run(40.0) == []

    def test_ack_of_a_2xx(self) -> None:
        bench, caller, via = Bench(OK, "ack", "stay"), Caller(), {"Via": LEGACY_VIA}
        caller.heard(bench.receive(caller.invite(put=via))[0])
        bench.receive(caller.ack(put=via))
        assert ("ack", 1) in bench.seen
        assert bench.run(10.0) == []

    def test_ack_of_a_refused_reinvite(self) -> None:
        # the To tag of the response is that of the request there
        bench, caller, via = Bench(OK, "stay", later={"INVITE": [BUSY]}), Caller(), {"Via": LEGACY_VIA}
        caller.heard(bench.receive(caller.invite(put=via))[0])
        bench.receive(caller.ack(put=via))
        refusal = bench.receive(caller.invite(put=via))[0]
        bench.receive(caller.ack_refusal(refusal, put=via))
        assert bench.run(40.0) == []

    def test_cancel(self, via: dict[str, str | None]) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite(put=via))
        assert whats(bench.receive(caller.cancel(put=via))) == ["200", "487"]

    def test_a_whole_call(self, via: dict[str, str | None]) -> None:
        bench, caller = Bench(), Caller()
        sent = bench.receive(caller.invite(put=via))
        caller.heard(sent[-1])
        bench.receive(caller.ack(put=via))
        assert whats(bench.receive(caller.bye(put=via))) == ["200"]
        assert [event.outcome for event in bench.ended] == ["completed"]

    def test_a_non_invite_retransmission(self, via: dict[str, str | None]) -> None:
        bench, data = Bench(), Caller().request("OPTIONS", put=via)
        first, again = bench.receive(data), bench.receive(data)
        assert [one.data for one in first] == [one.data for one in again]
        assert bench.seen.count(("start", "OPTIONS")) == 1

    def test_a_reinvite_is_not_taken_for_the_invite(self, via: dict[str, str | None]) -> None:
        bench, caller = Bench(OK, "stay", later={"INVITE": [OK]}), Caller()
        caller.heard(bench.receive(caller.invite(put=via))[0])
        bench.receive(caller.ack(put=via))
        assert whats(bench.receive(caller.invite(put=via))) == ["200"]
        assert ("request", "INVITE") in bench.seen

    def test_nothing_is_left_over(self, via: dict[str, str | None]) -> None:
        for flow in (UDP, TCP):
            bench, caller = Bench(BUSY), Caller(flow=flow)
            bench.receive(caller.invite(put=via), flow)
            bench.drain()
