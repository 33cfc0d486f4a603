"""RFC 3261 sections 7, 18.3 and 25.1: one datagram to one message"""

from __future__ import annotations

import pytest

from responder.errors import ParseError
from responder.sip.message import Request, Response, shape_of
from responder.sip.parser import parse

from . import plain


def request(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def response(data: bytes) -> Response:
    message = parse(data)
    assert isinstance(message, Response)
    return message


class TestStartLine:
    """7.1, 7.2"""

    def test_request(self) -> None:
        message = request(plain.text())
        assert (message.method, message.uri, message.version) == ("INVITE", "sip:bob@example.org", "SIP/2.0")
        assert message.start_line == "INVITE sip:bob@example.org SIP/2.0"
        assert message.problem is None

    @pytest.mark.parametrize(
        ("line", "status", "reason"),
        [
            ("SIP/2.0 200 OK", 200, "OK"),
            ("SIP/2.0 404 Not Found", 404, "Not Found"),
            ("SIP/2.0 100 ", 100, ""),
            ("SIP/2.0 100", 100, ""),
            ("sip/2.0 699 x", 699, "x"),
            ("SIP/2.0 200 \xe9\u4e2d", 200, "\xe9\u4e2d"),
        ],
    )
    def test_response(self, line: str, status: int, reason: str) -> None:
        message = response(plain.text(line=line))
        assert (message.status, message.reason, message.problem) == (status, reason, None)

    @pytest.mark.parametrize(
        "line",
        ["SIP/2.0 99 x", "SIP/2.0 700 x", "SIP/2.0 2000 x", "SIP/2.0 2x0 y", "SIP/2.0 -20 x", "SIP/2.0 OK", "SIP/2.0",
         "SIP/3.0 200 OK", "SIP/ 200 OK", "SIP/2.0 \u0662\u0660\u0660 OK"],
    )  # fmt: skip
    def test_hopeless_responses(self, line: str) -> None:
        with pytest.raises(ParseError):
            parse(plain.text(line=line))

    @pytest.mark.parametrize(
        "data",
        [b"", b"\r\n", b"\r\n\r\n", b"\0", b"hello", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"INVITE sip:a@b\r\n\r\n",
         b"INVITE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\xff" * 100, b" SIP/2.0\r\n\r\n"],
    )  # fmt: skip
    def test_not_sip(self, data: bytes) -> None:
        with pytest.raises(ParseError):
            parse(data)

    @pytest.mark.parametrize(
        ("line", "status"),
        [
            ("INVITE sip:a@b SIP/3.0", 505),
            ("INVITE sip:a@b SIP/2.1", 505),
            ("INVITE sip:a@b SIP/two", 400),
            ("INVITE sip:a@b SIP/2.0 ", 400),
            (" INVITE sip:a@b SIP/2.0", 400),
            ("INVITE  sip:a@b SIP/2.0", 400),
            ("INVITE\tsip:a@b SIP/2.0", 400),
            ("INVITE sip:a@b ;x SIP/2.0", 400),
            ("INV(TE sip:a@b SIP/2.0", 400),
            ("INVITE sip:\x01@b SIP/2.0", 400),
            ("INVITE sip:\0@b SIP/2.0", 400),
        ],
    )
    def test_answerable_faults(self, line: str, status: int) -> None:
        message = request(plain.text(line=line))
        assert message.problem is not None
        assert message.problem.status == status
        assert message.top_via.branch == "z9hG4bK-1-2-3"

    def test_version_without_regard_to_case(self) -> None:
        assert request(plain.text(line="INVITE sip:a@b sip/2.0")).problem is None

    def test_crlf_ahead_of_it(self) -> None:
        """7.5"""
        assert request(b"\r\n\r\n" + plain.text()).problem is None


class TestHeaderFields:
    """7.3.1"""

    def test_folding(self) -> None:
        message = request(plain.text({"Subject": "I know\r\n\tyou're there,\r\n   pick up  ", "X-A": ""}))
        assert message.first("subject") == "I know you're there, pick up"
        assert message.first("x-a") == ""
        assert message.problem is None

    def test_folded_by_one_who_then_sends_plain(self) -> None:
        folded, unfolded = plain.text({"Subject": "a\r\n b"}), plain.text({"Subject": "a b"})
        for data in (folded, unfolded, folded):
            assert request(data).first("subject") == "a b"

    def test_spelling_and_compact_forms(self) -> None:
        message = request(b"OPTIONS sip:a SIP/2.0\r\nv: x\r\nFROM : y\r\ni:z\r\n\r\n")
        assert (message.first("via"), message.first("from"), message.first("call-id")) == ("x", "y", "z")
        assert message.get("Call-ID") == message.get("I") == "z"
        assert "cAll-id" in message
        assert "To" not in message
        assert message.get("To") is None
        assert list(message.fields()) == [("v", "x"), ("FROM", "y"), ("i", "z")]

    def test_lines_of_one_list_are_joined_in_order(self) -> None:
        message = request(
            b"OPTIONS sip:a SIP/2.0\r\nRoute: <sip:a;x=1,2>\r\nSubject: a, b\r\nRoute: <sip:b>, "
            b'"c, d" <sip:c>\r\nWWW-Authenticate: Digest a="b", c=d\r\n\r\n'
        )
        assert message.every("route") == ["<sip:a;x=1,2>", "<sip:b>", '"c, d" <sip:c>']
        assert message.every("subject") == ["a, b"]
        assert message.every("www-authenticate") == ['Digest a="b", c=d']
        assert message.every("via") == []

    def test_bytes_survive(self) -> None:
        message = request(plain.text({"X-A": "\udcff\udcfe é"}))
        assert message.first("x-a") == "\udcff\udcfe é"
        assert message.problem is None

    def test_no_break_space_is_no_white_space(self) -> None:
        assert request(plain.text({"X-A": "\xa0a\xa0"})).first("x-a") == "\xa0a\xa0"

    @pytest.mark.parametrize(
        "line",
        ["no colon", ": no name", "a b: c", "a(b: c", "Subject", "é: x", "X-A: \x01", "X-A: a\0b", "X-A: \x7f",
         "X-A: a\rb", 'X-A: "\x01"', "X-A: \\\x01"],
    )  # fmt: skip
    def test_answerable_faults(self, line: str) -> None:
        for _ in range(2):
            message = request(plain.text({"Subject": "x"}).replace(b"Subject: x", line.encode()))
            assert message.problem is not None
            assert message.problem.status == 400
            assert message.call_id == "1-2@192.0.2.1"

    def test_a_line_without_colon_differs_from_an_empty_value(self) -> None:
        empty, none = b"Subject: x", b"Subject"
        data = plain.text({"Subject": "x"})
        assert request(data.replace(empty, b"Subject:")).problem is None
        assert request(data.replace(empty, none)).problem is not None

    @pytest.mark.parametrize("code", [0, 1, 7, 9, 11, 12, 27, 31, 127])
    def test_control_characters_in_quoted_pairs(self, code: int) -> None:
        """25.1, RFC 4475 section 3.1.1.2"""
        message = request(plain.text({"From": f'"a\\{chr(code)}b" <sip:a@b>;tag=1'}))
        assert message.problem is None
        assert message.from_.display == f"a{chr(code)}b"

    def test_white_space_before_the_first(self) -> None:
        message = request(b"OPTIONS sip:a SIP/2.0\r\n x: y\r\nTo: b\r\n\r\n")
        assert message.problem is not None
        assert message.first("to") == "b"


class TestBareLineFeeds:
    def test_throughout(self) -> None:
        message = request(plain.text({"Content-Length": "2"}).replace(b"\r\n", b"\n") + b"hi")
        assert message.problem is None
        assert (message.call_id, message.body) == ("1-2@192.0.2.1", b"hi")

    def test_here_and_there(self) -> None:
        message = request(b"OPTIONS sip:a SIP/2.0\nTo: b\r\nFrom: c\n\r\nbody\r\n\r\n")
        assert (message.problem, message.first("to"), message.body) == (None, "b", b"body\r\n\r\n")


class TestBody:
    """18.3, 20.14"""

    # Content-Length, body in the datagram, body of the message, is it a problem
    LENGTHS = [
        ("0", b"", b"", False),
        ("4", b"body", b"body", False),
        ("   0004 ", b"body", b"body", False),
        ("2", b"body", b"bo", False),
        ("0", b"body", b"", False),
        (None, b"body", b"body", False),
        ("5", b"body", b"body", True),
        ("-1", b"body", b"body", True),
        ("+4", b"body", b"body", True),
        ("4x", b"body", b"body", True),
        ("", b"body", b"body", True),
        ("4_0", b"body" * 10, b"body" * 10, True),
        ("\u0664", b"body", b"body", True),
        ("9" * 5000, b"body", b"body", True),
        ("4, 4", b"body", b"body", True),
    ]

    @pytest.mark.parametrize(("length", "sent", "body", "wrong"), LENGTHS)
    def test_content_length(self, length: str | None, sent: bytes, body: bytes, wrong: bool) -> None:
        for _ in range(2):
            message = request(plain.text({"Content-Length": length}) + sent)
            assert (message.body, message.problem is not None) == (body, wrong)

    def test_several(self) -> None:
        for first, second, wrong in (("4", "4", False), ("4", "3", True), ("3", "4", True)):
            data = plain.text({"Content-Length": first, "l": second}) + b"body"
            assert (request(data).problem is not None) is wrong

    def test_binary(self) -> None:
        body = bytes(range(256))
        assert request(plain.text({"Content-Length": "256"}) + body).body == body

    def test_no_empty_line(self) -> None:
        message = request(plain.text().rstrip(b"\r\n"))
        assert message.problem is not None
        assert message.max_forwards == 70

    def test_no_header_fields(self) -> None:
        assert request(b"OPTIONS sip:a SIP/2.0\r\n\r\n").shape.names == ()


class TestShape:
    def test_one_object_for_the_same_names(self) -> None:
        one, other = request(plain.text()), request(plain.text({"To": "<sip:x@y>"}))
        assert one.shape is other.shape
        assert one.shape is not request(plain.text({"To": None})).shape

    def test_positions(self) -> None:
        shape = shape_of(("Via", "v", "To", "X-a"))
        assert shape.keys == ("via", "via", "to", "x-a")
        assert shape.index == {"via": 0, "to": 2, "x-a": 3}
        assert shape.every == {"via": (0, 1), "to": (2,), "x-a": (3,)}

    def test_remembering_is_bounded(self) -> None:
        for number in range(3000):
            message = request(f"OPTIONS sip:a SIP/2.0\r\nX-{number}: a\r\n\r\n".encode())
            assert message.first(f"x-{number}") == "a"
