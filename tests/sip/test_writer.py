"""RFC 3261 sections 7.3.3, 20.14"""

from __future__ import annotations

import pytest

from responder.sip.parser import parse
from responder.sip.writer import compacted, write, write_request, write_response, written

from . import plain


def test_request_and_response() -> None:
    assert write_request("OPTIONS", "sip:a@b", [("To", "<sip:a@b>")]) == (
        b"OPTIONS sip:a@b SIP/2.0\r\nTo: <sip:a@b>\r\nContent-Length: 0\r\n\r\n"
    )
    assert write_response(486, "Busy Here", [], b"body") == b"SIP/2.0 486 Busy Here\r\nContent-Length: 4\r\n\r\nbody"


@pytest.mark.parametrize("name", ["Content-Length", "content-length", "l", "CONTENT-LENGTH "])
def test_content_length_is_exact_where_it_stands(name: str) -> None:
    data = write("SIP/2.0 200 OK", [("A", "1"), (name, "77"), ("B", "2"), ("l", "78")], "é".encode())
    assert data == f"SIP/2.0 200 OK\r\nA: 1\r\n{name}: 2\r\nB: 2\r\n\r\né".encode()


def test_unmeasured() -> None:
    assert write("SIP/2.0 200 OK", [("L", "9")], b"x", measured=False) == b"SIP/2.0 200 OK\r\nL: 9\r\n\r\nx"
    assert write("SIP/2.0 200 OK", [], b"x", measured=False) == b"SIP/2.0 200 OK\r\n\r\nx"


def test_compact() -> None:
    fields = [("Via", "a"), ("f", "b"), ("CSeq", "c"), ("Session-Expires", "d"), ("X-Y", "e")]
    assert compacted(fields) == [("v", "a"), ("f", "b"), ("CSeq", "c"), ("x", "d"), ("X-Y", "e")]
    assert write_response(200, "OK", [("Via", "a")], compact=True) == b"SIP/2.0 200 OK\r\nv: a\r\nl: 0\r\n\r\n"


def test_every_byte_survives() -> None:
    value = bytes(code for code in range(256) if code not in b"\r\n").decode("utf-8", "surrogateescape")
    data = write("SIP/2.0 200 OK", [("X", value)], b"")
    assert value.encode("utf-8", "surrogateescape") in data


@pytest.mark.parametrize("fields", [{}, {"Content-Length": "0"}, {"X-A": "\udcff  a", "Subject": ""}, {"l": "0"}])
def test_parsed_and_written_again(fields: dict[str, str | None]) -> None:
    data = plain.text(fields)
    assert written(parse(data)) == data
