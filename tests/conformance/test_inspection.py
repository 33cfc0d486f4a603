"""What a UAS looks at before anything else (RFC 3261 section 8.2), and how requests may be written (section 7.3)."""

from __future__ import annotations

import pytest

from .judge import complaints
from .serving import Serving
from .session import OFFER
from .wire import Endpoint, Message, endpoint, fresh, parsed

BOTH = pytest.mark.parametrize("transport", ["UDP", "TCP"])


def answer(client: Endpoint, head: list[str], body: bytes = b"") -> Message:
    """What comes for this, written by hand."""
    client.send("\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body)
    while True:
        response = client.receive()
        assert response is not None, head
        if response.status >= 200:
            return response


@BOTH
class TestMethodAndUri:
    @pytest.mark.parametrize("method", ["FOO", "invite", "X-1.2!%*_+`'~"])
    def test_unknown_method(self, plain: Serving, transport: str, method: str) -> None:
        """Section 21.5.2; methods are case-sensitive (7.1)"""
        with endpoint(transport, plain.address) as client:
            ask = client.ask(method, "bob")
            assert not complaints(ask, client.final(ask), client, 501, "Not Implemented")

    @pytest.mark.parametrize(
        "uri", ["mailto:bob@client.invalid", "nobody:knows", "http://client.invalid/", "isbn:2983"]
    )
    def test_unknown_scheme(self, plain: Serving, transport: str, uri: str) -> None:
        """Section 8.2.2.1"""
        with endpoint(transport, plain.address) as client:
            ask = client.ask("OPTIONS", uri=uri)
            assert not complaints(ask, client.final(ask), client, 416, "Unsupported URI Scheme")

    @pytest.mark.parametrize("version", ["SIP/3.0", "SIP/7.0", "SIP/1.0", "SIP/2.1"])
    def test_version(self, plain: Serving, transport: str, version: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask("OPTIONS", "bob")
            client.send(bytes(ask).replace(b" SIP/2.0\r\n", b" " + version.encode() + b"\r\n", 1))
            response = client.until_final(ask)[-1]
            assert not complaints(ask, response, client, 505, "Version Not Supported")

    @pytest.mark.parametrize("version", ["sip/2.0", "Sip/2.0"])
    def test_version_in_any_case(self, plain: Serving, transport: str, version: str) -> None:
        """Section 7.1: "SIP-Version string is case-insensitive" """
        with endpoint(transport, plain.address) as client:
            ask = client.ask("OPTIONS", "404")
            client.send(bytes(ask).replace(b" SIP/2.0\r\n", b" " + version.encode() + b"\r\n", 1))
            assert client.until_final(ask)[-1].status == 404

    @pytest.mark.parametrize(
        "uri",
        [
            "sip:",
            "sip:@b",
            "sip:a@",
            "sip:a b@c",
            "<sip:bob@c>",
            "sip:bob@[::1",
            "sip:bob@c:port",
            "sip:b@c:99999",
            "bob",
        ],
    )
    def test_malformed_uri(self, plain: Serving, transport: str, uri: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask("OPTIONS", uri=uri, to="<sip:bob@c>")
            assert client.final(ask).status in (400, 416)

    def test_max_forwards_of_zero(self, plain: Serving, transport: str) -> None:
        """Section 20.22: of no interest to a UAS"""
        with endpoint(transport, plain.address) as client:
            ask = client.ask("OPTIONS", "bob")
            ask.max_forwards = "0"
            assert client.final(ask).status == 200

    def test_no_max_forwards(self, plain: Serving, transport: str) -> None:
        """Clients of RFC 2543 have none."""
        with endpoint(transport, plain.address) as client:
            ask = client.ask("OPTIONS", "bob")
            ask.max_forwards = ""
            assert client.final(ask).status == 200


@BOTH
class TestRequire:
    """Section 8.2.2.3"""

    def test_unknown_extensions(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            for method in ("INVITE", "OPTIONS", "REGISTER", "MESSAGE"):
                ask = client.ask(method, "bob", more=[("Require", "foo"), ("Require", "100rel, bar")])
                response = client.final(ask)
                assert not complaints(ask, response, client, 420, "Bad Extension")
                assert response.list("Unsupported") == ["foo", "bar"]

    def test_known_ones_in_any_case(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            assert client.final(client.ask("OPTIONS", "bob", more=[("Require", "100REL, Timer")])).status == 200

    def test_proxy_require_is_not_for_us(self, plain: Serving, transport: str) -> None:
        """Section 20.29"""
        with endpoint(transport, plain.address) as client:
            assert client.final(client.ask("OPTIONS", "bob", more=[("Proxy-Require", "foo")])).status == 200

    def test_a_dialled_code_goes_first(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            assert client.final(client.ask("INVITE", "417", more=[("Require", "resource-priority")])).status == 417


@BOTH
class TestContent:
    """Section 8.2.3"""

    def test_unknown_type(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask("INVITE", "bob", body=b"<x/>", content_type="application/x-unknown")
            response = client.final(ask)
            assert not complaints(ask, response, client, 415, "Unsupported Media Type")
            assert "application/sdp" in response.list("Accept")

    def test_unknown_encoding(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask("INVITE", "bob", body=b"\x1f\x8b", more=[("Content-Encoding", "gzip")])
            response = client.final(ask)
            assert not complaints(ask, response, client, 415)
            assert response.list("Accept-Encoding") == ["identity"]

    def test_optional_body(self, plain: Serving, transport: str) -> None:
        """Section 20.11: `handling=optional` is ignored"""
        with endpoint(transport, plain.address) as client:
            more = [("Content-Disposition", "session;handling=optional")]
            ask = client.ask("OPTIONS", "bob", body=b"x", content_type="application/x-unknown", more=more)
            assert client.final(ask).status == 200

    def test_type_is_not_case_sensitive(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask("INVITE", "200", body=OFFER, content_type="Application/SDP ; charset=utf-8")
            ask.content_type = "Application/SDP ; charset=utf-8"
            response = client.final(ask)
            assert response.status == 200
            assert response.one("Content-Type") == "application/sdp"


MISSING = {"From": "From", "To": "To", "Call-ID": "Call-ID", "CSeq": "CSeq"}

BROKEN = {
    "CSeq above 2**31-1": ("CSeq", "4294967296 OPTIONS"),
    "CSeq without method": ("CSeq", "1"),
    "CSeq not a number": ("CSeq", "one OPTIONS"),
    "CSeq negative": ("CSeq", "-1 OPTIONS"),
    "CSeq of another method": ("CSeq", "1 INVITE"),
    "From without closing": ("From", "<sip:a@b;tag=1"),
    "From with open quote": ("From", '"a <sip:a@b>;tag=1'),
    "To of nothing": ("To", ""),
    "To twice in one": ("To", "<sip:a@b>, <sip:c@d>"),
    "Call-ID of two words": ("Call-ID", "a b"),
    "Call-ID empty": ("Call-ID", ""),
    "Max-Forwards not a number": ("Max-Forwards", "many"),
    "Max-Forwards negative": ("Max-Forwards", "-1"),
}


@BOTH
class TestSyntax:
    """Sections 8.2, 21.4.1: 400, with the problem named"""

    @pytest.mark.parametrize("name", MISSING)
    def test_missing_field(self, plain: Serving, transport: str, name: str) -> None:
        with endpoint(transport, plain.address) as client:
            lines = bytes(client.ask("OPTIONS", "bob")).decode().split("\r\n")[:-2]
            response = answer(client, [line for line in lines if not line.startswith(name + ":")])
            assert response.status == 400
            assert name in response.reason

    @pytest.mark.parametrize("what", BROKEN)
    def test_broken_field(self, plain: Serving, transport: str, what: str) -> None:
        name, value = BROKEN[what]
        with endpoint(transport, plain.address) as client:
            lines = bytes(client.ask("OPTIONS", "bob")).decode().split("\r\n")[:-2]
            response = answer(client, [f"{name}: {value}" if line.startswith(name + ":") else line for line in lines])
            assert response.status == 400
            assert response.reason != "Bad Request"

    @pytest.mark.parametrize("name", ["From", "To", "Call-ID", "CSeq", "Max-Forwards"])
    def test_field_twice(self, plain: Serving, transport: str, name: str) -> None:
        with endpoint(transport, plain.address) as client:
            lines = bytes(client.ask("OPTIONS", "bob")).decode().split("\r\n")[:-2]
            again = next(line for line in lines if line.startswith(name + ":"))
            assert answer(client, [*lines, again.replace("1 ", "2 ").replace("alice", "eve")]).status == 400

    def test_line_without_a_colon(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            lines = bytes(client.ask("OPTIONS", "bob")).decode().split("\r\n")[:-2]
            assert answer(client, [*lines, "no colon here"]).status == 400

    def test_largest_cseq(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask("OPTIONS", "404", cseq=2**31 - 1)
            assert not complaints(ask, client.final(ask), client, 404)

    def test_smallest_cseq(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask("OPTIONS", "404", cseq=0)
            assert not complaints(ask, client.final(ask), client, 404)


@BOTH
class TestSpelling:
    """Section 7.3: one request written in many ways"""

    def way(self, client: Endpoint, way: str) -> list[str]:
        via, number = client.via(), fresh()
        plain = {
            "Via": via, "From": "<sip:a@client.invalid>;tag=1", "To": "<sip:486@127.0.0.1>", "Call-ID": number,
            "CSeq": "7 INVITE", "Max-Forwards": "70", "Contact": client.contact, "Content-Length": "0",
        }  # fmt: skip
        compact = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m", "Content-Length": "l"}
        start = ["INVITE sip:486@127.0.0.1 SIP/2.0"]
        if way == "compact":
            return start + [f"{compact.get(name, name)}:{value}" for name, value in plain.items()]
        if way == "capitals":
            return start + [f"{name.upper()} : {value}" for name, value in plain.items()]
        if way == "small":
            return start + [f"{name.lower()}:  {value}  " for name, value in plain.items()]
        if way == "backwards":
            return start + [f"{name}: {value}" for name, value in reversed(plain.items())]
        if way == "folded":
            return start + [f"{name}:\r\n \t{value}".replace(";b", "\r\n ;b") for name, value in plain.items()]
        if way == "spaced":
            plain["Via"] = "SIP / 2.0 / " + via.removeprefix("SIP/2.0/").replace(";", " ; ").replace("=", " = ")
            plain["From"] = "  A.  Lice   <sip:a@client.invalid> ; tag = 1"
            return start + [f"{name}:{value}" for name, value in plain.items()]
        if way == "utf8":
            plain["From"] = '"Ünïcødé \\"π\\" 大" <sip:a@client.invalid>;tag=1'
            plain["Subject"] = "Grüße, 你好"
        if way == "no-brackets":
            plain["To"], plain["From"] = "sip:486@127.0.0.1", "sip:a@client.invalid;tag=1"
        return start + [f"{name}: {value}" for name, value in plain.items()]

    @pytest.mark.parametrize(
        "way", ["plain", "compact", "capitals", "small", "backwards", "folded", "spaced", "utf8", "no-brackets"]
    )
    def test_understood(self, plain: Serving, transport: str, way: str) -> None:
        with endpoint(transport, plain.address) as client:
            lines = self.way(client, way)
            response = answer(client, lines)
            assert (response.status, response.reason) == (486, "Busy Here")
            assert response.one("CSeq").split() == ["7", "INVITE"]
            text = "\n".join(lines)
            assert response.one("Call-ID") in text
            if way == "utf8":
                assert 'Ünïcødé \\"π\\" 大' in response.one("From")
            ack = [line.replace("INVITE", "ACK") for line in lines if not line.lower().startswith(("to", "t:"))]
            client.send("\r\n".join([*ack, "To: " + response.one("To")]).encode() + b"\r\n\r\n")
            client.silence(0.05)

    def test_bytes_that_are_no_utf8_come_back(self, plain: Serving, transport: str) -> None:
        with endpoint(transport, plain.address) as client:
            ask = client.ask("OPTIONS", "404")
            client.send(bytes(ask).replace(b"Alice A.", b"Al\xefce \xff"))
            data = b""
            if transport == "UDP":
                data = client.raw() or b""  # type: ignore[attr-defined]
            else:
                client.socket.settimeout(2)  # type: ignore[attr-defined]
                data = client.socket.recv(65535)  # type: ignore[attr-defined]
            assert data.startswith((b"SIP/2.0 404 ", b"SIP/2.0 400 "))
            assert b'"Al\xefce \xff"' in data


def test_content_length_of_datagrams(plain: Serving) -> None:
    """Section 18.3: what is left over is dropped; a body that is cut short is an error"""
    with endpoint("UDP", plain.address) as client:
        short = client.ask("MESSAGE", "404", body=b"Hello", content_type="text/plain")
        client.send(bytes(short) + b"and more")
        assert client.until_final(short)[-1].status == 404
        cut = client.ask("MESSAGE", "bob", body=b"Hello", content_type="text/plain")
        client.send(bytes(cut)[:-2])
        assert client.until_final(cut)[-1].status == 400
        none = client.ask("MESSAGE", "404", body=b"Hello", content_type="text/plain")
        client.send(bytes(none).replace(b"Content-Length: 5\r\n", b""))
        assert client.until_final(none)[-1].status == 404


def test_datagrams_that_are_no_sip(plain: Serving) -> None:
    with endpoint("UDP", plain.address) as client:
        for data in (
            b"",
            b"\r\n\r\n",
            b"\0\0\0\0",
            b"hello",
            b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"x" * 12,
            b"\xff" * 1400,
        ):
            client.send(data)
        client.silence(0.1)
        client.alive()


def test_line_feeds_alone(plain: Serving) -> None:
    """Tolerated in what comes, never sent."""
    with endpoint("UDP", plain.address) as client:
        ask = client.ask("OPTIONS", "404")
        client.send(bytes(ask).replace(b"\r\n", b"\n"))
        raw = client.raw()  # type: ignore[attr-defined]
        assert parsed(raw).status in (404, 400)
