"""What the messages of RFC 4475 and RFC 5118 get, byte for byte as the RFCs print them, over UDP and TCP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .grammar import faults
from .serving import Serving
from .wire import ClosedError, Endpoint, Message, Tcp, Udp

FOLDER = Path(__file__).parent.parent / "torture"

SILENCE: set[int] = set()
ACCEPTED = {200}

EXPECTED: dict[str, set[int]] = {
    # RFC 4475 section 3.1.1, valid
    "wsinv": {481, 200},  # 12.2.2: its To has the tag of a dialog that is not known here
    "intmeth": {501},
    "esc01": ACCEPTED,
    "escnull": ACCEPTED,
    "esc02": {501},
    "lwsdisp": ACCEPTED,
    "longreq": ACCEPTED,
    "dblreq": ACCEPTED,
    "semiuri": ACCEPTED,
    "transports": ACCEPTED,
    "mpart01": {200, 202, 415},
    "unreason": SILENCE,
    "noreason": SILENCE,
    # section 3.1.2, invalid
    "badinv01": {400},
    "clerr": {400},
    "ncl": {400},
    "scalar02": {400},
    "scalarlg": SILENCE,
    "quotbal": {400},
    "ltgtruri": {400},
    "lwsruri": {400},
    "lwsstart": {400, 200, 415},
    "trws": {400, 200},
    "escruri": {400, 200},
    "baddate": {400, 200},
    "regbadct": {400, 200},
    "badaspec": {400, 200},
    "baddn": {400, 200},
    "badvers": {505},
    "mismatch01": {400},
    "mismatch02": {501, 400},
    "bigcode": SILENCE,
    # section 3.2, transaction layer
    "badbranch": {400, 200},
    # section 3.3, application layer
    "insuf": {400},
    "unkscm": {416},
    "novelsc": {416, 404},
    "unksm2": {400},
    "bext01": {420},
    "invut": {415},
    "regaut01": {200, 401, 405},
    "multi01": {400},
    "mcl01": {400},
    "bcast": SILENCE,
    "zeromf": ACCEPTED,
    "cparam01": ACCEPTED,
    "cparam02": ACCEPTED,
    "regescrt": ACCEPTED,
    "sdp01": {406, 400},
    # section 3.4, backward compatibility
    "inv2543": ACCEPTED,
    # RFC 5118 section 4
    "ipv6-good": ACCEPTED,
    "ipv6-bad": {400},
    "port-ambiguous": ACCEPTED,
    "port-unambiguous": ACCEPTED,
    "via-received-param-with-delim": {481},  # a BYE without a dialog
    "via-received-param-no-delim": ACCEPTED,
    "ipv6-in-sdp": {200, 488},
    "mult-ip-in-header": {481},
    "mult-ip-in-sdp": {200, 488},
    "ipv4-mapped-ipv6": {200, 488},
    "ipv6-bug-abnf-3-colons": ACCEPTED,
    "ipv6-correct-abnf-2-colons": ACCEPTED,
}

ON_STREAMS: dict[str, set[int]] = {
    "clerr": SILENCE,  # 3.1.2.2: the rest of the body may come yet
    "inv2543": {400},  # RFC 3261 section 18.3: a stream needs Content-Length
}
"""What differs on a stream."""

CLOSING = {"ncl", "mcl01", "inv2543"}
"""Where a stream ends, for nobody knows where the next message begins (RFC 4475 sections 3.1.2.3 and 3.3.9)."""


def top_via(data: bytes) -> tuple[str, int]:
    """Host and port of the first Via, read as loosely as can be."""
    field = re.search(rb"(?im)^(?:v|via)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)", data)
    assert field
    found = re.search(rb"/\s*[A-Za-z]+\s+(\[[^\]]*\]|[\w.-]+)\s*(?::\s*(\d+))?", field[1].replace(b"\r\n", b""))
    assert found
    return found[1].decode(), int(found[2] or 5060)


def call_id(data: bytes) -> str:
    found = re.search(rb"(?im)^(?:i|call-id)[ \t]*:[ \t]*(.*?)[ \t]*\r?$", data)
    return found[1].decode() if found else ""


def answers(client: Endpoint, data: bytes, wanted: set[int]) -> list[Message]:
    """What comes for it, until a final response; nothing may where silence is wanted."""
    client.send(data)
    found: list[Message] = []
    while True:
        response = client.receive(2.0 if wanted else 0.1)
        if response is None:
            return found
        if response.status and call_id(data) in ("", *response.all("Call-ID")):
            found.append(response)
            if response.status >= 200:
                return found


def judged(name: str, data: bytes, found: list[Message], wanted: set[int]) -> list[str]:
    statuses = [response.status for response in found]
    if not wanted:
        return [f"{name}: {statuses} instead of silence"] if found else []
    if not found or statuses[-1] not in wanted:
        return [f"{name}: {statuses} instead of {sorted(wanted)}"]
    last = found[-1]
    problems = [] if name in ("intmeth", "badinv01", "insuf", "badvers", "wsinv") else faults(last)
    return [f"{name}: {last.start}: {problem}" for problem in problems if not copied_from(data, problem)]


def copied_from(data: bytes, problem: str) -> bool:
    """A faulty From, To or Via that is sent back as it came is the sender's fault."""
    return problem.startswith(("From:", "To:", "Via:", "CSeq:", "Call-ID:"))


@pytest.fixture(scope="module")
def one_server() -> Iterator[Serving]:
    """The server that gets all of them over UDP, in the order of their names."""
    with Serving() as serving:
        yield serving


@pytest.fixture(scope="module")
def other_server() -> Iterator[Serving]:
    """The server that gets all of them over TCP."""
    with Serving() as serving:
        yield serving


def test_table_is_whole() -> None:
    assert {path.stem for path in FOLDER.glob("*.dat")} == EXPECTED.keys()
    assert len(EXPECTED) == 49 + 12


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_over_udp(one_server: Serving, name: str) -> None:
    data = (FOLDER / f"{name}.dat").read_bytes()
    _, port = top_via(data)
    with Udp(one_server.address, host="127.0.0.50", port=port) as client:
        found = answers(client, data, EXPECTED[name])
        assert not judged(name, data, found, EXPECTED[name])
    with Udp(one_server.address) as other:
        other.alive()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_over_tcp(other_server: Serving, name: str) -> None:
    data = (FOLDER / f"{name}.dat").read_bytes()
    wanted = ON_STREAMS.get(name, EXPECTED[name])
    with Tcp(other_server.address) as client:
        found = answers(client, data, wanted)
        assert not judged(name, data, found, wanted)
        if name in CLOSING:
            assert client.closed(1)
        elif name not in ("clerr", "dblreq"):
            client.alive()
    with Tcp(other_server.address) as other:
        other.alive()


def test_extra_octets_are_another_request_on_a_stream(one_server: Serving) -> None:
    """RFC 4475 section 3.1.1.8"""
    with Tcp(one_server.address) as client:
        data = (FOLDER / "dblreq.dat").read_bytes().replace(b"dblreq.", b"dblreq.again.").replace(b"kkdjuw", b"kagain")
        client.send(data)
        seen = {}
        while len(seen) < 2:
            try:
                response = client.receive()
            except ClosedError:
                break
            assert response is not None
            if response.status >= 200:
                seen[response.one("CSeq").split()[1]] = response.status
        assert seen["REGISTER"] == 200
        assert seen["INVITE"] in (200, 400, 488)  # "m =video" in its body


@pytest.mark.parametrize("name", ["badvers", "invut", "mult-ip-in-header"])
def test_the_same_bytes_by_another_transport(name: str) -> None:
    """RFC 3261 section 18.2.2: the answer to what came by TCP goes back by TCP."""
    data = (FOLDER / f"{name}.dat").read_bytes()
    with Serving() as serving:
        with Udp(serving.address, host="127.0.0.50", port=top_via(data)[1]) as client:
            assert answers(client, data, EXPECTED[name])
        with Tcp(serving.address) as client:
            assert answers(client, data, EXPECTED[name])


def test_bindings_of_the_registrar(one_server: Serving) -> None:
    """RFC 4475 sections 3.3.12, 3.3.13, 3.3.14, 3.1.1.4: URI parameters and headers are kept, others are not"""
    with Udp(one_server.address, host="127.0.0.50", port=5060) as client:
        for name in ("cparam01", "cparam02", "regescrt", "escnull"):
            data = (
                (FOLDER / f"{name}.dat").read_bytes().replace(b"branch=z9hG4bK", b"branch=z9hG4bKfetch" + name.encode())
            )
            data = re.sub(rb"(?i)Call-ID: ", b"Call-ID: again.", data)
            answer = answers(client, data, ACCEPTED)[-1]
            contacts = answer.list("Contact")
            if name == "cparam02":
                assert any("sip:+19725552222@gw1.example.net;unknownparam>" in contact for contact in contacts)
            elif name == "cparam01":
                assert any("<sip:+19725552222@gw1.example.net>" in contact for contact in contacts)
            elif name == "regescrt":
                assert any("?Route=%3Csip:sip.example.com%3E>" in contact for contact in contacts)
            else:
                assert {uri for contact in contacts for uri in re.findall(r"<([^>]*)>", contact)} == {
                    "sip:%00@host5.example.com",
                    "sip:%00%00@host5.example.com",
                }


def test_420_names_the_required_and_not_the_proxies(one_server: Serving) -> None:
    """RFC 4475 section 3.3.5"""
    data = (FOLDER / "bext01.dat").read_bytes().replace(b"bext01.", b"again.").replace(b"kkdjuw", b"kagain2")
    with Tcp(one_server.address) as client:
        answer = answers(client, data, {420})[-1]
        assert answer.list("Unsupported") == ["nothingSupportsThis", "nothingSupportsThisEither"]


def test_invut_says_what_is_acceptable(one_server: Serving) -> None:
    """RFC 4475 section 3.3.6"""
    data = (FOLDER / "invut.dat").read_bytes().replace(b"invut.", b"again.").replace(b"kkdjuw", b"kagain3")
    with Tcp(one_server.address) as client:
        assert "application/sdp" in answers(client, data, {415})[-1].list("Accept")
