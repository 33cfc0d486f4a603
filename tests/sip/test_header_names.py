"""RFC 3261 sections 7.3.1, 7.3.3 and 20"""

from __future__ import annotations

import pytest

from responder.sip.header_names import compact, display, is_list, key

SPELLINGS = [
    # KEY, display, compact, is it a list
    ("via", "Via", "v", True),
    ("from", "From", "f", False),
    ("to", "To", "t", False),
    ("call-id", "Call-ID", "i", False),
    ("cseq", "CSeq", None, False),
    ("contact", "Contact", "m", True),
    ("content-length", "Content-Length", "l", False),
    ("content-type", "Content-Type", "c", False),
    ("content-encoding", "Content-Encoding", "e", True),
    ("supported", "Supported", "k", True),
    ("subject", "Subject", "s", False),
    ("event", "Event", "o", False),
    ("allow-events", "Allow-Events", "u", True),
    ("refer-to", "Refer-To", "r", False),
    ("referred-by", "Referred-By", "b", False),
    ("session-expires", "Session-Expires", "x", False),
    ("min-se", "Min-SE", None, False),
    ("rseq", "RSeq", None, False),
    ("rack", "RAck", None, False),
    ("www-authenticate", "WWW-Authenticate", None, False),
    ("authorization", "Authorization", None, False),
    ("proxy-authenticate", "Proxy-Authenticate", None, False),
    ("proxy-authorization", "Proxy-Authorization", None, False),
    ("mime-version", "MIME-Version", None, False),
    ("sip-etag", "SIP-ETag", None, False),
    ("sip-if-match", "SIP-If-Match", None, False),
    ("date", "Date", None, False),
    ("user-agent", "User-Agent", None, False),
    ("record-route", "Record-Route", None, True),
    ("p-asserted-identity", "P-Asserted-Identity", None, True),
    ("x-nobody-knows", "X-Nobody-Knows", None, False),
]


@pytest.mark.parametrize(("name", "shown", "letter", "many"), SPELLINGS)
def test_each_name_in_every_direction(name: str, shown: str, letter: str | None, many: bool) -> None:
    assert display(name) == shown
    assert compact(name) == letter
    assert is_list(name) is many
    for spelling in (name, shown, shown.upper(), f"{shown} ", f"{shown}\t"):
        assert key(spelling) == name
    if letter:
        assert key(letter) == key(letter.upper()) == name


def test_remembering_is_bounded() -> None:
    for number in range(10_000):
        assert key(f"X-{number}") == f"x-{number}"
    assert key("V") == "via"
