"""Where responses go and what is stamped on the way (RFC 3261 section 18.2, RFC 3581 section 4)."""

from __future__ import annotations

import socket

import pytest

from .serving import Serving
from .wire import Tcp, Udp, fresh, parsed


def answered_at(listener: Udp, sender: Udp, via: str) -> str:
    """Send OPTIONS with this Via from `sender`: the Via of the response that comes to `listener`."""
    ask = sender.ask("OPTIONS", "404", via=via)
    sender.put(ask)
    response = listener.receive()
    assert response is not None
    assert response.one("Call-ID") == ask.call_id
    return response.one("Via")


def test_port_of_sent_by(plain: Serving) -> None:
    """Section 18.2.2: not the port that the request came from."""
    with Udp(plain.address) as sender, Udp(plain.address) as listener:
        via = f"SIP/2.0/UDP {listener.hostport};branch={fresh('z9hG4bK')}"
        assert answered_at(listener, sender, via) == via  # 18.2.1: the host is the source's, so nothing is added


def test_rport(plain: Serving) -> None:
    """RFC 3581 section 4: to the port that it came from, and `received` always beside it."""
    with Udp(plain.address) as sender, Udp(plain.address) as other:
        via = f"SIP/2.0/UDP {other.hostport};rport;branch={fresh('z9hG4bK')};x=y"
        came = answered_at(sender, sender, via)
        assert f";rport={sender.own[1]};" in came + ";"
        assert ";received=127.0.0.1;" in came + ";"
        assert came.replace(f"rport={sender.own[1]}", "rport").replace(";received=127.0.0.1", "") == via


def test_name_in_sent_by(plain: Serving) -> None:
    """Section 18.2.1: "if the host portion of the sent-by is a domain name" """
    with Udp(plain.address) as sender:
        via = f"SIP/2.0/UDP pc33.client.invalid:{sender.own[1]};branch={fresh('z9hG4bK')}"
        assert answered_at(sender, sender, via) == via + ";received=127.0.0.1"


def test_other_address_in_sent_by(plain: Serving) -> None:
    with Udp(plain.address, host="127.0.0.3") as sender:
        via = f"SIP/2.0/UDP 127.0.0.1:{sender.own[1]};branch={fresh('z9hG4bK')}"
        assert answered_at(sender, sender, via) == via + ";received=127.0.0.3"


def test_received_that_a_client_forged(plain: Serving) -> None:
    """Section 18.2.1: the server says where it came from, whatever stands there."""
    with Udp(plain.address, host="127.0.0.3") as sender:
        via = f"SIP/2.0/UDP 127.0.0.1:{sender.own[1]};received=192.0.2.1;branch={fresh('z9hG4bK')}"
        came = answered_at(sender, sender, via)
        assert "received=127.0.0.3" in came
        assert came.count("received") == 1


def test_no_port_in_sent_by(plain: Serving) -> None:
    """Section 18.2.2: 5060 then."""
    try:
        listener = Udp(plain.address, host="127.0.0.77", port=5060)
    except OSError:
        pytest.skip("port 5060 is taken")
    with listener, Udp(plain.address, host="127.0.0.77") as sender:
        via = f"SIP/2.0/UDP 127.0.0.77;branch={fresh('z9hG4bK')}"
        assert answered_at(listener, sender, via) == via


def test_maddr(plain: Serving) -> None:
    """Section 18.2.2: maddr goes before received."""
    with Udp(plain.address, host="127.0.0.4") as listener, Udp(plain.address) as sender:
        via = f"SIP/2.0/UDP 127.0.0.1:{listener.own[1]};maddr=127.0.0.4;branch={fresh('z9hG4bK')}"
        assert answered_at(listener, sender, via).startswith(via)


@pytest.mark.parametrize("sent", ["rport", "RPORT", " rport "])
def test_rport_however_written(plain: Serving, sent: str) -> None:
    with Udp(plain.address) as sender:
        via = f"SIP / 2.0 / UDP 127.0.0.1:9 ;{sent}; branch = {fresh('z9hG4bK')}"
        assert f"rport={sender.own[1]}" in answered_at(sender, sender, via).lower().replace(" ", "")


def test_several_vias_in_one_field_and_in_many(plain: Serving) -> None:
    with Udp(plain.address) as sender:
        top = sender.via(more=";rport")
        rest = ["SIP/2.0/TCP a.invalid;branch=z9hG4bK1", 'SIP/2.0/UDP b.invalid:1;branch=z9hG4bK2;x="a, b"']
        ask = sender.ask("OPTIONS", "404", via=f"{top}, {rest[0]}", more=[("V", rest[1])])
        came = sender.final(ask).list("Via")
        assert came[1:] == rest
        assert came[0].startswith(top.removesuffix(";rport"))


def test_source_of_the_answer_is_where_the_request_went(tmp_path: object) -> None:
    """RFC 3581 section 4: "sent from the same address and port that the request was received on"."""
    with Serving("--listen", "udp:0.0.0.0:0", port=False, listeners=1) as serving:
        for host in ("127.0.0.1", "127.0.0.9"):
            with Udp((host, serving.port), host="127.0.0.1") as sender:  # `raw` looks at the source
                response = sender.final(sender.ask("OPTIONS", "404", via=sender.via(more=";rport")))
                assert response.status == 404


def test_answer_of_the_listener_that_was_asked() -> None:
    with Serving(
        "--listen", "udp:127.0.0.1:0", "--listen", "udp:127.0.0.5:0", "--listen", "tcp:127.0.0.1:0",
        port=False, listeners=3,
    ) as serving:  # fmt: skip
        for line in serving.listening[:2]:
            with Udp((line["host"], line["port"])) as sender:
                response = sender.final(sender.ask("INVITE", "302"))
                assert f"@{line['host']}:{line['port']}>" in response.one("Contact")
        line = serving.listening[2]
        with Tcp((line["host"], line["port"])) as sender:
            assert f"@{line['host']}:{line['port']};transport=tcp>" in sender.final(sender.ask("INVITE", "200")).one(
                "Contact"
            )


def test_ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    with Serving("--listen", "udp:[::1]:0", "--listen", "tcp:[::1]:0", port=False) as serving:
        for line, kind in zip(serving.listening, (Udp, Tcp), strict=True):
            with kind(("::1", line["port"])) as client:
                ask = client.ask("INVITE", "200", via=client.via(more=";rport"))
                response = client.final(ask)
                assert response.status == 200
                assert f"@[::1]:{line['port']}" in response.one("Contact")
                assert "received=::1" in response.one("Via")
                assert b"IN IP6 ::1" in response.body
                named = client.ask("OPTIONS", "486", via=f"SIP/2.0/{client.transport} [0:0:0:0:0:0:0:1]:{client.own[1]}"
                                   f";branch={fresh('z9hG4bK')}")  # fmt: skip
                assert client.final(named).status == 486


def test_tcp_answers_stay_on_the_connection(plain: Serving) -> None:
    """Section 18.2.2: whatever the Via says."""
    with Tcp(plain.address) as client:
        via = f"SIP/2.0/TCP 192.0.2.55:5999;branch={fresh('z9hG4bK')}"
        assert client.final(client.ask("OPTIONS", "404", via=via)).one("Via") == via + ";received=127.0.0.1"
        rport = f"SIP/2.0/TCP 192.0.2.55:5999;rport;branch={fresh('z9hG4bK')}"
        assert f"rport={client.own[1]}" in client.final(client.ask("OPTIONS", "404", via=rport)).one("Via")


def test_answer_of_an_unread_socket(plain: Serving) -> None:
    """ICMP port unreachable for one client does not hurt the others."""
    gone = Udp(plain.address)
    for _ in range(20):
        gone.put(gone.ask("OPTIONS", "404"))
    gone.close()
    with Udp(plain.address) as client:
        for _ in range(20):
            assert client.alive() < 1


def test_large_udp_response(plain: Serving) -> None:
    with Udp(plain.address) as client:
        routes = [("Record-Route", f"<sip:proxy{number}.client.invalid;lr>") for number in range(300)]
        ask = client.ask("SUBSCRIBE", "200", more=[("Event", "presence"), *routes])
        client.put(ask)
        data = client.raw()
        assert data is not None
        assert len(parsed(data).all("Record-Route")) == 300
