"""One fault at a time in the form of a request: the rule that names it; and the same request without it breaks none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from bench import BUSY, OK, TCP, UDP, Bench, Caller

from responder.errors import ParseError
from responder.events import Flow
from responder.observe.judge import PASS, Judgement
from responder.observe.rules.rule import MAY, MUST, SHOULD
from responder.sip.digest import Credentials
from responder.sip.framer import FramingError, StreamFramer

from .judging import verdict_on

FIELDS = {
    "INVITE": (
        "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS",
        "Supported: replaces, timer",
        "Date: Sat, 13 Nov 2010 23:29:00 GMT",
        "User-Agent: phone/1.0 (a \\(test\\)) extra",
    ),
    "OPTIONS": ("Accept: application/sdp", "Timestamp: 54.25"),
    "REGISTER": ("Expires: 3600", "Allow-Events: presence"),
    "SUBSCRIBE": ("Event: presence;id=1", "Expires: 3600", "Accept: application/pidf+xml;q=0.5"),
    "MESSAGE": ("Subject: hello", "Content-Disposition: render;handling=optional"),
    "REFER": ("Refer-To: <sip:carol@example.com>", "Referred-By: <sip:alice@example.com>"),
}


class Fault(NamedTuple):
    """A fault and who names it."""

    method: str
    pattern: str
    """What of the right request it changes: a regular expression."""
    becomes: str
    rule: str
    flow: Flow = UDP


def header(name: str) -> str:
    """Its whole line."""
    return rf"(?m)^{name}: .*?\r\n"


FAULTS: dict[str, Fault] = {
    # 7: lines
    "bare LF": Fault("OPTIONS", r"\r\n", "\n", "lines-end-with-crlf"),
    "one bare LF": Fault("INVITE", r"(Max-Forwards: 70)\r\n", "\\1\n", "lines-end-with-crlf"),
    "a bare CR": Fault("OPTIONS", r"(Max-Forwards: 70)\r\n", "\\1\r", "lines-end-with-crlf"),
    "no empty line": Fault("OPTIONS", r"\r\n\r\n\Z", "\r\n", "lines-end-with-crlf"),
    "not UTF-8": Fault("OPTIONS", r'"Alice"', '"J\udcf6rg"', "head-is-utf-8"),
    "a NUL": Fault("OPTIONS", r'"Alice"', '"Al\0ice"', "head-has-no-control-characters"),
    "a line without colon": Fault("OPTIONS", r"Accept: ", "Accept ", "header-fields-have-name-and-colon"),
    "a name with a space": Fault("OPTIONS", r"Max-Forwards", "Max Forwards", "header-fields-have-name-and-colon"),
    "an empty name": Fault("OPTIONS", r"Accept: ", ": ", "header-fields-have-name-and-colon"),
    # 7.1: the Request-Line
    "the URI in <>": Fault("OPTIONS", r" (sip:bob@127.0.0.1) SIP", " <\\1> SIP", "request-line-is-well-formed"),
    "a space in the URI": Fault("OPTIONS", r" sip:bob@", " sip:bo b@", "request-line-is-well-formed"),
    "two spaces": Fault("OPTIONS", r"(OPTIONS) ", "\\1  ", "request-line-is-well-formed"),
    "a tab": Fault("OPTIONS", r" SIP/2.0\r\nVia", "\tSIP/2.0\r\nVia", "request-line-is-well-formed"),
    "white space at its end": Fault("OPTIONS", r" SIP/2.0\r\nVia", " SIP/2.0 \r\nVia", "request-line-is-well-formed"),
    "another version": Fault("OPTIONS", r" SIP/2.0\r\nVia", " SIP/3.0\r\nVia", "request-line-is-well-formed"),
    "a version in lower case": Fault("OPTIONS", r" SIP/2.0\r\nVia", " sip/2.0\r\nVia", "request-line-is-well-formed"),
    "no version": Fault("OPTIONS", r" SIP/2.0\r\nVia", "\r\nVia", "request-line-is-well-formed"),
    "HTTP as version": Fault("OPTIONS", r" SIP/2.0\r\nVia", " HTTP/1.1\r\nVia", "request-line-is-well-formed"),
    "a method in lower case": Fault("OPTIONS", r"OPTIONS", "options", "request-line-is-well-formed"),
    "cut off after the URI": Fault("OPTIONS", r"(?s) SIP/2.0.*", "", "request-line-is-well-formed"),
    "cut off in the head": Fault("OPTIONS", r"(?s)CSeq.*", "", "lines-end-with-crlf"),
    "no method": Fault("OPTIONS", r"\AOPTIONS ", "", "request-line-is-well-formed"),
    # 19.1: URIs
    "headers in the Request-URI": Fault(
        "OPTIONS", r"(sip:bob@127.0.0.1) SIP", "\\1?Subject=hi SIP", "request-uri-has-no-headers"
    ),
    "a method in the Request-URI": Fault(
        "OPTIONS", r"(sip:bob@127.0.0.1) SIP", "\\1;method=INVITE SIP", "request-uri-has-no-headers"
    ),
    "a stray %": Fault("OPTIONS", r"sip:bob@(127.0.0.1) SIP", "sip:b%ob@\\1 SIP", "request-uri-is-well-formed"),
    "no scheme": Fault("OPTIONS", r"sip:(bob@127.0.0.1) SIP", "\\1 SIP", "request-uri-is-well-formed"),
    "a port that is none": Fault("OPTIONS", r"(sip:bob@127.0.0.1) SIP", "\\1:port SIP", "request-uri-is-well-formed"),
    "IPv6 without brackets": Fault(
        "OPTIONS", r"sip:bob@127.0.0.1 SIP", "sip:bob@::1 SIP", "request-uri-is-well-formed"
    ),
    "a URI parameter twice": Fault(
        "OPTIONS", r"(sip:bob@127.0.0.1) SIP", "\\1;transport=udp;transport=udp SIP", "uri-parameters-come-once"
    ),
    "headers in Contact": Fault("INVITE", r"(Contact: <[^>]*)", "\\1?Subject=hi", "addresses-have-no-headers"),
    "headers in From": Fault("INVITE", r"(From: .*?<[^>]*)", "\\1?Subject=hi", "addresses-have-no-headers"),
    "From without <>": Fault(
        "OPTIONS",
        r'From: "Alice" <sip:alice@example.com>',
        "From: sip:alice@example.com;transport=udp",
        "uri-with-parameters-is-in-angle-brackets",
    ),
    "Contact without <>": Fault(
        "INVITE",
        r"Contact: <(.*?)>",
        "Contact: \\1;transport=udp",
        "uri-with-parameters-is-in-angle-brackets",
    ),
    "a question mark without <>": Fault(
        "OPTIONS", r"To: <(.*?)>", "To: \\1?a=b", "uri-with-parameters-is-in-angle-brackets"
    ),
    # 8.1.1: what has to be there
    **{
        f"no {name}": Fault("OPTIONS", header(name), "", f"request-has-{name.lower()}")
        for name in ("Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards")
    },
    "another user in To": Fault("INVITE", r"To: <sip:bob@", "To: <sip:carol@", "request-uri-is-that-of-to"),
    "a To tag": Fault("INVITE", r"(To: [^\r]*)", "\\1;tag=from-nowhere", "request-outside-a-dialog-has-no-to-tag"),
    "no From tag": Fault("INVITE", r"(From: .*?>);tag=[^\r]*", "\\1", "from-has-a-tag"),
    "an empty From tag": Fault("INVITE", r"(From: .*?>;tag=)[^\r]*", "\\1", "from-is-well-formed"),
    "a From tag of one digit": Fault("INVITE", r"(From: .*?>;tag=)[^\r]*", "\\g<1>1", "from-tag-is-random"),
    "a CSeq of another method": Fault("OPTIONS", r"CSeq: 1 OPTIONS", "CSeq: 1 INVITE", "cseq-has-the-method"),
    "a CSeq that is too large": Fault("OPTIONS", r"CSeq: 1 ", "CSeq: 2147483648 ", "cseq-is-below-2-31"),
    "a CSeq that is much too large": Fault("OPTIONS", r"CSeq: 1 ", "CSeq: 98765432109876 ", "cseq-is-below-2-31"),
    "a negative CSeq": Fault("OPTIONS", r"CSeq: 1 ", "CSeq: -1 ", "cseq-is-well-formed"),
    "a CSeq without method": Fault("OPTIONS", r"CSeq: 1 OPTIONS", "CSeq: 1", "cseq-is-well-formed"),
    "a CSeq without number": Fault("OPTIONS", r"CSeq: 1 OPTIONS", "CSeq: OPTIONS", "cseq-is-well-formed"),
    "few Max-Forwards": Fault("OPTIONS", r"Max-Forwards: 70", "Max-Forwards: 5", "max-forwards-is-70"),
    "no Max-Forwards left": Fault("OPTIONS", r"Max-Forwards: 70", "Max-Forwards: 0", "max-forwards-is-70"),
    "too many Max-Forwards": Fault("OPTIONS", r"Max-Forwards: 70", "Max-Forwards: 256", "max-forwards-is-well-formed"),
    "negative Max-Forwards": Fault("OPTIONS", r"Max-Forwards: 70", "Max-Forwards: -1", "max-forwards-is-well-formed"),
    "a branch without cookie": Fault("OPTIONS", r"branch=z9hG4bK", "branch=", "branch-begins-with-the-cookie"),
    "a branch of the cookie alone": Fault(
        "OPTIONS", r"branch=[^\r]*", "branch=z9hG4bK", "branch-begins-with-the-cookie"
    ),
    "no branch": Fault("OPTIONS", r";branch=[^\r]*", "", "branch-begins-with-the-cookie"),
    "another protocol in Via": Fault("OPTIONS", r"Via: SIP/", "Via: HTTP/", "via-has-protocol-and-version"),
    "another version in Via": Fault("OPTIONS", r"Via: SIP/2.0", "Via: SIP/1.0", "via-has-protocol-and-version"),
    "another transport in Via": Fault("OPTIONS", r"2.0/UDP", "2.0/TCP", "via-names-the-transport"),
    "a sent-by that is nowhere": Fault("OPTIONS", r"UDP 192.0.2.10", "UDP 0.0.0.0", "via-says-where-to-answer"),
    "a port of zero in Via": Fault("OPTIONS", r"(UDP 192.0.2.10):5062", "\\1:0", "via-says-where-to-answer"),
    "no sent-by": Fault("OPTIONS", r"UDP 192.0.2.10:5062;", "UDP ;", "via-is-well-formed"),
    "rport with a value": Fault("OPTIONS", r";branch", ";rport=5062;branch", "rport-is-asked-for-without-value"),
    "no Contact": Fault("INVITE", header("Contact"), "", "request-for-a-dialog-has-one-contact"),
    "no Contact in SUBSCRIBE": Fault("SUBSCRIBE", header("Contact"), "", "request-for-a-dialog-has-one-contact"),
    "no Contact in REFER": Fault("REFER", header("Contact"), "", "request-for-a-dialog-has-one-contact"),
    "two Contacts": Fault(
        "INVITE", r"(Contact: [^\r]*)", "\\1, <sip:other@192.0.2.10>", "request-for-a-dialog-has-one-contact"
    ),
    "two rows of Contact": Fault(
        "INVITE", r"(Contact: [^\r]*)", "\\1\r\nContact: <sip:a@192.0.2.1>", "request-for-a-dialog-has-one-contact"
    ),
    "a star as Contact": Fault("INVITE", r"Contact: .*", "Contact: *\r", "request-for-a-dialog-has-one-contact"),
    "a tel Contact": Fault("INVITE", r"Contact: .*", "Contact: <tel:+1>\r", "request-for-a-dialog-has-one-contact"),
    "a Contact that is nowhere": Fault(
        "INVITE", r"(Contact: <sip:alice@).*", "\\g<1>0.0.0.0>\r", "contact-can-be-reached"
    ),
    "sips with a sip Contact": Fault("INVITE", r"(?<=INVITE )sip:", "sips:", "sips-request-has-a-sips-contact"),
    "an unknown extension supported": Fault("INVITE", r"timer", "x-ours", "supported-extensions-are-standards"),
    "an unknown extension required": Fault(
        "OPTIONS", r"(Accept)", "Require: x-ours\r\n\\1", "required-extensions-are-standards"
    ),
    "an unknown extension required of proxies": Fault(
        "OPTIONS", r"(Accept)", "Proxy-Require: x-ours\r\n\\1", "required-extensions-are-standards"
    ),
    # 11.1, 13.2.1, 18, 20.14, 20.15
    "OPTIONS without Accept": Fault("OPTIONS", header("Accept"), "", "options-has-accept"),
    "INVITE without Allow": Fault("INVITE", header("Allow"), "", "invite-has-allow"),
    "INVITE without Supported": Fault("INVITE", header("Supported"), "", "invite-has-supported"),
    "an Allow without ACK": Fault("INVITE", r"INVITE, ACK, BYE", "INVITE, BYE", "allow-has-every-method"),
    "a Contact in MESSAGE": Fault(
        "MESSAGE", r"(Subject)", "Contact: <sip:a@192.0.2.10>\r\n\\1", "message-has-no-contact"
    ),
    "a ttl for no multicast": Fault("OPTIONS", r";branch", ";ttl=1;branch", "maddr-and-ttl-are-for-multicast"),
    "a large MESSAGE": Fault("MESSAGE", r"hello\r", "hello" * 300 + "\r", "message-is-small", TCP),
    "a large datagram": Fault("INVITE", r"(User-Agent: )", "\\1" + "long " * 300, "large-request-goes-by-a-stream"),
    "a body of unknown type": Fault("MESSAGE", header("Content-Type"), "", "body-has-a-content-type"),
    "a Content-Length that is too small": Fault(
        "MESSAGE", r"Content-Length: \d+", "Content-Length: 2", "content-length-is-right"
    ),
    "a Content-Length that is too large": Fault(
        "MESSAGE", r"Content-Length: \d+", "Content-Length: 200", "content-length-is-right"
    ),
    "a negative Content-Length": Fault(
        "MESSAGE", r"Content-Length: \d+", "Content-Length: -1", "content-length-is-well-formed"
    ),
    "a Content-Length that is no number": Fault(
        "MESSAGE", r"Content-Length: \d+", "Content-Length: all", "content-length-is-well-formed"
    ),
    "no Content-Length by UDP": Fault("MESSAGE", header("Content-Length"), "", "request-has-content-length"),
    "no Content-Length by TCP": Fault(
        "MESSAGE", header("Content-Length"), "", "request-on-a-stream-has-content-length", TCP
    ),
    "a small Content-Length by TCP": Fault(
        "MESSAGE", r"Content-Length: \d+", "Content-Length: 2", "content-length-is-right", TCP
    ),
    "a large Content-Length by TCP": Fault(
        "MESSAGE", r"Content-Length: \d+", "Content-Length: 200", "content-length-is-right", TCP
    ),
    # 7.3.1
    **{
        f"two {name}": Fault(method, rf"({name}: .*?\r\n)", "\\1\\1", "single-fields-come-once")
        for method, name in (
            *(("OPTIONS", name) for name in ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Timestamp")),
            *(("INVITE", name) for name in ("Date", "User-Agent")),
            *(("MESSAGE", name) for name in ("Content-Type", "Content-Length", "Subject", "Content-Disposition")),
            *(("SUBSCRIBE", "Expires"), ("REFER", "Referred-By")),
        )
    },
    "two Event": Fault("SUBSCRIBE", r"(Event: .*?\r\n)", "\\1\\1", "subscribe-has-one-event"),
    "two Refer-To": Fault("REFER", r"(Refer-To: .*?\r\n)", "\\1\\1", "refer-has-one-refer-to"),
    "two From tags": Fault("OPTIONS", r"(From: .*?;tag=[^\r]*)", "\\1;tag=another", "parameters-come-once"),
    "two branches": Fault("OPTIONS", r"(;branch=[^\r]*)", "\\1\\1", "parameters-come-once"),
    "credentials in one row": Fault(
        "OPTIONS",
        r"(Accept)",
        'Authorization: Digest username="a", realm="r", nonce="n", uri="sip:bob@127.0.0.1", '
        f'response="{"0" * 32}", Digest username="a", realm="s", nonce="n", uri="sip:bob@127.0.0.1", '
        f'response="{"0" * 32}"\r\n\\1',
        "credentials-have-rows-of-their-own",
    ),
    # 20: what has no place
    "a Contact in BYE": Fault("BYE", r"(Max-F)", "Contact: <sip:a@192.0.2.10>\r\n\\1", "fields-fit-the-method"),
    "a Record-Route in REGISTER": Fault(
        "REGISTER", r"(Expires)", "Record-Route: <sip:192.0.2.10;lr>\r\n\\1", "fields-fit-the-method"
    ),
    "an Alert-Info in OPTIONS": Fault(
        "OPTIONS", r"(Accept)", "Alert-Info: <http://example.com/a>\r\n\\1", "fields-fit-the-method"
    ),
    "a Server in a request": Fault("OPTIONS", r"(Accept)", "Server: ours\r\n\\1", "request-has-no-fields-of-responses"),
    "a Warning in a request": Fault(
        "OPTIONS", r"(Accept)", 'Warning: 399 h "t"\r\n\\1', "request-has-no-fields-of-responses"
    ),
    # 20, 25.1 and who added fields: values
    **{
        f"a malformed {name}: {value}": Fault(
            method,
            rf"(?m)^{name}: [^\r]*" if present else r"(Max-F)",
            f"{name}: {value}" if present else f"{name}: {value}\r\n\\1",
            f"{name.lower()}-is-well-formed",
        )
        for method, present, name, value in (
            ("OPTIONS", True, "Via", "SIP/2.0/UDP"),
            ("OPTIONS", True, "Via", "192.0.2.10:5062;branch=z9hG4bK1"),
            ("OPTIONS", True, "Via", "SIP/2.0/UDP ::1;branch=z9hG4bK1"),
            ("OPTIONS", True, "Via", "SIP/2.0/UDP 192.0.2.10:99999;branch=z9hG4bK1"),
            ("OPTIONS", True, "From", "alice"),
            ("OPTIONS", True, "From", "Alice, Inc. <sip:alice@example.com>;tag=from1"),
            ("OPTIONS", True, "From", '"Alice <sip:alice@example.com>;tag=from1'),
            ("OPTIONS", True, "From", "<sip:alice@example.com;tag=from1"),
            ("OPTIONS", True, "To", "bob"),
            ("OPTIONS", True, "To", "<>"),
            ("OPTIONS", True, "Call-ID", "two words"),
            ("OPTIONS", True, "Call-ID", ""),
            ("OPTIONS", True, "Call-ID", "a@b@c"),
            ("OPTIONS", True, "Max-Forwards", "many"),
            ("INVITE", True, "Contact", "192.0.2.10"),
            ("REGISTER", True, "Contact", "<sip:alice@192.0.2.10>;q=2"),
            ("REGISTER", True, "Contact", "<sip:alice@192.0.2.10>;expires=soon"),
            ("REGISTER", True, "Contact", "<sip:alice@192.0.2.10>;expires=-1"),
            ("REGISTER", True, "Expires", "-1"),
            ("REGISTER", True, "Expires", "1 hour"),
            ("REGISTER", True, "Expires", "4294967296"),
            ("INVITE", False, "Expires", "Thu, 01 Dec 1994 16:00:00 GMT"),
            ("MESSAGE", True, "Content-Type", "text"),
            ("MESSAGE", True, "Content-Type", "multipart/mixed"),
            ("MESSAGE", True, "Content-Disposition", "; handling=optional"),
            ("MESSAGE", False, "Content-Encoding", "g zip"),
            ("MESSAGE", False, "Content-Language", "in_english"),
            ("OPTIONS", False, "Route", "sip:192.0.2.10;lr"),
            ("OPTIONS", False, "Record-Route", "sip:192.0.2.10;lr"),
            ("OPTIONS", False, "Require", ""),
            ("OPTIONS", False, "Require", "100 rel"),
            ("OPTIONS", False, "Proxy-Require", "a b"),
            ("INVITE", True, "Supported", "replaces timer"),
            ("INVITE", True, "Allow", "INVITE ACK BYE"),
            ("INVITE", True, "User-Agent", "phone: ours"),
            ("INVITE", True, "User-Agent", ""),
            ("OPTIONS", True, "Accept", "sdp"),
            ("OPTIONS", False, "Accept-Encoding", "g zip"),
            ("OPTIONS", False, "Accept-Language", "e n"),
            ("OPTIONS", False, "Call-Info", "http://example.com/a"),
            ("INVITE", False, "Alert-Info", "http://example.com/a"),
            ("INVITE", False, "In-Reply-To", "two words"),
            ("INVITE", False, "Priority", "very urgent"),
            ("INVITE", False, "Reply-To", "bob"),
            ("OPTIONS", True, "Timestamp", "now"),
            ("MESSAGE", False, "MIME-Version", "one"),
            ("INVITE", False, "Reason", "cause=200"),
            ("INVITE", False, "Privacy", "id, header"),
            ("INVITE", False, "Session-Expires", "1800 s"),
            ("INVITE", False, "Min-SE", "-90"),
            ("INVITE", False, "Replaces", "call@host;to-tag=1"),
            ("INVITE", False, "P-Asserted-Identity", "alice"),
            ("SUBSCRIBE", True, "Event", "two words"),
            ("REGISTER", True, "Allow-Events", "two words"),
            ("REFER", True, "Refer-To", "carol"),
            ("REFER", True, "Referred-By", "alice"),
            ("REGISTER", False, "Path", "sip:192.0.2.10;lr"),
            ("PUBLISH", False, "SIP-If-Match", "two words"),
            ("PRACK", False, "RAck", "1 INVITE"),
            ("INFO", False, "Info-Package", "two words"),
            ("INVITE", False, "Recv-Info", "two words"),
            ("NOTIFY", False, "Subscription-State", ""),
            ("INVITE", False, "Join", "call@host;to-tag=1"),
            ("INVITE", False, "P-Preferred-Identity", "alice"),
        )
    },
    "a Date of another zone": Fault("INVITE", r"GMT", "EST", "date-is-in-gmt"),
    "a Date by ISO": Fault("INVITE", r"Date: .*", "Date: 2010-11-13T23:29:00Z\r", "date-is-in-gmt"),
    "a Replaces twice": Fault(
        "INVITE",
        r"(Date)",
        "Replaces: a;to-tag=1;from-tag=2\r\nReplaces: b;to-tag=1;from-tag=2\r\n\\1",
        "replaces-names-one-dialog",
    ),
}


def written(method: str, flow: Flow) -> tuple[Caller, bytes]:
    """A right request."""
    caller = Caller(flow=flow, uri="sip:127.0.0.1" if method == "REGISTER" else "sip:bob@127.0.0.1")
    if method == "INVITE":
        return caller, caller.invite(*FIELDS[method])
    if method == "MESSAGE":
        return caller, caller.request(method, *FIELDS[method], body=b"hello", content_type="text/plain")
    return caller, caller.request(method, *FIELDS.get(method, ()), contact=method in ("REGISTER", "REFER", "SUBSCRIBE"))


def judged(caller: Caller, data: bytes, flow: Flow) -> Judgement:
    """What the rules say of a client that sends that, and acknowledges what has to be."""
    bench = Bench(BUSY, plans={"*": (OK,)}, unchecked=("all",))
    bench.hostile = True
    error: ParseError | None = None
    frames: list[object] = [data]
    framer = StreamFramer()
    if flow.reliable:
        try:
            frames = list(framer.feed(data))
        except FramingError as found:
            error = found
            bench.engine.rejected(found, found.head, flow, 0.0)
    for frame in frames if error is None else ():
        assert isinstance(frame, bytes)
        for one in bench.receive(frame, flow)[-1:]:
            if one.what == "486":
                bench.receive(caller.ack_refusal(one), flow)
    if framer.rest:
        bench.engine.rejected(ParseError("Connection ended within a message"), b"", flow, 0.0, framer.rest)
    bench.receive(b"\r\n\r\n", flow)  # collects what there is to report
    return verdict_on(bench)


def broken(judgement: Judgement, *levels: str) -> Iterator[str]:
    for one in judgement.violations(*(levels or (MUST, SHOULD, MAY))):
        yield one.rule.id


@pytest.mark.parametrize("flow", [UDP, TCP], ids=["UDP", "TCP"])
@pytest.mark.parametrize("method", [*FIELDS])
def test_the_right_request_breaks_nothing(method: str, flow: Flow) -> None:
    caller, data = written(method, flow)
    assert list(broken(judged(caller, data, flow))) == []


WELL_FORMED = (
    ("OPTIONS", "Accept-Encoding", "gzip;q=0.5, identity"),
    ("OPTIONS", "Accept-Language", "da, en-gb;q=0.8, *;q=0.1"),
    ("INVITE", "Call-Info", "<http://example.com/alice.jpg>;purpose=icon, <http://example.com/>;purpose=info"),
    ("INVITE", "In-Reply-To", "70710@saturn.example.com, 17320"),
    ("INVITE", "MIME-Version", "1.0"),
    ("INVITE", "Reply-To", "Alice <sip:alice@example.com>"),
    ("BYE", "Reason", 'Q.850;cause=16;text="Terminated", SIP;cause=200'),
    ("REGISTER", "Path", "<sip:p3.example.com;lr>, <sip:p1.example.com;lr>"),
    ("INVITE", "P-Asserted-Identity", '"Alice" <sip:alice@example.com>, tel:+14085264000'),
    ("INVITE", "P-Preferred-Identity", '"Alice" <sip:alice@example.com>'),
)
"""Values as RFCs have them, of fields that the right requests do without."""


@pytest.mark.parametrize(("method", "name", "value"), WELL_FORMED, ids=[name for _, name, _ in WELL_FORMED])
def test_what_is_well_formed_breaks_nothing(method: str, name: str, value: str) -> None:
    caller, data = written(method, UDP)
    judgement = judged(caller, data.replace(b"Max-Forwards", f"{name}: {value}\r\nMax-Forwards".encode(), 1), UDP)
    (one,) = [one for one in judgement.judged if one.rule.id == f"{name.lower()}-is-well-formed"]
    assert one.verdict == PASS


RESPELT: dict[str, Callable[[str], str]] = {
    "folded": lambda text: re.sub(r"(?m)^([A-Z][A-Za-z-]+): ", "\\1:\r\n ", text),
    "upper case": lambda text: re.sub(r"(?m)^([A-Z][A-Za-z-]+): ", lambda found: found[0].upper(), text),
    "lower case": lambda text: re.sub(r"(?m)^([A-Z][A-Za-z-]+): ", lambda found: found[0].lower(), text),
    "white space": lambda text: re.sub(r"(?m)^([A-Z][A-Za-z-]+): ", "\\1 \t:\t ", text),
    "no white space": lambda text: re.sub(r"(?m)^([A-Z][A-Za-z-]+): ", "\\1:", text),
    "compact": lambda text: re.sub(
        r"(?m)^(Via|From|To|Call-ID|Contact|Content-Type|Content-Length|Supported|Subject|Event|Refer-To): ",
        lambda found: (
            {
                "Via": "v",
                "From": "f",
                "To": "t",
                "Call-ID": "i",
                "Contact": "m",
                "Content-Type": "c",
                "Content-Length": "l",
                "Supported": "k",
                "Subject": "s",
                "Event": "o",
                "Refer-To": "r",
            }[found[1]]
            + ": "
        ),
        text,
    ),
    "CRLF first": lambda text: "\r\n\r\n" + text,
}


@pytest.mark.parametrize("spelling", RESPELT)
@pytest.mark.parametrize("method", [*FIELDS])
def test_every_spelling_that_is_legal_breaks_nothing(method: str, spelling: str) -> None:
    caller, data = written(method, UDP)
    head, _, body = data.partition(b"\r\n\r\n")
    respelt = RESPELT[spelling](head.decode() + "\r\n\r\n").encode() + body
    assert respelt != data
    assert list(broken(judged(caller, respelt, UDP))) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_is_named(fault: str) -> None:
    method, pattern, becomes, rule, flow = FAULTS[fault]
    caller, data = written(method, flow)
    text = data.decode()
    wrong = re.sub(pattern, becomes, text, count=0 if fault == "bare LF" else 1)
    assert wrong != text
    assert rule in list(broken(judged(caller, wrong.encode("utf-8", "surrogateescape"), flow)))


def test_credentials_in_rows_of_their_own_are_right() -> None:
    caller = Caller()
    rows = [
        "Authorization: "
        + str(Credentials(username="a", realm=realm, nonce="n", uri="sip:bob@127.0.0.1", response="0" * 32))
        for realm in ("one", "two")
    ]
    found = list(broken(judged(caller, caller.request("OPTIONS", "Accept: application/sdp", *rows), UDP)))
    assert "credentials-have-rows-of-their-own" not in found


@pytest.mark.parametrize(("pause", "answered"), [(0.1, False), (0.1, True), (33.0, False)])
def test_one_message_at_a_time(pause: float, answered: bool) -> None:
    bench = Bench(plans={"MESSAGE": (OK,) if answered else ("stay",)}, unchecked=("all",))
    for number in (1, 2):
        bench.receive(Caller(number).request("MESSAGE", body=b"hello", content_type="text/plain"))
        bench.run(pause)
    assert ("one-message-at-a-time" in broken(verdict_on(bench))) == (not answered and pause < 1)
