"""Where responses go and what the top Via says of it: RFC 3261 sections 18.2.1 and 18.2.2, RFC 3581 section 4."""

from __future__ import annotations

import pytest
from bench import BUSY, LOCAL, OK, UDP6, Bench, Caller

from responder.events import Flow
from responder.sip.via import Via

BRANCH = "branch=z9hG4bKpath"


def answer(via: str | list[str], remote: tuple[str, int] = ("192.0.2.10", 5062), transport: str = "UDP") -> tuple:
    """The Vias of the response and the flow that it went on."""
    local = ("::1", 5060) if ":" in remote[0] else LOCAL
    flow = Flow(transport, local, remote, 0 if transport == "UDP" else 9)
    lines = [via] if isinstance(via, str) else via
    data = Caller().request("OPTIONS", *[f"Via: {line}" for line in lines[1:]], put={"Via": lines[0]})
    (sent,) = Bench().receive(data, flow)
    return [str(one) for one in sent.message.vias], sent.flow


class TestReceived:
    """18.2.1: "received" where the host of sent-by is a domain name or differs from the packet source address."""

    def test_not_where_the_address_is_right(self) -> None:
        vias, _ = answer(f"SIP/2.0/UDP 192.0.2.10:5062;{BRANCH}")
        assert vias == [f"SIP/2.0/UDP 192.0.2.10:5062;{BRANCH}"]

    @pytest.mark.parametrize("sent_by", ["client.example.com", "client.example.com:5062", "10.0.0.1:5062", "localhost"])
    def test_where_it_is_a_name_or_another_address(self, sent_by: str) -> None:
        vias, _ = answer(f"SIP/2.0/UDP {sent_by};{BRANCH}")
        via = Via.parse(vias[0])
        assert via.received == "192.0.2.10"
        assert via.sent_by == sent_by

    def test_only_the_port_differs(self) -> None:
        vias, _ = answer(f"SIP/2.0/UDP 192.0.2.10:9999;{BRANCH}")
        assert Via.parse(vias[0]).received in (None, "192.0.2.10")

    def test_a_received_that_the_peer_wrote_is_replaced(self) -> None:
        vias, _ = answer(f"SIP/2.0/UDP host.example.com;received=10.9.9.9;{BRANCH}")
        via = Via.parse(vias[0])
        assert via.received == "192.0.2.10"
        assert vias[0].count("received") == 1

    def test_tcp_too(self) -> None:
        vias, _ = answer(f"SIP/2.0/TCP client.example.com;{BRANCH}", transport="TCP")
        assert Via.parse(vias[0]).received == "192.0.2.10"

    def test_every_response_of_the_transaction_has_it(self) -> None:
        bench, caller = Bench("stay"), Caller(via="SIP/2.0/UDP host.example.com;rport")
        bench.receive(caller.invite())
        sent = bench.run(0.3) + bench.receive(caller.cancel())
        assert [one.status for one in sent] == [100, 200, 487]
        assert {one.message.vias[0].received for one in sent} == {"192.0.2.10"}
        assert {one.message.vias[0].rport for one in sent} == {5062}


class TestSeveralVias:
    """8.2.6.2, 18.2.1: only the topmost is touched, the order stays."""

    LOWER = ("SIP/2.0/TCP proxy.example.com:5061;branch=z9hG4bKp;x=y", "SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKc;rport")

    def test_separate_lines(self) -> None:
        vias, _ = answer([f"SIP/2.0/UDP host;{BRANCH}", *self.LOWER])
        assert vias[1:] == list(self.LOWER)
        assert Via.parse(vias[0]).received == "192.0.2.10"

    def test_joined_by_commas(self) -> None:
        vias, _ = answer(", ".join([f"SIP/2.0/UDP host;{BRANCH}", *self.LOWER]))
        assert vias[1:] == list(self.LOWER)
        assert Via.parse(vias[0]).received == "192.0.2.10"

    def test_both(self) -> None:
        vias, _ = answer([f"SIP/2.0/UDP host;rport;{BRANCH} ,{self.LOWER[0]}", self.LOWER[1]])
        assert vias[1:] == list(self.LOWER)
        top = Via.parse(vias[0])
        assert (top.received, top.rport, top.branch) == ("192.0.2.10", 5062, "z9hG4bKpath")

    def test_seventy_of_them(self) -> None:
        lower = [f"SIP/2.0/UDP 10.0.0.{number};branch=z9hG4bK{number}" for number in range(70)]
        vias, _ = answer([f"SIP/2.0/UDP 192.0.2.10:5062;{BRANCH}", *lower])
        assert vias[1:] == lower


class TestRport:
    """RFC 3581 section 4."""

    @pytest.mark.parametrize(
        "written",
        [
            "SIP/2.0/UDP 192.0.2.10:5062;rport;" + BRANCH,
            "SIP/2.0/UDP 192.0.2.10:5062;" + BRANCH + ";rport",
            "SIP/2.0/UDP 192.0.2.10:5062;" + BRANCH + ";RPORT",
            "SIP/2.0/UDP 192.0.2.10:5062; rport ; " + BRANCH,
            "SIP/2.0/UDP 192.0.2.10:5062;rport;alias;" + BRANCH,
            "SIP / 2.0 / UDP 192.0.2.10:5062;rport;" + BRANCH,
        ],
    )
    def test_gets_the_source_port_and_then_received_is_always_there(self, written: str) -> None:
        # "MUST insert a "received" parameter ... even if it is identical to the value of the "sent-by" component"
        vias, flow = answer(written, ("192.0.2.10", 4711))
        via = Via.parse(vias[0])
        assert (via.rport, via.received, via.branch) == (4711, "192.0.2.10", "z9hG4bKpath")
        assert flow.remote == ("192.0.2.10", 4711)

    def test_goes_back_to_the_source(self) -> None:
        # "The response MUST be sent ... to the source address and port"
        _, flow = answer(f"SIP/2.0/UDP 10.0.0.1:5060;rport;{BRANCH}", ("192.0.2.10", 31337))
        assert flow.remote == ("192.0.2.10", 31337)
        assert flow.local == LOCAL

    def test_no_rport_is_added_where_none_was_asked_for(self) -> None:
        vias, _ = answer(f"SIP/2.0/UDP 10.0.0.1:5060;{BRANCH}", ("192.0.2.10", 31337))
        assert "rport" not in vias[0]

    def test_a_parameter_that_only_begins_so(self) -> None:
        vias, flow = answer(f"SIP/2.0/UDP 192.0.2.10:5070;rportx;{BRANCH}", ("192.0.2.10", 4711))
        assert "rport=" not in vias[0]
        assert flow.remote == ("192.0.2.10", 5070)

    def test_over_tcp(self) -> None:
        vias, flow = answer(f"SIP/2.0/TCP 10.0.0.1:5060;rport;{BRANCH}", ("192.0.2.10", 4711), "TCP")
        assert (Via.parse(vias[0]).rport, flow.connection) == (4711, 9)


class TestUnreliable:
    """18.2.2 for UDP."""

    def test_port_of_sent_by_at_the_source_address(self) -> None:
        _, flow = answer(f"SIP/2.0/UDP 10.0.0.1:5090;{BRANCH}", ("192.0.2.10", 4711))
        assert flow.remote == ("192.0.2.10", 5090)

    def test_5060_where_sent_by_has_no_port(self) -> None:
        _, flow = answer(f"SIP/2.0/UDP 10.0.0.1;{BRANCH}", ("192.0.2.10", 4711))
        assert flow.remote == ("192.0.2.10", 5060)

    def test_host_name_without_port(self) -> None:
        _, flow = answer(f"SIP/2.0/UDP phone.example.com;{BRANCH}", ("192.0.2.10", 4711))
        assert flow.remote == ("192.0.2.10", 5060)

    def test_from_the_address_it_came_in_on(self) -> None:
        _, flow = answer(f"SIP/2.0/UDP 10.0.0.1:5090;{BRANCH}", ("192.0.2.10", 4711))
        assert (flow.local, flow.transport) == (LOCAL, "UDP")

    def test_maddr(self) -> None:
        # "if the top Via header field value contains a "maddr" parameter, the response MUST be forwarded to the address
        # listed there, using the port indicated in "sent-by", or port 5060 if none is present"
        _, flow = answer(f"SIP/2.0/UDP 192.0.2.10:5070;maddr=192.0.2.99;{BRANCH}")
        assert flow.remote == ("192.0.2.99", 5070)
        _, flow = answer(f"SIP/2.0/UDP 192.0.2.10;maddr=192.0.2.99;{BRANCH}")
        assert flow.remote == ("192.0.2.99", 5060)

    def test_every_response_goes_there_retransmissions_too(self) -> None:
        bench, caller = Bench(BUSY), Caller(via="SIP/2.0/UDP 10.0.0.1:5090")
        data = caller.invite()
        sent = bench.receive(data) + bench.run(2.0) + bench.receive(data)
        assert len(sent) == 4
        assert {one.flow.remote for one in sent} == {("192.0.2.10", 5090)}

    def test_the_2xx_too(self) -> None:
        bench = Bench(OK)
        sent = bench.receive(Caller(via="SIP/2.0/UDP 10.0.0.1:5090").invite()) + bench.run(2.0)
        assert len(sent) == 3
        assert {one.flow.remote for one in sent} == {("192.0.2.10", 5090)}


class TestReliable:
    """18.2.2: "the response MUST be sent using the existing connection", else a new one to sent-by."""

    @pytest.mark.parametrize(
        ("transport", "sent_by", "fallback"),
        [
            ("TCP", "client.example.com:5090", 5090),
            ("TCP", "client.example.com", 5060),
            ("TCP", "192.0.2.10:5091", 5091),
            ("TLS", "client.example.com", 5061),
            ("TLS", "client.example.com:5099", 5099),
        ],
    )
    def test_same_connection_and_where_to_open_another(self, transport: str, sent_by: str, fallback: int) -> None:
        _, flow = answer(f"SIP/2.0/{transport} {sent_by};{BRANCH}", ("192.0.2.10", 40001), transport)
        assert (flow.transport, flow.remote, flow.connection) == (transport, ("192.0.2.10", 40001), 9)
        assert flow.fallback == ("192.0.2.10", fallback)

    def test_maddr_does_not_matter(self) -> None:
        _, flow = answer(f"SIP/2.0/TCP 192.0.2.10:5070;maddr=192.0.2.99;{BRANCH}", ("192.0.2.10", 40001), "TCP")
        assert flow.remote == ("192.0.2.10", 40001)

    def test_two_connections_do_not_mix(self) -> None:
        bench = Bench()
        for connection in (1, 2, 1, 3, 2):
            flow = Flow("TCP", LOCAL, ("192.0.2.10", 40000 + connection), connection)
            (sent,) = bench.receive(Caller(len(bench.sent) + 1, flow=flow).request("OPTIONS"), flow)
            assert (sent.flow.connection, sent.flow.remote[1]) == (connection, 40000 + connection)

    def test_a_connection_number_used_again(self) -> None:
        bench = Bench()
        for port in (40001, 40002):
            flow = Flow("TCP", LOCAL, ("192.0.2.10", port), 1)
            (sent,) = bench.receive(Caller(port, flow=flow).request("OPTIONS"), flow)
            assert sent.flow.remote == ("192.0.2.10", port)


class TestIpv6:
    """RFC 3261 section 25.1 (brackets in sent-by); RFC 5118 sections 4.5: received goes without or with them."""

    def test_right_address(self) -> None:
        vias, flow = answer(f"SIP/2.0/UDP [2001:db8::10]:5062;{BRANCH}", UDP6.remote)
        assert "received" not in vias[0]
        assert flow.remote == ("2001:db8::10", 5062)

    def test_other_address(self) -> None:
        vias, flow = answer(f"SIP/2.0/UDP [2001:db8::9]:5070;{BRANCH}", UDP6.remote)
        assert Via.parse(vias[0]).received == "2001:db8::10"
        assert flow.remote == ("2001:db8::10", 5070)

    def test_rport(self) -> None:
        vias, flow = answer(f"SIP/2.0/UDP [2001:db8::9];rport;{BRANCH}", ("2001:db8::10", 4711))
        assert (Via.parse(vias[0]).rport, Via.parse(vias[0]).received) == (4711, "2001:db8::10")
        assert flow.remote == ("2001:db8::10", 4711)

    def test_maddr(self) -> None:
        _, flow = answer(f"SIP/2.0/UDP [2001:db8::9]:5070;maddr=[2001:db8::99];{BRANCH}", UDP6.remote)
        assert flow.remote == ("2001:db8::99", 5070), "an address as a socket wants it, without brackets"

    def test_our_contact_has_brackets(self) -> None:
        bench, caller = Bench(OK), Caller(flow=UDP6)
        (sent,) = bench.receive(caller.invite(), UDP6)
        assert sent["Contact"] == "<sip:responder@[::1]:5060>"
