"""Our requests within a dialog: RFC 3261 sections 12.2.1, 14.1 and 15.1.1, and where they go (8.1.2)."""

from __future__ import annotations

import pytest
from bench import (
    DOUBLING_TIMES,
    LOCAL,
    NEW_OFFER,
    OFFER,
    OK,
    PEER,
    RESPONSE_TIMES,
    RINGING,
    TCP,
    UDP,
    UDP6,
    Bench,
    Caller,
    Sent,
    address,
    reply_to,
    times,
    whats,
)

from responder.events import Flow
from responder.transaction.server import ServerTransaction
from responder.uas.call import Call
from responder.uas.script import Order, Reply

BYE = Order("BYE")


def ours(
    *fields: str,
    order: Order = BYE,
    caller: Caller | None = None,
    flow: Flow = UDP,
    peers: dict[str, object] | None = None,
) -> tuple[Bench, Caller, Sent]:
    """A call in which we send a request after the ACK."""
    bench = Bench(OK, "ack", order, "stay")
    bench.peers.update(peers or {})  # type: ignore[arg-type]
    caller = caller or Caller(flow=flow)
    bench.call(caller, *fields)
    sent = next(one for one in bench.sent if one.what == order.method)
    return bench, caller, sent


class TestRequest:
    """12.2.1.1."""

    def test_ids(self) -> None:
        _, caller, bye = ours(caller=Caller(to='"Bob" <sip:bob@example.com>;x=y'))
        assert bye.message.call_id == caller.call_id
        assert bye["To"] == f"{caller.sender};tag={caller.tag}"
        assert bye["From"] == f"{caller.to};tag={caller.to_tag}"
        assert (address(bye["From"]).tag, address(bye["To"]).tag) == (caller.to_tag, caller.tag)

    def test_no_tag_where_the_peer_has_none(self) -> None:
        # "If the value of the remote or local tags is null, the tag parameter MUST be omitted"
        caller = Caller()
        caller.tag = None
        _, _, bye = ours(caller=caller)
        assert bye["To"] == caller.sender

    def test_cseq_counts_by_one(self) -> None:
        # "strictly monotonically increasing and contiguous ... in each direction"
        bench = Bench(OK, "ack", Order("INFO"), Order("OPTIONS"), Order("INFO"), BYE)
        for method in ("INFO", "OPTIONS", "BYE"):
            bench.peers[method] = 200
        bench.call(Caller())
        cseqs = [one.message.cseq for one in bench.sent if one.what in ("INFO", "OPTIONS", "BYE")]
        assert [cseq.method for cseq in cseqs] == ["INFO", "OPTIONS", "INFO", "BYE"]
        assert [cseq.number - cseqs[0].number for cseq in cseqs] == [0, 1, 2, 3]
        assert 0 < cseqs[0].number < 2**31

    def test_what_every_request_has(self) -> None:
        # 8.1.1
        _, _, bye = ours()
        assert bye["Max-Forwards"] == "70"
        assert len(bye.message.vias) == 1
        via = bye.message.vias[0]
        assert (via.transport, via.sent_by) == ("UDP", "127.0.0.1:5060")
        assert via.branch.startswith("z9hG4bK")
        assert via.has_rport

    def test_every_branch_is_new(self) -> None:
        bench = Bench(OK, "ack", *[Order("INFO")] * 20, "stay")
        bench.call(Caller())
        branches = [one.message.top_via.branch for one in bench.sent if one.what == "INFO"]
        assert len(set(branches)) == 20

    def test_the_request_uri_is_the_remote_target(self) -> None:
        # "If the route set is empty, the UAC MUST place the remote target URI into the Request-URI"
        _, _, bye = ours(caller=Caller(contact='"A, B" <sip:alice@192.0.2.10:5062;ob;x=%41>;expires=60'))
        assert bye.request.uri == "sip:alice@192.0.2.10:5062;ob;x=%41"
        assert bye["Route"] is None

    @pytest.mark.parametrize("contact", ["sip:alice@192.0.2.10:5062", "sip:alice@192.0.2.10:5062;expires=3"])
    def test_a_contact_without_brackets(self, contact: str) -> None:
        _, _, bye = ours(caller=Caller(contact=contact))
        assert bye.request.uri == "sip:alice@192.0.2.10:5062"

    def test_within_an_ipv6_dialog(self) -> None:
        _, _, bye = ours(flow=UDP6)
        assert bye.message.vias[0].sent_by == "[::1]:5060"
        assert bye.flow.remote == UDP6.remote

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE", "SUBSCRIBE", "REFER", "NOTIFY"])
    def test_contact_in_target_refresh_requests(self, method: str) -> None:
        # "A UAC SHOULD include a Contact header field in any target refresh requests within a dialog"
        _, _, sent = ours(order=Order(method, headers=(("Refer-To", "<sip:carol@example.com>"),)))
        assert sent["Contact"] == "<sip:responder@127.0.0.1:5060>"

    @pytest.mark.parametrize("method", ["BYE", "INFO", "MESSAGE", "OPTIONS"])
    def test_no_contact_in_others(self, method: str) -> None:
        _, _, sent = ours(order=Order(method))
        assert sent["Contact"] is None

    def test_a_secure_dialog_has_a_sips_contact(self) -> None:
        # "If the "secure" flag is true, that URI MUST be a SIPS URI"
        flow = Flow("TLS", ("127.0.0.1", 5061), PEER, 3)
        caller = Caller(flow=flow, uri="sips:bob@127.0.0.1", contact="<sips:alice@192.0.2.10:5062>")
        _, _, sent = ours(order=Order("INVITE"), caller=caller)
        assert str(sent["Contact"]).startswith("<sips:")


class TestOrder:
    """What an Order says stands."""

    def test_headers_and_body(self) -> None:
        order = Order(
            "INFO",
            headers=(("X-A", "1"), ("Max-Forwards", "7")),
            added=(("X-B", "2"),),
            removed=frozenset({"via"}),
            body="Signal=1",
            content_type="application/dtmf-relay",
        )
        bench = Bench(OK, "ack", order, "stay")
        caller = Caller()
        caller.heard(bench.receive(caller.invite())[0])
        bench.engine.receive(caller.ack(), UDP, 0.0)
        ((data, _),) = bench.engine.transmits()
        head, _, body = data.decode().partition("\r\n\r\n")
        lines = head.split("\r\n")
        assert {"X-A: 1", "X-B: 2", "Max-Forwards: 7", "Content-Type: application/dtmf-relay"} <= set(lines)
        assert body == "Signal=1"
        assert not [line for line in lines if line.startswith("Via")]

    def test_an_invite_has_an_offer_others_have_none(self) -> None:
        _, _, invite = ours(order=Order("INVITE"))
        assert invite["Content-Type"] == "application/sdp"
        _, _, info = ours(order=Order("INFO"))
        assert info.message.body == b""

    def test_allow_and_supported_in_an_invite(self) -> None:
        _, _, invite = ours(order=Order("INVITE"))
        assert invite["Allow"]
        assert invite["Supported"]

    def test_sdp(self) -> None:
        assert ours(order=Order("INVITE", sdp=False))[2].message.body == b""
        assert ours(order=Order("INVITE", sdp="v=0\r\n"))[2].message.body == b"v=0\r\n"
        assert ours(order=Order("UPDATE", sdp=True))[2].message.body.startswith(b"v=0\r\n")

    def test_bytes_of_the_peer_in_a_body(self) -> None:
        # what is no UTF-8 is kept as surrogate escapes, and is to leave as it came
        class Name:
            def render(self, scope: object) -> str:
                return b"caf\xe9".decode("utf-8", "surrogateescape")

        for order in (Order("INFO", body=Name()), Order("INFO", sdp=Name()), Order("INFO", headers=(("X-A", Name()),))):
            bench = Bench(OK, "ack", order, "stay")
            bench.hostile = True
            bench.call(Caller())
            assert b"caf\xe9" in bench.sent[-1].data

    def test_nothing_is_sent_without_a_target(self) -> None:
        # 12.1.1: the remote target is the URI of the peer's Contact; the From is who it is, not where
        bench, caller = Bench(OK, "ack", BYE), Caller()
        final = bench.receive(caller.invite(contact=False))[-1]
        caller.heard(final)
        bench.receive(caller.ack())
        bench.run(40)
        assert "BYE" not in whats(bench.sent)
        assert any("BYE cannot be sent: the client gave no Contact" in note.text for note in bench.notes)
        assert bench.ended
        assert not bench.leftovers()

    def test_nothing_is_sent_without_a_dialog(self) -> None:
        found = []
        bench = Bench(lambda call, transaction: found.append(call.send(BYE)), "stay")
        assert bench.receive(Caller().invite()) == []
        assert found == [None]


class TestRouteSet:
    """12.1.1: Record-Route in order, all parameters; 12.2.1.1: how it is used."""

    LOOSE = ("<sip:192.0.2.21;lr>", '"P" <sip:p2.example.com:5070;lr;x=y>;z=1', "<sips:p3.example.com;lr=on>")

    @pytest.mark.parametrize("lines", [True, False])
    def test_loose(self, lines: bool) -> None:
        # "the UAC MUST place the remote target URI into the Request-URI and MUST include a Route header field
        # containing the route set values in order, including all parameters"
        fields = [f"Record-Route: {r}" for r in self.LOOSE] if lines else [f"Record-Route: {', '.join(self.LOOSE)}"]
        _, _, bye = ours(*fields)
        assert bye.request.uri == "sip:alice@192.0.2.10:5062"
        assert bye.message.every("route") == list(self.LOOSE)
        assert bye.flow.remote == ("192.0.2.21", 5060)

    def test_strict(self) -> None:
        # the example of 12.2.1.1
        routes = ["<sip:proxy1>", "<sip:proxy2>", "<sip:proxy3;lr>", "<sip:proxy4>"]
        _, _, bye = ours("Record-Route: " + ",".join(routes))
        assert bye.request.uri == "sip:proxy1"
        assert bye.message.every("route") == [*routes[1:], "<sip:alice@192.0.2.10:5062>"]

    def test_strict_alone(self) -> None:
        _, _, bye = ours("Record-Route: <sip:192.0.2.21:5080>")
        assert bye.request.uri == "sip:192.0.2.21:5080"
        assert bye.message.every("route") == ["<sip:alice@192.0.2.10:5062>"]
        assert bye.flow.remote == ("192.0.2.21", 5080)

    def test_strict_without_what_is_not_allowed_in_a_request_uri(self) -> None:
        # "stripping any parameters that are not allowed in a Request-URI" (19.1.1, table 1: method and headers)
        _, _, bye = ours("Record-Route: <sip:192.0.2.21;method=INVITE;transport=udp?Subject=x>")
        assert bye.request.uri == "sip:192.0.2.21;transport=udp"

    @pytest.mark.parametrize("route", ["<sip:192.0.2.21>;lr", "<sip:192.0.2.21;lrx>", "<sip:lr@192.0.2.21>"])
    def test_lr_is_a_parameter_of_the_uri(self, route: str) -> None:
        _, _, bye = ours(f"Record-Route: {route}")
        assert bye.request.uri.startswith("sip:")
        assert "192.0.2.21" in bye.request.uri
        assert bye.message.every("route") == ["<sip:alice@192.0.2.10:5062>"]

    @pytest.mark.parametrize("route", ["<sip:192.0.2.21;lr=true>", "<sip:192.0.2.21;LR>", "<sip:192.0.2.21;a=b;lr;c>"])
    def test_loose_in_other_spellings(self, route: str) -> None:
        _, _, bye = ours(f"Record-Route: {route}")
        assert bye.request.uri == "sip:alice@192.0.2.10:5062"
        assert bye.message.every("route") == [route]

    def test_it_does_not_change_within_the_dialog(self) -> None:
        # 12.2: "the route set ... remains the same", whatever a re-INVITE records
        bench, caller = Bench(OK, 1.0, BYE), Caller()
        bench.call(caller, "Record-Route: <sip:192.0.2.21;lr>")
        bench.receive(caller.invite("Record-Route: <sip:192.0.2.22;lr>"))
        bench.receive(caller.ack())
        (bye,) = bench.run(1.0)
        assert bye.message.every("route") == ["<sip:192.0.2.21;lr>"]

    def test_the_ack_to_our_invite_takes_it_too(self) -> None:
        bench, _, invite = ours(
            "Record-Route: <sip:192.0.2.21;lr>",
            order=Order("INVITE"),
            peers={"INVITE": lambda sent: reply_to(sent, 200, "Contact: <sip:alice@192.0.2.10:5062>", body=OFFER)},
        )
        ack = next(one for one in bench.sent if one.what == "ACK")
        assert ack.message.every("route") == ["<sip:192.0.2.21;lr>"]
        assert ack.request.uri == invite.request.uri


class TestNextHop:
    """12.2.1.1, 8.1.2: the topmost Route or the Request-URI, by RFC 3263 for addresses; never by names."""

    def test_the_address_of_the_target(self) -> None:
        _, _, bye = ours(caller=Caller(contact="<sip:alice@192.0.2.33:7000>"))
        assert (bye.flow.transport, bye.flow.remote, bye.flow.local) == ("UDP", ("192.0.2.33", 7000), LOCAL)

    def test_5060_where_it_has_no_port(self) -> None:
        assert ours(caller=Caller(contact="<sip:alice@192.0.2.33>"))[2].flow.remote == ("192.0.2.33", 5060)

    def test_a_name_means_the_way_that_the_call_came(self) -> None:
        assert ours(caller=Caller(contact="<sip:alice@phone.example.com>"))[2].flow.remote == PEER

    def test_the_topmost_route_comes_first(self) -> None:
        _, _, bye = ours("Record-Route: <sip:192.0.2.21:5071;lr>", "Record-Route: <sip:192.0.2.22;lr>")
        assert bye.flow.remote == ("192.0.2.21", 5071)

    def test_maddr(self) -> None:
        # RFC 3263 section 4: "If the URI contained a maddr parameter, TARGET is the value of maddr"
        assert ours(caller=Caller(contact="<sip:alice@192.0.2.33;maddr=192.0.2.44>"))[2].flow.remote == (
            "192.0.2.44",
            5060,
        )

    def test_another_transport(self) -> None:
        flow = ours(caller=Caller(contact="<sip:alice@192.0.2.33:7000;transport=TCP>"))[2].flow
        assert (flow.transport, flow.remote) == ("TCP", ("192.0.2.33", 7000))

    def test_the_via_says_which(self) -> None:
        _, _, bye = ours(caller=Caller(contact="<sip:alice@192.0.2.33:7000;transport=tcp>"))
        assert bye.message.vias[0].transport == "TCP"

    def test_a_connection_is_used_again(self) -> None:
        _, _, bye = ours(flow=TCP)
        assert (bye.flow.connection, bye.flow.remote) == (TCP.connection, PEER)
        assert bye.message.vias[0].transport == "TCP"

    def test_once_that_is_closed_one_is_opened_to_the_target(self) -> None:
        """Nobody listens where the client connected from; pjsua closes a connection that was idle for 33 s."""
        _, _, bye = ours(caller=Caller(flow=TCP, contact="<sip:alice@192.0.2.33:7000;transport=tcp>"), flow=TCP)
        assert (bye.flow.connection, bye.flow.fallback) == (TCP.connection, ("192.0.2.33", 7000))

    @pytest.mark.parametrize("contact", ["<sip:alice@192.0.2.33:7000>", "<sip:alice@example.com;transport=tcp>"])
    def test_where_the_target_cannot_be_reached_by_another(self, contact: str) -> None:
        _, _, bye = ours(caller=Caller(flow=TCP, contact=contact), flow=TCP)
        assert bye.flow == TCP

    def test_our_contact_on_the_flow(self) -> None:
        _, _, invite = ours(order=Order("INVITE"), flow=TCP)
        assert invite["Contact"] == "<sip:responder@127.0.0.1:5060;transport=tcp>"


class TestBye:
    """15.1.1."""

    @pytest.mark.parametrize("status", [200, 202, 403, 481, 500, 603])
    def test_any_final_response_ends_the_dialog(self, status: int) -> None:
        bench, caller, _ = ours(peers={"BYE": status})
        assert not bench.leftovers().get("dialogs")
        assert whats(bench.receive(caller.request("INFO"))) == ["481"]
        assert ("response", "BYE", status) in bench.seen

    def test_a_provisional_one_does_not(self) -> None:
        bench, caller, _ = ours(peers={"BYE": 100})
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]

    @pytest.mark.parametrize("flow", [UDP, TCP], ids=["UDP", "TCP"])
    def test_no_response_at_all(self, flow: Flow) -> None:
        bench, _, _ = ours(flow=flow)
        again = bench.run(32.1)
        assert times(one for one in again if one.what == "BYE") == (RESPONSE_TIMES if flow is UDP else [])
        assert ("response", "BYE", None) in bench.seen
        bench.drain()

    def test_the_transport_fails(self) -> None:
        bench, _, bye = ours()
        bench.engine.transport_failed(bye.flow, bench.now, "port unreachable")
        assert ("response", "BYE", None) in bench.seen
        assert not bench.leftovers().get("dialogs")
        bench.drain()

    def test_a_response_to_something_else_does_not_count(self) -> None:
        bench, _, bye = ours()
        data = reply_to(bye, 200)
        bench.receive(data.replace(b"z9hG4bK", b"z9hG4bKx"))
        bench.receive(data.replace(b" BYE\r\n", b" INFO\r\n"))
        assert whats(bench.run(0.6)) == ["BYE"]

    def test_a_malformed_response_does_not_count(self) -> None:
        # 8.1.3: "MUST be silently discarded" where more than one Via or no readable one is there
        bench, _, bye = ours()
        data = reply_to(bye, 200)
        for bad in (data.replace(b"CSeq: ", b"CSeq: x"), data.replace(b"SIP/2.0 200", b"SIP/2.0 9999"), b"SIP/2.0"):
            bench.receive(bad)
        assert whats(bench.run(0.6)) == ["BYE"]

    def test_two_vias_are_one_too_many(self) -> None:
        # 8.1.3.3: "If more than one Via header field value is present in a response, the UAC SHOULD discard"
        bench, _, bye = ours()
        bench.receive(reply_to(bye, 200).replace(b"From: ", b"Via: SIP/2.0/UDP other;branch=z9hG4bKz\r\nFrom: ", 1))
        assert whats(bench.run(0.6)) == ["BYE"]

    def test_by_the_hangup_verb(self) -> None:
        bench, caller = Bench(OK, "ack", lambda call, transaction: call.hangup()), Caller()
        bench.peers["BYE"] = 200
        bench.call(caller)
        assert bench.sent[-1].what == "BYE"
        assert [event.outcome for event in bench.ended] == ["completed"]

    def test_the_hangup_verb_and_a_481_make_one_bye(self) -> None:
        def ask(call: Call, transaction: ServerTransaction | None) -> None:
            call.send(Order("INFO"), then=lambda status, response: call.hangup())

        bench, caller = Bench(OK, "ack", ask), Caller()
        bench.peers |= {"INFO": 481, "BYE": 200}
        bench.call(caller)
        assert [sent.what for sent in bench.sent].count("BYE") == 1
        assert len(bench.ended) == 1

    def test_hangup_refuses_an_invite_that_waits(self) -> None:
        bench, caller = Bench(RINGING, lambda call, transaction: call.hangup()), Caller()
        ringing, refused = bench.receive(caller.invite())
        assert refused.status >= 300
        assert ringing.message.to_tag == refused.message.to_tag
        bench.receive(caller.ack_refusal(refused))
        bench.drain()


class TestItsEndComesOnce:
    """A call that counted the end of a request of ours twice, or never, would never be over."""

    @pytest.mark.parametrize("flow", [UDP, TCP], ids=["UDP", "TCP"])
    def test_an_ack_that_cannot_be_delivered(self, flow: Flow) -> None:
        # 17.1.1.2, "Completed": the transport error is told, but the INVITE has had its end before
        bench, caller, invite = ours(order=Order("INVITE"), flow=flow, peers={"BYE": 200})
        bench.receive(reply_to(invite, 500), flow)
        bench.engine.transport_failed(flow, bench.now, "refused")
        bench.receive(caller.bye(), flow)
        bench.run(1.0)
        bench.engine.shutdown(bench.now)
        bench.drain()

    def test_an_invite_beside_one_that_still_rings(self) -> None:
        # 14.1 forbids it; a script may do it, and then nobody waits for the first any more
        bench = Bench(OK, "ack", Order("INVITE"), 1.0, Order("INVITE"))
        caller = Caller()
        bench.call(caller)
        first = next(one for one in bench.sent if one.what == "INVITE")
        bench.receive(reply_to(first, 180))
        second = next(one for one in bench.run(2.0) if one.what == "INVITE" and one["CSeq"] != first["CSeq"])
        bench.receive(reply_to(second, 500))
        bench.receive(caller.bye())
        bench.drain()


class TestOtherResponses:
    """12.2.1.2."""

    @pytest.mark.parametrize("status", [200, 302, 400, 404, 486, 500, 503, 603])
    def test_the_dialog_goes_on(self, status: int) -> None:
        bench, caller, _ = ours(order=Order("INFO"), peers={"INFO": status})
        assert ("response", "INFO", status) in bench.seen
        assert whats(bench.receive(caller.request("OPTIONS"))) == ["200"]

    @pytest.mark.parametrize("status", [408, 481])
    def test_408_and_481_end_it(self, status: int) -> None:
        bench, caller, _ = ours(order=Order("INFO"), peers={"INFO": status, "BYE": 481})
        assert whats(bench.receive(caller.request("OPTIONS"))) == ["481"]

    @pytest.mark.parametrize("status", [408, 481])
    def test_ending_it_is_a_bye(self, status: int) -> None:
        # "For INVITE initiated dialogs, terminating the dialog consists of sending a BYE"
        bench, _, _ = ours(order=Order("INFO"), peers={"INFO": status, "BYE": 481})
        assert bench.sent[-1].what == "BYE"

    def test_no_response_ends_it(self) -> None:
        # "A UAC SHOULD also terminate a dialog if no response at all is received for the request"
        bench, caller, _ = ours(order=Order("INFO"))
        bench.peers["BYE"] = 481
        bench.run(32.5)
        assert ("response", "INFO", None) in bench.seen
        assert whats(bench.receive(caller.request("OPTIONS"))) == ["481"]
        bench.drain()

    def test_provisional_responses_reach_the_script(self) -> None:
        bench, _, info = ours(order=Order("INFO"))
        bench.receive(reply_to(info, 100))
        bench.receive(reply_to(info, 200))
        assert [entry[2] for entry in bench.seen if entry[0] == "response"] == [100, 200]

    def test_each_once(self) -> None:
        bench, _, info = ours(order=Order("INFO"))
        for _ in range(3):
            bench.receive(reply_to(info, 200))
        assert bench.seen.count(("response", "INFO", 200)) == 1

    @pytest.mark.parametrize("method", ["UPDATE", "NOTIFY", "SUBSCRIBE"])
    def test_a_2xx_to_a_target_refresh_request_refreshes_the_target(self, method: str) -> None:
        # "it MUST replace the dialog's remote target URI with the URI from the Contact header field in that response"
        bench = Bench(OK, "ack", Order(method), 1.0, BYE)
        bench.peers[method] = lambda sent: reply_to(sent, 200, "Contact: <sip:new@192.0.2.10:5062>")
        bench.call(Caller())
        (bye,) = bench.run(1.0)
        assert bye.request.uri == "sip:new@192.0.2.10:5062"


class TestReinvite:
    """14.1, 13.2.2.4, 17.1.1."""

    @staticmethod
    def accept(*fields: str, body: bytes = NEW_OFFER) -> object:
        return lambda sent: reply_to(sent, 200, *(fields or ("Contact: <sip:alice@192.0.2.10:5062>",)), body=body)

    def test_the_ack_for_a_2xx(self) -> None:
        bench, _caller, invite = ours(order=Order("INVITE"), peers={"INVITE": self.accept()})
        ack = next(one for one in bench.sent if one.what == "ACK")
        assert ack.message.cseq == (invite.message.cseq.number, "ACK")
        assert ack.message.top_via.branch != invite.message.top_via.branch
        assert ack.message.top_via.branch.startswith("z9hG4bK")
        assert (ack["To"], ack["From"]) == (invite["To"], invite["From"])
        assert ack["Max-Forwards"] == "70"
        assert ack.message.body == b""
        assert ("response", "INVITE", 200) in bench.seen

    def test_every_copy_of_the_2xx_gets_it_again(self) -> None:
        # 13.2.2.4: "The ACK MUST be passed to the client transport every time a retransmission of the 2xx ... arrives"
        bench, _, invite = ours(order=Order("INVITE"))
        data = reply_to(invite, 200, "Contact: <sip:alice@192.0.2.10:5062>", body=NEW_OFFER)
        acks = [one for _ in range(3) for one in bench.receive(data)]
        assert whats(acks) == ["ACK"] * 3
        assert len({one.data for one in acks}) == 1
        assert bench.seen.count(("response", "INVITE", 200)) == 1

    def test_the_2xx_refreshes_the_target(self) -> None:
        bench, _, _ = ours(order=Order("INVITE"), peers={"INVITE": self.accept("Contact: <sip:new@192.0.2.99:7001>")})
        ack = next(one for one in bench.sent if one.what == "ACK")
        assert ack.request.uri == "sip:new@192.0.2.99:7001"
        assert ack.flow.remote == ("192.0.2.99", 7001), "12.2.1.1: sent to the address of its Request-URI"

    def test_a_2xx_with_an_offer_is_answered_in_the_ack(self) -> None:
        # 13.2.2.4: "If the 2xx contains an offer (based on the rules above), the ACK MUST carry an answer in its body"
        bench, _, _ = ours(order=Order("INVITE", sdp=False), peers={"INVITE": self.accept()})
        ack = next(one for one in bench.sent if one.what == "ACK")
        assert ack["Content-Type"] == "application/sdp"
        assert b"m=audio 40000 RTP/AVP" in ack.message.body

    @pytest.mark.parametrize("status", [302, 401, 486, 488, 491, 500, 603])
    def test_the_ack_for_a_refusal(self, status: int) -> None:
        # 17.1.1.3
        bench, _, invite = ours("Record-Route: <sip:192.0.2.21;lr>", order=Order("INVITE"), peers={"INVITE": status})
        ack = next(one for one in bench.sent if one.what == "ACK")
        assert ack.request.uri == invite.request.uri
        for name in ("Call-ID", "From", "Route", "Via", "To"):
            assert ack[name] == invite[name]
        assert ack.message.cseq == (invite.message.cseq.number, "ACK")
        assert len(ack.message.vias) == 1
        assert ack.flow == invite.flow

    def test_the_to_of_that_ack_is_the_responses(self) -> None:
        bench, _, invite = ours(order=Order("INVITE"))
        data = reply_to(invite, 486).replace(b'\r\nTo: "Alice" ', b"\r\nTo: Anna ")
        (ack,) = bench.receive(data)
        assert ack["To"] == "Anna <sip:alice@example.com>;tag=from1"

    def test_a_refusal_leaves_the_dialog(self) -> None:
        bench, caller, _ = ours(order=Order("INVITE"), peers={"INVITE": 488})
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]
        assert whats(bench.receive(caller.invite())) == ["200"]

    @pytest.mark.parametrize("flow", [UDP, TCP], ids=["UDP", "TCP"])
    def test_no_response_at_all(self, flow: Flow) -> None:
        bench, _, _ = ours(order=Order("INVITE"), flow=flow)
        again = [one for one in bench.run(33.0) if one.what == "INVITE"]
        assert times(again) == (DOUBLING_TIMES if flow is UDP else [])
        assert ("response", "INVITE", None) in bench.seen
        bench.drain()

    def test_a_late_2xx_after_the_time_out_is_dropped(self) -> None:
        bench, _, invite = ours(order=Order("INVITE"))
        bench.run(40.0)
        assert [one.what for one in bench.receive(reply_to(invite, 200)) if one.what == "ACK"] == []

    def test_two_after_each_other(self) -> None:
        bench = Bench(OK, "ack", Order("INVITE"), 1.0, Order("INVITE"), "stay")
        bench.peers["INVITE"] = self.accept()  # type: ignore[assignment]
        bench.call(Caller())
        bench.run(1.0)
        invites = [one for one in bench.sent if one.what == "INVITE"]
        acks = [one for one in bench.sent if one.what == "ACK"]
        assert [one.message.cseq.number for one in invites] == [one.message.cseq.number for one in acks]
        assert len(invites) == 2

    def test_a_bye_of_the_peer_while_it_rings(self) -> None:
        # the peer owes it a final response (15.1.2); where none comes nothing may be left behind for ever
        bench, caller, _ = ours(order=Order("INVITE"), peers={"INVITE": 180})
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.drain()

    def test_ringing_without_end(self) -> None:
        bench, caller, _ = ours(order=Order("INVITE"), peers={"INVITE": 180})
        bench.run(600.0)
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]


class TestSeveralAtOnce:
    def test_responses_find_their_requests(self) -> None:
        bench = Bench(OK, "ack", Order("INFO"), Order("MESSAGE"), Order("OPTIONS"), "stay")
        bench.call(Caller())
        requests = [one for one in bench.sent if one.what in ("INFO", "MESSAGE", "OPTIONS")]
        for status, request in zip((202, 404, 200), reversed(requests), strict=True):
            bench.receive(reply_to(request, status))
        assert [entry for entry in bench.seen if entry[0] == "response"] == [
            ("response", "OPTIONS", 202),
            ("response", "MESSAGE", 404),
            ("response", "INFO", 200),
        ]

    def test_a_bye_of_the_peer_while_ours_is_open(self) -> None:
        bench, caller, _ = ours(order=Order("INFO"))
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.drain()

    def test_the_script_knows_its_reply(self) -> None:
        bench = Bench(Reply(180), Reply(200), "ack", Order("INFO"), "stay")
        bench.peers["INFO"] = 202
        bench.call(Caller())
        assert ("response", "INFO", 202) in bench.seen
