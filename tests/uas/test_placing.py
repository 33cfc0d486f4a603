"""Requests of ours outside a dialog: RFC 3261 sections 8.1, 9.1, 12.1.2, 13.2; RFC 3262 4; RFC 4028 7.2."""

from __future__ import annotations

from typing import Any

import pytest
from bench import OFFER, TCP, UDP, Bench, Caller, Sent, reply_to, whats

from responder.events import Flow
from responder.uas.script import Order

INVITE = Order("INVITE")
CAROL = "sip:carol@192.0.2.99:5070"
CONTACT = "Contact: <sip:carol@192.0.2.77:5088>"


class Placing(Bench):
    """A bench whose calls begin with a MESSAGE and place a request of ours."""

    def __init__(self, order: Order = INVITE, to: str = CAROL, sender: str | None = None, **more: Any) -> None:
        self.placed: Any = None
        super().__init__(plans={"MESSAGE": (self._place, "answer", "stay")}, **more)
        self.order, self.to, self.sender = order, to, sender

    def _place(self, call: Any, transaction: Any) -> None:
        self.one = call
        self.placed = call.place(self.order, self.to, sender=self.sender)

    def begin(self, flow: Flow = UDP) -> Sent | None:
        """The MESSAGE comes; our request."""
        sent = self.receive(Caller(1, flow=flow).request("MESSAGE", body=b"go", content_type="text/plain"), flow)
        return next((one for one in sent if one.what == self.order.method), None)

    def respond(self, to: Sent, status: int, *fields: str, tag: str | None = "carol", body: bytes = b"") -> list[Sent]:
        data = reply_to(to, status, *fields, body=body)
        if tag is not None:
            value = to["To"] or ""
            data = data.replace(f"To: {value}\r\n".encode(), f"To: {value};tag={tag}\r\n".encode())
        return self.receive(data, to.flow)


def begun(bench: Placing, flow: Flow = UDP) -> Sent:
    invite = bench.begin(flow)
    assert invite is not None
    return invite


class TestTheRequest:
    def test_an_invite_has_all_that_8_1_1_wants_and_an_offer(self) -> None:
        invite = begun(Placing())
        assert invite.request.uri == CAROL
        assert invite["To"] == f"<{CAROL}>"
        assert invite.message.from_tag
        assert invite["From"].startswith("<sip:responder@127.0.0.1:5060>;tag=")
        assert invite["Max-Forwards"] == "69"
        assert invite["Contact"] == "<sip:responder@127.0.0.1:5060>"
        assert invite["CSeq"].endswith(" INVITE")
        assert "branch=z9hG4bK" in invite["Via"]
        assert invite["Content-Type"] == "application/sdp"
        assert invite.message.body
        assert invite.flow == Flow("UDP", UDP.local, ("192.0.2.99", 5070))

    @pytest.mark.parametrize("method", ["MESSAGE", "OPTIONS", "NOTIFY"])
    def test_other_methods_bring_no_description(self, method: str) -> None:
        bench = Placing(Order(method))
        request = bench.begin()
        assert request is not None
        assert not request.message.body
        bench.respond(request, 200)
        assert ("response", method, 200) in bench.seen

    def test_every_call_of_ours_has_a_call_id_and_tag_of_its_own(self) -> None:
        bench = Placing()
        one, two = begun(bench), None
        bench.receive(Caller(2).request("MESSAGE", body=b"go", content_type="text/plain"))
        two = [sent for sent in bench.sent if sent.what == "INVITE"][-1]
        assert one["Call-ID"] != two["Call-ID"]
        assert one.message.from_tag != two.message.from_tag

    @pytest.mark.parametrize(
        ("sender", "written"),
        [("sip:boss@example.com", "<sip:boss@example.com>"), ('"Boss" <sip:b@x>', '"Boss" <sip:b@x>')],
    )
    def test_the_sender_may_be_given(self, sender: str, written: str) -> None:
        invite = begun(Placing(sender=sender))
        assert invite["From"].partition(";tag=")[0] == written
        assert invite.message.from_tag

    @pytest.mark.parametrize(
        ("to", "transport", "remote"),
        [
            ("sip:c@192.0.2.99", "UDP", ("192.0.2.99", 5060)),
            ("<sip:c@192.0.2.99;transport=tcp>", "TCP", ("192.0.2.99", 5060)),
            ("sips:c@192.0.2.99", "TLS", ("192.0.2.99", 5061)),
            ("sip:c@localhost:5099", "UDP", ("127.0.0.1", 5099)),
            ("sip:c@192.0.2.99;maddr=192.0.2.98", "UDP", ("192.0.2.98", 5060)),
        ],
    )
    def test_it_goes_where_the_uri_says(self, to: str, transport: str, remote: tuple[str, int]) -> None:
        invite = begun(Placing(to=to))
        assert (invite.flow.transport, invite.flow.remote) == (transport, remote)

    @pytest.mark.parametrize("to", ["sip:c@example.com", "tel:+4930", "nonsense", "", "sip:c@[2001:db8::1]"])
    def test_where_it_cannot_go_there_is_a_note_and_none(self, to: str) -> None:
        bench = Placing(to=to)
        assert bench.begin() is None
        assert bench.placed is None
        assert any("cannot be sent" in note.text for note in bench.notes)

    def test_a_registered_contact_is_reached_by_the_flow_and_path_of_its_registration(self) -> None:
        bench = Placing(to="sip:alice@10.1.1.1:7777")
        register = Caller(7, flow=TCP, to="<sip:alice@example.com>", contact="<sip:alice@10.1.1.1:7777>")
        bench.receive(
            register.request("REGISTER", "Supported: path", "Path: <sip:edge.example.com;lr>", uri="sip:example.com"),
            TCP,
        )
        invite = begun(bench)
        assert invite.flow is TCP
        assert invite["Route"] == "<sip:edge.example.com;lr>"
        assert bench.one.registered("alice") == "sip:alice@10.1.1.1:7777"
        assert bench.one.registered("nobody") == ""

    def test_headers_in_the_uri_become_fields_but_for_dangerous_ones(self) -> None:
        uri = (
            "<sip:carol@192.0.2.99?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Call-ID=x&Via=y&Subject=hi%0D%0ATo:%20z"
            "&X-Own=uri&body=v>"
        )
        bench = Placing(Order("INVITE", headers=(("X-Own", "author"),)), to=uri)
        invite = begun(bench)
        assert invite["Replaces"] == "a@b;to-tag=1;from-tag=2"
        assert invite["X-Own"] == "author"
        assert invite["Subject"] is None
        assert invite["Call-ID"] != "x"
        assert invite.message.every("via") == [invite["Via"]]
        assert invite.request.uri == "sip:carol@192.0.2.99"


class TestAnswer:
    def test_a_2xx_gets_its_ack_to_the_contact_by_the_routes_reversed(self) -> None:
        bench = Placing()
        invite = begun(bench)
        routes = ("Record-Route: <sip:192.0.2.1;lr>", "Record-Route: <sip:192.0.2.2;lr>")
        sent = bench.respond(invite, 200, CONTACT, *routes, body=OFFER)
        assert whats(sent) == ["ACK"]
        ack = sent[0]
        assert ack.request.uri == "sip:carol@192.0.2.77:5088"
        assert ack.request.every("route") == ["<sip:192.0.2.2;lr>", "<sip:192.0.2.1;lr>"]
        assert ack.flow.remote == ("192.0.2.2", 5060)
        assert ack["CSeq"] == invite["CSeq"].replace("INVITE", "ACK")
        assert ack.message.to_tag == "carol"
        assert ack.message.from_tag == invite.message.from_tag
        assert ack.message.top_via.branch != invite.message.top_via.branch  # 13.2.2.4
        assert not ack.message.body

    def test_an_offer_in_the_2xx_is_answered_in_the_ack(self) -> None:
        bench = Placing(Order("INVITE", sdp=False))
        invite = begun(bench)
        assert not invite.message.body
        ack = bench.respond(invite, 200, CONTACT, body=OFFER)[0]
        assert b"m=audio 40000" in ack.message.body

    def test_every_copy_of_the_2xx_gets_the_same_ack(self) -> None:
        bench = Placing()
        invite = begun(bench)
        first = bench.respond(invite, 200, CONTACT)
        again = bench.respond(invite, 200, CONTACT)
        assert [one.data for one in again] == [one.data for one in first]
        assert [one for one in bench.seen if one[0] == "response"] == [("response", "INVITE", 200)]

    def test_a_refusal_gets_an_ack_of_the_transaction(self) -> None:
        bench = Placing()
        invite = begun(bench)
        ack = bench.respond(invite, 486)[0]
        assert ack.what == "ACK"
        assert ack.message.top_via.branch == invite.message.top_via.branch
        assert ack.request.uri == CAROL
        bench.one.end()
        bench.drain()

    def test_the_dialog_takes_requests_of_both_sides(self) -> None:
        bench = Placing()
        bench.peers.update({"BYE": 200, "UPDATE": 200})
        invite = begun(bench)
        bench.respond(invite, 200, CONTACT)
        update = bench.one.send(Order("UPDATE"), dialog=bench.placed.dialog)
        bench._collect()
        assert update.cseq == bench.placed.cseq + 1
        peer = Caller(5, to=f"<sip:responder@127.0.0.1:5060>;tag={invite.message.from_tag}", sender=f"<{CAROL}>")
        peer.call_id, peer.tag = invite["Call-ID"], "carol"
        assert whats(bench.receive(peer.request("OPTIONS"))) == ["200"]
        assert whats(bench.receive(peer.bye())) == ["200"]
        assert whats(bench.receive(peer.bye())) == ["481"]
        bench.one.end()
        bench.drain()

    def test_another_branch_of_a_fork_gets_its_ack_and_a_bye(self) -> None:
        bench = Placing()
        bench.peers["BYE"] = 200
        invite = begun(bench)
        bench.respond(invite, 180, CONTACT, tag="one")
        bench.respond(invite, 180, CONTACT, tag="two")
        assert whats(bench.respond(invite, 200, CONTACT, tag="two")) == ["ACK"]
        late = bench.respond(invite, 200, CONTACT, tag="one")
        assert whats(late) == ["ACK", "BYE"]
        assert [one.message.to_tag for one in late] == ["one", "one"]
        assert bench.placed.dialog.remote_tag == "two"
        assert whats(bench.respond(invite, 200, CONTACT, tag="one")) == ["ACK"]
        bench.one.hangup()
        bench.one.end()
        bench.drain()

    def test_no_response_at_all_is_told_after_64_t1(self) -> None:
        bench = Placing()
        begun(bench)
        sent = bench.run(40)
        assert whats(sent) == ["INVITE"] * 6
        assert ("response", "INVITE", None) in bench.seen
        assert bench.placed.status == 408
        bench.one.end()
        bench.drain()


class TestReliableProvisional:
    def test_it_gets_a_prack_in_the_early_dialog(self) -> None:
        bench = Placing()
        bench.peers["PRACK"] = 200
        invite = begun(bench)
        sent = bench.respond(invite, 180, CONTACT, "Require: 100rel", "RSeq: 17")
        assert whats(sent) == ["PRACK"]
        assert sent[0]["RAck"] == f"17 {invite['CSeq']}"
        assert sent[0].request.uri == "sip:carol@192.0.2.77:5088"
        assert int(sent[0]["CSeq"].split()[0]) == int(invite["CSeq"].split()[0]) + 1

    def test_a_copy_gets_none_and_one_out_of_order_neither(self) -> None:
        bench = Placing()
        bench.peers["PRACK"] = 200
        invite = begun(bench)
        reliable = (CONTACT, "Require: 100rel")
        assert whats(bench.respond(invite, 180, *reliable, "RSeq: 17")) == ["PRACK"]
        assert whats(bench.respond(invite, 180, *reliable, "RSeq: 17")) == []
        assert whats(bench.respond(invite, 183, *reliable, "RSeq: 19")) == []
        assert whats(bench.respond(invite, 183, *reliable, "RSeq: 18")) == ["PRACK"]

    def test_each_branch_of_a_fork_counts_for_itself(self) -> None:
        bench = Placing()
        bench.peers["PRACK"] = 200
        invite = begun(bench)
        reliable = (CONTACT, "Require: 100rel")
        assert whats(bench.respond(invite, 180, *reliable, "RSeq: 17", tag="one")) == ["PRACK"]
        assert whats(bench.respond(invite, 180, *reliable, "RSeq: 400", tag="two")) == ["PRACK"]

    def test_its_offer_is_answered_in_the_prack_and_not_again_in_the_ack(self) -> None:
        bench = Placing(Order("INVITE", sdp=False))
        bench.peers["PRACK"] = 200
        invite = begun(bench)
        prack = bench.respond(invite, 183, CONTACT, "Require: 100rel", "RSeq: 17", body=OFFER)[0]
        assert b"m=audio 40000" in prack.message.body
        ack = bench.respond(invite, 200, CONTACT)[0]
        assert ack.what == "ACK"
        assert not ack.message.body

    @pytest.mark.parametrize("fields", [("Require: 100rel",), ("RSeq: 5",), ("Require: 100rel", "RSeq: x")])
    def test_what_is_not_reliable_gets_none(self, fields: tuple[str, ...]) -> None:
        bench = Placing()
        assert bench.respond(begun(bench), 180, CONTACT, *fields) == []


class TestCancel:
    def test_it_waits_for_a_provisional_response(self) -> None:
        bench = Placing()
        invite = begun(bench)
        bench.placed.cancel()
        assert bench.engine.transmits() == []
        sent = bench.respond(invite, 180)
        assert whats(sent) == ["CANCEL"]
        cancel = sent[0]
        assert cancel.message.top_via.branch == invite.message.top_via.branch
        assert cancel["To"] == invite["To"]
        assert cancel["From"] == invite["From"]
        assert cancel["CSeq"] == invite["CSeq"].replace("INVITE", "CANCEL")
        assert cancel.request.uri == invite.request.uri
        assert whats(bench.respond(invite, 487)) == ["ACK"]
        bench.respond(cancel, 200)
        bench.one.end()
        bench.drain()

    def test_a_2xx_that_crossed_it_is_hung_up(self) -> None:
        bench = Placing()
        bench.peers.update({"CANCEL": 200, "BYE": 200})
        invite = begun(bench)
        bench.respond(invite, 180, CONTACT)
        bench.placed.cancel()
        bench._collect()
        assert whats(bench.respond(invite, 200, CONTACT)) == ["ACK", "BYE"]
        bench.one.end()
        bench.drain()

    def test_an_invite_without_final_response_is_given_up_64_t1_after_it(self) -> None:
        bench = Placing()
        bench.peers["CANCEL"] = 200
        invite = begun(bench)
        bench.respond(invite, 180, CONTACT)
        bench.placed.cancel()
        bench.run(33)
        assert ("response", "INVITE", None) in bench.seen
        bench.one.end()
        bench.drain()

    def test_hangup_cancels_what_rings(self) -> None:
        bench = Placing()
        bench.peers["CANCEL"] = 200
        invite = begun(bench)
        bench.respond(invite, 180, CONTACT)
        bench.one.hangup()
        bench._collect()
        assert bench.sent[-1].what == "CANCEL"

    def test_shutdown_cancels_what_rings(self) -> None:
        bench = Placing()
        bench.peers["CANCEL"] = 200
        invite = begun(bench)
        bench.respond(invite, 180, CONTACT)
        bench.engine.shutdown(bench.now)
        bench._collect()
        assert "CANCEL" in whats(bench.sent)
        bench.respond(invite, 487)
        bench.drain()


class TestSessionTimer:
    def test_we_refresh_where_the_2xx_makes_us_the_refresher(self) -> None:
        bench = Placing(Order("INVITE", headers=(("Session-Expires", "90;refresher=uac"),)))
        bench.peers["UPDATE"] = lambda sent: reply_to(sent, 200, "Session-Expires: 90;refresher=uac")
        invite = begun(bench)
        bench.respond(invite, 200, CONTACT, "Session-Expires: 90;refresher=uac", "Require: timer", "Allow: UPDATE")
        assert whats(bench.run(46)) == ["UPDATE"]
        assert whats(bench.run(45)) == ["UPDATE"]

    def test_without_a_refresh_of_the_peer_the_session_ends(self) -> None:
        bench = Placing(Order("INVITE", headers=(("Session-Expires", "90"),)))
        bench.peers["BYE"] = 200
        invite = begun(bench)
        bench.respond(invite, 200, CONTACT, "Session-Expires: 90;refresher=uas", "Require: timer")
        assert whats(bench.run(61)) == ["BYE"]


@pytest.mark.parametrize("status", [100, 180, 200, 302, 486, 603])
def test_what_is_wrong_with_a_response_never_raises(status: int) -> None:
    bench = Placing()
    bench.peers["BYE"] = 200
    invite = begun(bench)
    bench.hostile = True
    for field in ("Contact: <", "Contact: *", "Record-Route: ,", "Require: 100rel\r\nRSeq: 99999999999", "RSeq: -1"):
        bench.respond(invite, status, field, tag=None)
    for tag in map(str, range(40)):
        bench.respond(invite, status, CONTACT, "Require: 100rel", "RSeq: 1", tag=tag)
    bench.one.hangup()
    bench.one.end()
    bench.drain()


class TestGruu:
    """RFC 5627 section 6.1: one that our registrar gave out stands for the contact behind it, as linphone uses it."""

    INSTANCE = "urn:uuid:00000000-0000-1000-8000-000a95a0e128"
    GRUU = f"sip:alice@127.0.0.1;gr={INSTANCE}"
    BOUND = "sip:alice@192.0.2.10:5062;transport=udp"

    def registered(self, bench: Bench) -> None:
        contact = f'Contact: <{self.BOUND}>;+sip.instance="<{self.INSTANCE}>"'
        caller = Caller(9, to="<sip:alice@127.0.0.1>", uri="sip:127.0.0.1")
        (answer,) = bench.receive(caller.request("REGISTER", contact, "Supported: gruu", contact=False))
        assert f'pub-gruu="{self.GRUU}"' in (answer["Contact"] or "")

    def test_requests_in_a_dialog_whose_target_it_is(self) -> None:
        bench = Bench("answer", "ack", Order("BYE"), "stay")
        self.registered(bench)
        bench.call(Caller(contact=f"<{self.GRUU}>"))
        bye = next(one for one in bench.sent if one.what == "BYE")
        assert bye.request.uri == self.BOUND
        assert bye.flow == UDP

    def test_a_call_to_it_and_its_ack(self) -> None:
        bench = Placing(to=f"<{self.GRUU}>")
        self.registered(bench)
        invite = begun(bench)
        assert (invite.request.uri, invite["To"]) == (self.BOUND, f"<{self.GRUU}>")
        ack = bench.respond(invite, 200, f"Contact: <{self.GRUU}>", body=OFFER)[0]
        assert (ack.what, ack.request.uri, ack.flow) == ("ACK", self.BOUND, UDP)

    def test_one_that_is_not_bound_is_an_address_like_others(self) -> None:
        assert begun(Placing(to=self.GRUU)).request.uri == self.GRUU


class TestLoops:
    """A call of ours that comes back to us and leads to another call of ours, and so on."""

    @staticmethod
    def sent_to_itself(bench: Placing) -> int:
        """How many requests it sends to itself because of one from outside."""
        found, seen = 0, 0
        bench.begin()
        while seen < len(bench.sent):
            one = bench.sent[seen]
            seen += 1
            if one.flow.remote == one.flow.local:
                found += one.what == "MESSAGE"
                assert found < 100, "no end of it"
                bench.receive(one.data, one.flow)
        return found

    def test_a_request_to_ourselves_leads_to_few_others(self) -> None:
        bench = Placing(Order("MESSAGE"), "sip:bob@127.0.0.1:5060")
        assert self.sent_to_itself(bench) == 3
        assert any("goes round in a loop" in note.text for note in bench.notes)

    def test_max_forwards_counts_down_from_call_to_call(self) -> None:
        # RFC 7332 section 4: two of us that call each other back come to an end
        for hops, expected in (("70", "69"), ("12", "11"), ("1", "0"), ("200", "69"), (None, "69")):
            bench = Placing(Order("OPTIONS"))
            sent = bench.receive(Caller(1).request("MESSAGE", put={"Max-Forwards": hops}))
            assert [one["Max-Forwards"] for one in sent if one.what == "OPTIONS"] == [expected]
        bench = Placing(Order("OPTIONS"))
        assert whats(bench.receive(Caller(1).request("MESSAGE", put={"Max-Forwards": "0"}))) == ["200"]
        assert any("goes round in a loop" in note.text for note in bench.notes)

    def test_what_is_remembered_for_it_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("responder.uas.placing._MOST_REMEMBERED", 5)
        bench = Placing(Order("OPTIONS"))
        for number in range(20):
            bench.receive(Caller(number).request("MESSAGE"))
        assert len(bench.engine._core.rounds) == 5
