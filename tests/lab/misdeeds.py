"""Two hundred and more ways of doing one thing wrong, each with the sections that a reader of the RFC would cite.

A fault is data: its name, what it is, which section says so, and in which case of a sweep it shows. Most change a
header of one kind of message on its way out (`Edit`); of the others only the name stands here, and the client asks
`wrong(name)` where it would do right.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """What is changed in every message whose roles include all words of `where`."""

    where: str
    header: str
    """A header name, `start` for the first line, or `body`."""
    pattern: str
    """A regular expression, replaced once in each line; empty: a line is added; `*`: the header is dropped."""
    becomes: str = ""


@dataclass(frozen=True)
class Where:
    """A case of a sweep in which the fault shows."""

    code: str
    method: str = "INVITE"
    variant: str = "plain"
    transport: str = "udp"
    options: str = ""
    """What else the client is told, such as `--no-offer`."""


@dataclass(frozen=True)
class Fault:
    """One deviation from an RFC."""

    name: str
    says: str
    rfc: tuple[str, ...]
    """Sections: a rule that cites one of them has found it."""
    level: str
    shows: tuple[Where, ...]
    edits: tuple[Edit, ...] = ()
    deaf: str = ""
    """A regular expression: messages that have it are not heard."""


_SIP = "RFC 3261 "
TABLE: list[Fault] = []


def _fault(
    name: str,
    says: str,
    rfc: str,
    *shows: Where,
    edits: tuple[Edit, ...] = (),
    level: str = "MUST",
    deaf: str = "",
) -> None:
    """`rfc`: sections of RFC 3261; others with the RFC's number before a slash, as in `3262/4`."""
    cited = tuple(
        _SIP + part if "/" not in part else "RFC {} {}".format(*part.split("/"))
        for part in rfc.replace(",", "").split()
    )
    TABLE.append(Fault(name, says, cited, level, shows, edits, deaf))


def _should(name: str, says: str, rfc: str, *shows: Where, edits: tuple[Edit, ...] = ()) -> None:
    _fault(name, says, rfc, *shows, edits=edits, level="SHOULD")


def _edit(*parts: str) -> tuple[Edit, ...]:
    return (Edit(*parts),)


BUSY, FINE, RINGS = Where("486"), Where("200"), Where("487", "CANCEL")
HANGS_UP, HOLDS = Where("200", "BYE"), Where("200", "re-INVITE")
ROUTE = "--route <sip:{host}:{port};lr>"
TAG = r";tag=[^;]*"
NUMBER, URI, TARGET = r"^\d+", r" sips?:[^ ]+ ", r" sip:nobody@127.0.0.1 "

# ACK to a failure: 17.1.1.3

_ACK = "ACK failure"
_fault("ack-failure-never", "no ACK to a refusal", "17.1.1.2 17.1.1.3", BUSY)
_fault(
    "ack-failure-new-branch",
    "the ACK has a branch of its own",
    "17.1.1.3",
    BUSY,
    edits=_edit(_ACK, "Via", "branch=z9hG4bK", "branch=z9hG4bKother"),
)
_fault(
    "ack-failure-other-uri",
    "the ACK goes to another Request-URI",
    "17.1.1.3",
    BUSY,
    edits=_edit(_ACK, "start", URI, TARGET),
)
_fault(
    "ack-failure-other-cseq",
    "the ACK has another CSeq number",
    "17.1.1.3",
    BUSY,
    edits=_edit(_ACK, "CSeq", NUMBER, "4711"),
)
_fault(
    "ack-failure-cseq-method",
    "the CSeq of the ACK says INVITE",
    "17.1.1.3 8.1.1.5 20.16",
    BUSY,
    edits=_edit(_ACK, "CSeq", "ACK$", "INVITE"),
)
_fault(
    "ack-failure-without-to-tag",
    "the To of the ACK lacks the tag of the response",
    "17.1.1.3",
    BUSY,
    edits=_edit(_ACK, "To", TAG),
)
_fault(
    "ack-failure-other-to-tag",
    "the To of the ACK has a tag of its own",
    "17.1.1.3",
    BUSY,
    edits=_edit(_ACK, "To", TAG, ";tag=other"),
)
_fault(
    "ack-failure-other-from-tag",
    "the From of the ACK is not that of the INVITE",
    "17.1.1.3",
    BUSY,
    edits=_edit(_ACK, "From", TAG, ";tag=other"),
)
_fault(
    "ack-failure-other-call-id",
    "the ACK has a Call-ID of its own",
    "17.1.1.3",
    BUSY,
    edits=_edit(_ACK, "Call-ID", "^.*$", "{random}"),
)
_fault(
    "ack-failure-two-vias",
    "the ACK has two Via",
    "17.1.1.3",
    BUSY,
    edits=_edit(_ACK, "Via", "$", ", SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKsecond"),
)
_fault(
    "ack-failure-with-require",
    "the ACK to a refusal requires an extension",
    "8.2.2.3",
    BUSY,
    edits=_edit(_ACK, "Require", "", "100rel"),
)
_fault(
    "ack-failure-without-max-forwards",
    "the ACK lacks Max-Forwards",
    "8.1.1 8.1.1.6",
    BUSY,
    edits=_edit(_ACK, "Max-Forwards", "*"),
)
_should(
    "ack-failure-with-body",
    "the ACK to a refusal has a body",
    "17.1.1.3",
    BUSY,
    edits=(Edit(_ACK, "Content-Type", "", "text/plain"), Edit(_ACK, "body", "^", "bye")),
)
_fault(
    "ack-failure-without-route",
    "the ACK lacks the Route of its INVITE",
    "17.1.1.3",
    Where("486", options=ROUTE),
    edits=_edit(_ACK, "Route", "*"),
)
_fault("ack-failure-not-repeated", "a refusal that is seen again gets no ACK", "17.1.1.2 17.1.1.3", BUSY)
_fault("ack-failure-doubled", "a refusal gets two ACKs", "17.1.1.2 17.1.1.3", BUSY)
_fault(
    "ack-failure-missing-over-tcp", "no ACK to a refusal over TCP", "17.1.1.2 17.1.1.3", Where("486", transport="tcp")
)
_fault(
    "ack-failure-without-credentials",
    "the ACK lacks the credentials of its INVITE",
    "22.1",
    Where("401"),
    edits=_edit(_ACK, "Authorization", "*"),
)
for _class, _code in (("6xx", "604"), ("3xx", "302"), ("challenges", "401"), ("unknown-codes", "499"), ("503", "503"),
                      ("422", "422")):  # fmt: skip
    _fault(f"ack-missing-for-{_class}", f"no ACK to {_class}", "17.1.1.2 17.1.1.3", Where(_code))
_fault("ack-missing-for-487", "no ACK to the 487 after CANCEL", "17.1.1.2 17.1.1.3", RINGS)
_fault("ack-for-provisional", "a 180 is acknowledged", "17.1.1.2 21.1 13.2.2.1 17.1.1.3", BUSY)
_fault(
    "ack-for-other-methods",
    "the 200 to OPTIONS is acknowledged",
    "17.1.2 17.1.2.1 17.1.2.2 17 17.1 17.1.1 17.1.1.3",
    Where("200", "OPTIONS"),
    Where("486", "OPTIONS"),
)

# ACK to a 2xx: 13.2.2.4

_ACK = "ACK success"
_fault("ack-2xx-never", "no ACK to a 200", "13.2.2.4", FINE)
_fault(
    "ack-2xx-in-the-old-transaction",
    "the ACK to a 200 has the branch of the INVITE",
    "13.2.2.4 8.1.1.7 17 17.1 17.1.1.3",
    FINE,
)
_fault(
    "ack-2xx-to-the-first-uri",
    "the ACK goes to the URI that was dialled, not to the Contact",
    "12.2.1.1 13.2.2.4",
    FINE,
)
_fault(
    "ack-2xx-other-cseq",
    "the ACK has another CSeq number than its INVITE",
    "13.2.2.4",
    FINE,
    edits=_edit(_ACK, "CSeq", NUMBER, "4711"),
)
_fault(
    "ack-2xx-cseq-method",
    "the CSeq of the ACK says INVITE",
    "13.2.2.4 8.1.1.5 20.16",
    FINE,
    edits=_edit(_ACK, "CSeq", "ACK$", "INVITE"),
)
_fault(
    "ack-2xx-without-to-tag",
    "the ACK to a 200 lacks the To tag",
    "12.2.1.1 13.2.2.4",
    FINE,
    edits=_edit(_ACK, "To", TAG),
)
_fault(
    "ack-2xx-other-from-tag",
    "the ACK to a 200 has another From tag",
    "12.2.1.1 13.2.2.4",
    FINE,
    edits=_edit(_ACK, "From", TAG, ";tag=other"),
)
_fault(
    "ack-2xx-other-call-id",
    "the ACK to a 200 has another Call-ID",
    "12.2.1.1 13.2.2.4",
    FINE,
    edits=_edit(_ACK, "Call-ID", "^.*$", "{random}"),
)
_fault("ack-2xx-not-repeated", "a 200 that is seen again gets no ACK", "13.2.2.4", FINE)
_fault("ack-2xx-repeated-with-other-cseq", "the second ACK to a 200 has the next CSeq", "13.2.2.4", FINE)
_fault(
    "ack-2xx-without-route",
    "the ACK to a 200 lacks the route set",
    "12.2.1.1 13.2.2.4",
    FINE,
    edits=_edit(_ACK, "Route", "*"),
)
_fault(
    "ack-2xx-without-credentials",
    "the ACK to a 200 lacks the credentials of the INVITE",
    "13.2.2.4 22.1 22.3",
    Where("407"),
    edits=_edit(_ACK, "Proxy-Authorization", "*"),
)
_fault(
    "ack-2xx-without-max-forwards",
    "the ACK to a 200 lacks Max-Forwards",
    "8.1.1 8.1.1.6 12.2.1.1",
    FINE,
    edits=_edit(_ACK, "Max-Forwards", "*"),
)
_fault(
    "ack-2xx-two-cseq", "the ACK to a 200 has CSeq twice", "7.3.1 20.16", FINE, edits=_edit(_ACK, "CSeq", "", "1 ACK")
)
_fault("ack-missing-for-reinvite", "no ACK to the 200 of a re-INVITE", "13.2.2.4 14.1", HOLDS)
_fault(
    "unknown-2xx-ignored", "a 299 to an INVITE is no success, and not acknowledged", "8.1.3.2 13.2.2.4", Where("299")
)

# CANCEL: 9.1

_fault("cancel-before-provisional", "CANCEL before any response", "9.1", Where("408"), Where("486", variant="delayed"))
_fault(
    "cancel-new-branch",
    "CANCEL has a branch of its own",
    "9.1",
    RINGS,
    edits=_edit("CANCEL", "Via", "branch=z9hG4bK", "branch=z9hG4bKother"),
)
_fault("cancel-other-uri", "CANCEL has another Request-URI", "9.1", RINGS, edits=_edit("CANCEL", "start", URI, TARGET))
_fault(
    "cancel-next-cseq", "CANCEL has another CSeq number", "9.1", RINGS, edits=_edit("CANCEL", "CSeq", NUMBER, "4711")
)
_fault(
    "cancel-cseq-of-invite",
    "the CSeq of CANCEL says INVITE",
    "9.1 8.1.1.5 20.16",
    RINGS,
    edits=_edit("CANCEL", "CSeq", "CANCEL$", "INVITE"),
)
_fault("cancel-with-to-tag", "CANCEL has a To tag", "9.1", RINGS, edits=_edit("CANCEL", "To", "$", ";tag=early"))
_fault(
    "cancel-other-from-tag",
    "CANCEL has another From tag",
    "9.1",
    RINGS,
    edits=_edit("CANCEL", "From", TAG, ";tag=other"),
)
_fault("cancel-without-from-tag", "CANCEL has no From tag", "9.1 8.1.1.3", RINGS, edits=_edit("CANCEL", "From", TAG))
_fault(
    "cancel-other-call-id",
    "CANCEL has another Call-ID",
    "9.1",
    RINGS,
    edits=_edit("CANCEL", "Call-ID", "^.*$", "{random}"),
)
_fault(
    "cancel-two-vias",
    "CANCEL has two Via",
    "9.1",
    RINGS,
    edits=_edit("CANCEL", "Via", "$", ", SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKsecond"),
)
_fault(
    "cancel-with-require",
    "CANCEL requires an extension",
    "9.1 8.2.2.3",
    RINGS,
    edits=_edit("CANCEL", "Require", "", "100rel"),
)
_fault(
    "cancel-with-proxy-require",
    "CANCEL requires an extension of proxies",
    "9.1 8.2.2.3",
    RINGS,
    edits=_edit("CANCEL", "Proxy-Require", "", "foo"),
)
_should("cancel-after-final", "CANCEL after the final response", "9.1", BUSY)
_should("cancel-of-another-method", "OPTIONS is cancelled", "9.1 9", Where("408", "OPTIONS"))
_fault(
    "cancel-without-route",
    "CANCEL lacks the Route of its INVITE",
    "9.1",
    Where("487", "CANCEL", options=ROUTE),
    edits=_edit("CANCEL", "Route", "*"),
)
_fault(
    "cancel-never-retransmitted",
    "a CANCEL without answer is not sent again",
    "17.1.2.2 9.1",
    Where("487", "CANCEL", "lossy"),
)
_fault(
    "cancel-without-max-forwards",
    "CANCEL lacks Max-Forwards",
    "8.1.1 8.1.1.6 9.1",
    RINGS,
    edits=_edit("CANCEL", "Max-Forwards", "*"),
)
_fault(
    "cancel-crossed-by-200-kept",
    "the 200 that crossed CANCEL is acknowledged, and no BYE follows",
    "13.2.2.4 15 15.1 15.1.1 9.1",
    Where("200", "CANCEL"),
)
_fault("bye-after-a-failure", "BYE after a refused INVITE", "15 15.1.1 12.3 13.2.2.3", BUSY)

# Retransmissions and transports: 17.1, 18

SILENT, SILENT_OPTIONS = Where("408"), Where("408", "OPTIONS")
for _kind, _case, _rfc in (("invite", SILENT, "17.1.1.2"), ("request", SILENT_OPTIONS, "17.1.2.2")):
    _tcp = Where("408", _case.method, transport="tcp")
    _fault(f"{_kind}-never-retransmitted", "nothing is sent again over UDP", _rfc, _case)
    _fault(f"{_kind}-retransmission-not-doubled", "copies come every 500 ms", _rfc, _case)
    _fault(f"{_kind}-retransmitted-too-soon", "copies come every 100 ms", _rfc, _case)
    _fault(f"{_kind}-given-up-after-one-second", "after one copy it is given up", _rfc + " 8.1.3.1", _case)
    _fault(f"{_kind}-retransmission-with-new-branch", "copies have new branches", _rfc + " 17.1.1 8.1.1.7 17.1", _case)
    _fault(
        f"{_kind}-retransmission-with-new-cseq",
        "copies have new CSeq numbers",
        _rfc + " 8.1.1.5 8.1.1.7 17.1.1 17.1",
        _case,
    )
    _should(f"tcp-{_kind}-retransmitted", "copies are sent over TCP, too", _rfc, _tcp)
_fault("invite-retransmission-changed", "copies of the INVITE differ from it", "17.1.1.2 17.1.1", SILENT)
_should(
    "invite-retransmitted-after-provisional",
    "the INVITE is sent again after a 180",
    "17.1.1.2 17.1.1",
    Where("487"),
    Where("180"),
)
_fault(
    "request-retransmitted-after-final",
    "OPTIONS is sent again after its 200",
    "17.1.2.2",
    Where("200", "OPTIONS"),
    Where("486", "OPTIONS"),
)
_fault(
    "request-retransmitted-fast-after-provisional",
    "OPTIONS is sent again as before after a 100",
    "17.1.2.2",
    Where("100", "OPTIONS"),
)
_fault(
    "invite-too-large-for-udp",
    "an INVITE of 2,700 bytes goes over UDP",
    "18.1.1",
    BUSY,
    edits=_edit("INVITE", "Subject", "", "large " * 400),
)
_fault(
    "tcp-without-content-length",
    "OPTIONS over TCP lacks Content-Length",
    "18.3 20.14",
    Where("200", "OPTIONS", transport="tcp"),
    edits=_edit("OPTIONS", "Content-Length", "*"),
)
_fault(
    "content-length-too-large",
    "Content-Length says more than there is",
    "18.3 20.14",
    BUSY,
    edits=_edit("INVITE initial", "Content-Length", "^.*$", "9999"),
)
_fault(
    "tcp-via-says-udp",
    "the Via of a request over TCP says UDP",
    "18.1.1",
    Where("486", transport="tcp"),
    edits=_edit("INVITE", "Via", "/TCP", "/UDP"),
)
_fault(
    "via-ttl-too-large",
    "the ttl of the Via is 300",
    "18.1.1 20.42 25.1",
    BUSY,
    edits=_edit("INVITE", "Via", "$", ";ttl=300"),
)
_fault("prack-never-retransmitted", "a PRACK without answer is not sent again", "17.1.2.2", Where("183"))
_fault("bye-never-retransmitted", "a BYE without answer is not sent again", "17.1.2.2", Where("200", "BYE", "lossy"))

# The form of requests: 7, 8.1.1, 20, 25


def _form(name: str, says: str, rfc: str, *edit: str, shows: Where = BUSY, should: bool = False) -> None:
    (_should if should else _fault)(
        f"form-{name}", says, rfc, shows, edits=_edit(edit[0] or "INVITE initial", *edit[1:])
    )


_form("without-max-forwards", "no Max-Forwards", "8.1.1 8.1.1.6", "", "Max-Forwards", "*")
_form("max-forwards-text", "Max-Forwards is no number", "20.22 25.1 8.1.1.6", "", "Max-Forwards", "^.*$", "many")
_form("max-forwards-too-large", "Max-Forwards is 300", "20.22 25.1 8.1.1.6", "", "Max-Forwards", "^.*$", "300")
_form("max-forwards-ten", "Max-Forwards begins with 10", "8.1.1.6", "", "Max-Forwards", "^.*$", "10", should=True)
_form("two-max-forwards", "Max-Forwards twice", "7.3.1 20.22", "", "Max-Forwards", "", "70")
_form("without-from-tag", "From has no tag", "8.1.1.3", "", "From", TAG)
_form("from-tag-empty", "the tag of From is empty", "8.1.1.3 19.3 25.1", "", "From", TAG, ";tag=")
_form("two-from", "From twice", "7.3.1", "", "From", "", "<sip:other@example.com>;tag=2")
_form("to-tag", "the To of a first request has a tag", "8.1.1.2", "", "To", "$", ";tag=none")
_form(
    "to-of-another",
    "To is not the Request-URI",
    "8.1.1.1",
    "",
    "To",
    "<sip:[^>]*>",
    "<sip:somebody@example.com>",
    should=True,
)
_form("without-to", "no To", "8.1.1 8.1.1.2", "", "To", "*")
_form("without-from", "no From", "8.1.1 8.1.1.3", "", "From", "*")
_form("without-call-id", "no Call-ID", "8.1.1 8.1.1.4", "", "Call-ID", "*")
_form("without-cseq", "no CSeq", "8.1.1 8.1.1.5", "", "CSeq", "*")
_form("without-via", "no Via", "8.1.1 8.1.1.7", "", "Via", "*")
_form("branch-without-cookie", "the branch does not begin with z9hG4bK", "8.1.1.7", "", "Via", "z9hG4bK", "x")
_form("without-branch", "no branch", "8.1.1.7", "", "Via", ";branch=[^;]*")
_fault(
    "form-branch-reused",
    "the INVITE, its ACK and the BYE have one branch",
    "8.1.1.7",
    HANGS_UP,
    edits=tuple(
        Edit(where, "Via", "branch=[^;]*", "branch=z9hG4bKalways") for where in ("INVITE initial", "ACK success", "BYE")
    ),
)
_form("via-version", "the Via says SIP/1.0", "8.1.1.7 7.1", "", "Via", "SIP/2.0", "SIP/1.0")
_form("rport-with-value", "the rport of a request has a value", "3581/3 3581/5", "", "Via", ";rport", ";rport=5060")
_fault(
    "form-call-id-reused",
    "two calls have one Call-ID",
    "8.1.1.4",
    Where("486", options="--calls 2"),
)
_form("cseq-method", "the CSeq says another method", "8.1.1.5 20.16", "", "CSeq", "INVITE$", "OPTIONS")
_form("cseq-too-large", "the CSeq number is 2**31 and more", "8.1.1.5", "", "CSeq", NUMBER, "4294967295")
_form("cseq-text", "the CSeq number is none", "20.16 25.1 8.1.1.5", "", "CSeq", NUMBER, "one")
_form("without-contact", "an INVITE without Contact", "8.1.1.8 12.1.2", "", "Contact", "*")
_form("two-contacts", "an INVITE with two Contacts", "8.1.1.8", "", "Contact", "$", ", <sip:alice@192.0.2.9>")
_form("contact-star", "the Contact of an INVITE is *", "8.1.1.8 20.10", "", "Contact", "^.*$", "*")
_form("version", "the request line says SIP/1.0", "7.1", "", "start", "SIP/2.0", "SIP/1.0")
_form("uri-in-brackets", "the Request-URI stands in angle brackets", "7.1", "", "start", URI, " <sip:486@127.0.0.1> ")
_form("uri-with-header", "the Request-URI has a header", "19.1.1", "", "start", " SIP/", "?Subject=x SIP/")
_form(
    "uri-with-method", "the Request-URI has a method parameter", "19.1.1", "", "start", " SIP/", ";method=INVITE SIP/"
)
_form("two-spaces", "two spaces in the request line", "7.1 25.1", "", "start", " ", "  ")
_form("body-without-type", "a body without Content-Type", "7.4.1 20.15 7.4", "", "Content-Type", "*")
_form("without-allow", "an INVITE without Allow", "13.2.1", "", "Allow", "*", should=True)
_form("without-supported", "an INVITE without Supported", "13.2.1", "", "Supported", "*", should=True)
_form(
    "options-without-accept",
    "OPTIONS without Accept",
    "11.1",
    "OPTIONS",
    "Accept",
    "*",
    shows=Where("200", "OPTIONS"),
    should=True,
)
_form(
    "message-with-contact",
    "MESSAGE with Contact",
    "3428/4",
    "MESSAGE",
    "Contact",
    "",
    "<sip:alice@192.0.2.9>",
    shows=Where("200", "MESSAGE"),
)
_form("date", "a Date that is none", "20.17 25.1", "", "Date", "", "yesterday")
_form("date-zone", "a Date that is not in GMT", "20.17 25.1", "", "Date", "", "Sat, 13 Nov 2010 23:29:00 CET")
_form("expires-negative", "Expires below zero", "20.19 25.1", "", "Expires", "", "-1")
_form(
    "quote-open",
    "the display name of From has an open quote",
    "25.1 20.20 7.3.1 20 20.10",
    "",
    "From",
    '"Alice"',
    '"Alice',
)
_form("colon-missing", "a header line without colon", "7.3.1 7.3 25.1", "", "User-Agent", "^.*$", "x\r\nnonsense")
_form("content-length-text", "Content-Length is no number", "20.14 25.1", "", "Content-Length", "^.*$", "some")
_fault(
    "message-waits-not",
    "a second MESSAGE before the first is answered",
    "3428/8",
    Where("100", "MESSAGE"),
    Where("408", "MESSAGE"),
)

# Dialogs: 12, 14, 15

_fault("dialog-cseq-stays", "BYE has the CSeq number of the INVITE", "12.2.1.1", HANGS_UP)
_fault("dialog-cseq-skips", "CSeq numbers in the dialog have gaps", "12.2.1.1", HANGS_UP)
_fault("dialog-cseq-falls", "BYE has a lower CSeq number", "12.2.1.1", HANGS_UP)
_fault(
    "dialog-bye-without-to-tag", "BYE has no To tag", "12.2.1.1 15.1.1 15 15.1", HANGS_UP, edits=_edit("BYE", "To", TAG)
)
_fault(
    "dialog-bye-other-to-tag",
    "BYE has another To tag",
    "12.2.1.1 15.1.1",
    HANGS_UP,
    edits=_edit("BYE", "To", TAG, ";tag=other"),
)
_fault(
    "dialog-bye-other-from-tag",
    "BYE has another From tag",
    "12.2.1.1 15.1.1",
    HANGS_UP,
    edits=_edit("BYE", "From", TAG, ";tag=other"),
)
_fault(
    "dialog-bye-without-from-tag",
    "BYE has no From tag",
    "12.2.1.1 8.1.1.3 15.1.1",
    HANGS_UP,
    edits=_edit("BYE", "From", TAG),
)
_fault(
    "dialog-bye-other-call-id",
    "BYE has another Call-ID",
    "12.2.1.1 15.1.1",
    HANGS_UP,
    edits=_edit("BYE", "Call-ID", "^.*$", "{random}"),
)
_fault(
    "dialog-bye-other-from",
    "BYE comes from another URI",
    "12.2.1.1",
    HANGS_UP,
    edits=_edit("BYE", "From", "<[^>]*>", "<sip:mallory@example.com>"),
)
_fault(
    "dialog-bye-other-to",
    "BYE goes to another To URI",
    "12.2.1.1",
    HANGS_UP,
    edits=_edit("BYE", "To", "<[^>]*>", "<sip:mallory@example.com>"),
)
_fault(
    "dialog-bye-other-uri",
    "BYE has another Request-URI",
    "12.2.1.1",
    HANGS_UP,
    edits=_edit("BYE", "start", URI, TARGET),
)
_fault("dialog-bye-without-route", "BYE lacks the route set", "12.2.1.1", HANGS_UP, edits=_edit("BYE", "Route", "*"))
_fault(
    "dialog-bye-without-max-forwards",
    "BYE lacks Max-Forwards",
    "8.1.1 8.1.1.6 12.2.1.1",
    HANGS_UP,
    edits=_edit("BYE", "Max-Forwards", "*"),
)
_fault(
    "dialog-bye-cseq-method",
    "the CSeq of BYE says INVITE",
    "8.1.1.5 12.2.1.1 20.16",
    HANGS_UP,
    edits=_edit("BYE", "CSeq", "BYE$", "INVITE"),
)
_fault("dialog-target-is-the-first-uri", "requests in the dialog go to the dialled URI", "12.2.1.1 12.1.2", HANGS_UP)
_fault(
    "dialog-target-never-refreshed",
    "the Contact of a 200 to UPDATE is not the new target",
    "12.2.1.2 12.2.1.1 12.1.2",
    Where("200", "UPDATE"),
    FINE,
)
_fault("dialog-no-route-set", "there never is a Route", "12.2.1.1 12.1.2", HANGS_UP)
_fault("dialog-route-set-reversed", "the route set is in the order of Record-Route", "12.1.2 12.2.1.1", HANGS_UP)
_fault(
    "dialog-route-parameters-lost",
    "the routes lack their parameters",
    "12.1.2 12.2.1.1",
    HANGS_UP,
    edits=_edit("BYE", "Route", ";[^>]*>", ">"),
)
_fault(
    "dialog-tag-of-the-first-provisional",
    "of two branches the one that rang first is spoken to",
    "12.1.2 12.2.1.1 13.2.2.4 12.1",
    Where("199"),
)
_fault("dialog-used-after-bye", "INFO after the BYE", "15.1.1 12.3 15.1 15", HANGS_UP)
_fault("bye-twice", "BYE in a dialog that was ended", "15.1.1 12.3 15.1 15", HANGS_UP)
_fault(
    "bye-of-the-peer-ignored",
    "the call goes on after our BYE, and gets one of its own",
    "15.1.2 12.3 15.1.1 15.1 15",
    FINE,
    Where("180"),
)
_fault(
    "reinvite-during-reinvite", "two INVITEs at a time in a dialog", "14.1", HOLDS, Where("200", "re-INVITE", "delayed")
)
_should(
    "reinvite-without-contact",
    "a re-INVITE without Contact",
    "8.1.1.8 12.2.1.1",
    HOLDS,
    edits=_edit("INVITE reinvite", "Contact", "*"),
)
_fault(
    "reinvite-without-to-tag",
    "a re-INVITE without To tag",
    "12.2.1.1",
    HOLDS,
    edits=_edit("INVITE reinvite", "To", TAG),
)
_fault(
    "update-without-contact",
    "UPDATE without Contact",
    "3311/5.1 8.1.1.8 12.2.1.1",
    Where("200", "UPDATE"),
    edits=_edit("UPDATE", "Contact", "*"),
)
_should("glare-retried-at-once", "a re-INVITE comes again right after 491", "14.1", Where("491", "re-INVITE"))
_should(
    "glare-retried-after-one-second", "a re-INVITE comes again one second after 491", "14.1", Where("491", "re-INVITE")
)
_should("dialog-kept-after-481", "no BYE after 481 to a re-INVITE", "12.2.1.2 14.1", Where("481", "re-INVITE"))
_should("dialog-used-after-481", "INFO in a dialog that got 481", "12.2.1.2 14.1", Where("481", "re-INVITE"))
_fault(
    "dialog-old-cseq-accepted",
    "a request of ours with an old CSeq gets 200",
    "12.2.2",
    Where("200", variant="unheard-of"),
)
_fault("fork-second-2xx-ignored", "the second 200 of a fork gets no ACK", "13.2.2.4", Where("200", variant="forked"))

# Reliable provisional responses: RFC 3262

PRACKED = Where("183")
_fault("prack-never", "a reliable 183 gets no PRACK", "3262/4", PRACKED)
_fault(
    "prack-for-each-copy",
    "each copy of a reliable 183 gets a PRACK",
    "3262/4",
    Where("183", variant="duplicate"),
    PRACKED,
)
_fault("prack-only-first", "only the first reliable response gets a PRACK", "3262/4", PRACKED)
_fault("prack-only-183", "a reliable 180 gets no PRACK", "3262/4", Where("180"))
_fault("prack-only-one-branch", "of a fork only one branch gets PRACKs", "3262/4", Where("200", variant="forked"))
_fault(
    "prack-other-rseq",
    "RAck has another RSeq",
    "3262/4 3262/7.2",
    PRACKED,
    edits=_edit("PRACK", "RAck", NUMBER, "4711"),
)
_fault(
    "prack-other-cseq",
    "RAck has another CSeq",
    "3262/4 3262/7.2",
    PRACKED,
    edits=_edit("PRACK", "RAck", r" \d+ ", " 99 "),
)
_fault(
    "prack-other-method", "RAck says PRACK", "3262/4 3262/7.2", PRACKED, edits=_edit("PRACK", "RAck", "INVITE", "PRACK")
)
_fault("prack-without-rack", "PRACK without RAck", "3262/4 3262/7.2 3262/3", PRACKED, edits=_edit("PRACK", "RAck", "*"))
_fault("prack-outside-the-dialog", "PRACK has no To tag and goes to the dialled URI", "3262/4 12.2.1.1", PRACKED)
_fault(
    "prack-cseq-of-the-invite",
    "PRACK has the CSeq number of the INVITE",
    "12.2.1.1 3262/4",
    PRACKED,
    edits=_edit("PRACK", "CSeq", NUMBER, "1"),
)
_fault(
    "prack-other-from-tag",
    "PRACK has another From tag",
    "12.2.1.1 3262/4",
    PRACKED,
    edits=_edit("PRACK", "From", TAG, ";tag=other"),
)
_fault(
    "prack-other-uri",
    "PRACK has another Request-URI",
    "12.2.1.1 3262/4",
    PRACKED,
    edits=_edit("PRACK", "start", URI, TARGET),
)
_fault(
    "prack-out-of-order",
    "a reliable response that came too soon gets its PRACK",
    "3262/4",
    Where("183", variant="out-of-order"),
)
_fault("prack-for-unreliable", "a 180 that is not reliable gets a PRACK", "3262/4 3262/3", BUSY)
_fault("prack-for-100", "a 100 gets a PRACK", "3262/4 3262/3", Where("100"))
_fault(
    "prack-without-answer",
    "the offer in a reliable 183 gets no answer in the PRACK",
    "3262/5 13.2.1",
    Where("183", options="--no-offer"),
)
_fault(
    "prack-without-max-forwards",
    "PRACK lacks Max-Forwards",
    "8.1.1 8.1.1.6",
    PRACKED,
    edits=_edit("PRACK", "Max-Forwards", "*"),
)

# Offer and answer: 13.2.1, RFC 3264

ANSWER = "response 200 to-INVITE"
_fault(
    "sdp-no-answer-in-ack",
    "the offer in a 200 gets no answer in the ACK",
    "13.2.1 13.2.2.4",
    Where("200", options="--no-offer"),
)
_fault(
    "sdp-no-answer-to-an-offer",
    "the offer of a re-INVITE of ours gets no answer",
    "14.2 13.3.1 3264/5 3264/4 13.2.1 13.3.1.4 3264/6",
    FINE,
)
_fault(
    "sdp-answer-drops-a-stream",
    "an answer without streams",
    "3264/6",
    FINE,
    edits=_edit(ANSWER, "body", r"m=[\s\S]*", ""),
)
_fault(
    "sdp-answer-adds-a-stream",
    "an answer with more streams than the offer",
    "3264/6",
    FINE,
    edits=_edit(ANSWER, "body", r"\Z", "m=video 0 RTP/AVP 31\r\n"),
)
_fault(
    "sdp-answer-wrong-direction",
    "sendonly is answered with sendonly",
    "3264/6.1 3264/6",
    FINE,
    edits=_edit(ANSWER, "body", "a=recvonly", "a=sendonly"),
)
_fault(
    "sdp-answer-other-media",
    "audio is answered with video",
    "3264/6",
    FINE,
    edits=_edit(ANSWER, "body", "m=audio", "m=video"),
)
_should(
    "sdp-answer-no-common-format",
    "an answer with formats that were not offered only",
    "3264/6.1 3264/6",
    FINE,
    edits=_edit(ANSWER, "body", "RTP/AVP [0-9 ]+", "RTP/AVP 97"),
)
_fault(
    "sdp-version-stays",
    "a changed description has the version of the last one",
    "3264/8",
    HOLDS,
    edits=_edit("INVITE reinvite", "body", r"(o=\S+ \d+) \d+", r"\1 1"),
)
_fault(
    "sdp-version-jumps",
    "the version grows by ten",
    "3264/8",
    HOLDS,
    edits=_edit("INVITE reinvite", "body", r"(o=\S+ \d+) (\d+)", r"\1 1\2"),
)
_fault(
    "sdp-origin-changed",
    "a new offer has another origin",
    "3264/8",
    HOLDS,
    edits=_edit("INVITE reinvite", "body", r"o=\S+ \d+", "o=mallory 4711"),
)
_fault(
    "sdp-reoffer-drops-a-stream",
    "a new offer has fewer streams",
    "3264/8",
    HOLDS,
    edits=_edit("INVITE reinvite", "body", r"m=[\s\S]*", ""),
)
_fault(
    "sdp-without-version",
    "no v= line",
    "4566/5 4566/5.1 4566/9 3264/5",
    BUSY,
    edits=_edit("INVITE initial", "body", "v=0\r\n", ""),
)
_fault(
    "sdp-without-origin",
    "no o= line",
    "4566/5 4566/5.2 4566/9 3264/5",
    BUSY,
    edits=_edit("INVITE initial", "body", "o=[^\r]*\r\n", ""),
)
_fault(
    "sdp-without-connection",
    "no c= line",
    "4566/5.7 4566/5 4566/9 3264/5",
    BUSY,
    edits=_edit("INVITE initial", "body", "c=[^\r]*\r\n", ""),
)
_fault(
    "sdp-without-time",
    "no t= line",
    "4566/5 4566/5.9 4566/9 3264/5",
    BUSY,
    edits=_edit("INVITE initial", "body", "t=[^\r]*\r\n", ""),
)
_fault(
    "sdp-lines-out-of-order",
    "t= stands before s=",
    "4566/5 3264/5",
    BUSY,
    edits=_edit("INVITE initial", "body", "(s=-\r\n)(c=[^\r]*\r\n)(t=0 0\r\n)", r"\3\1\2"),
)
_should(
    "sdp-rtpmap-missing",
    "a dynamic payload type without rtpmap",
    "4566/6 3264/5.1 4566/5.14 3551/6",
    BUSY,
    edits=_edit("INVITE initial", "body", "RTP/AVP 0 8", "RTP/AVP 0 97"),
)
_fault(
    "sdp-offer-in-ack-after-all",
    "the ACK has a description although the answer was in the 200",
    "13.2.1 13.2.2.4",
    FINE,
    edits=(
        Edit("ACK success", "Content-Type", "", "application/sdp"),
        Edit(
            "ACK success",
            "body",
            "^",
            "v=0\r\no=alice 1 9 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n",
        ),
    ),
)
_fault(
    "update-of-an-unreliable-early-dialog",
    "UPDATE with an offer before the first one is answered",
    "3311/5.1 3264/4",
    BUSY,
)

# Session timers: RFC 4028

_fault(
    "timer-422-retried-unchanged",
    "after 422 the same Session-Expires again",
    "4028/7.3 4028/7.4 4028/7.1 4028/10",
    Where("422"),
    edits=_edit("INVITE initial", "Session-Expires", NUMBER, "100"),
)
_fault(
    "timer-422-interval-too-small",
    "after 422 a Session-Expires below Min-SE",
    "4028/7.3 4028/7.4 4028/7.1",
    Where("422"),
)
_fault("timer-422-without-min-se", "after 422 no Min-SE", "4028/7.3 4028/7.4", Where("422"))
_fault("timer-422-min-se-smaller", "after 422 a smaller Min-SE", "4028/7.3 4028/7.4", Where("422"))
_fault(
    "timer-never-refreshed",
    "the refresher does not refresh",
    "4028/10 4028/7.2",
    Where("200", variant="session-timer", options="--hold 55"),
)
_fault(
    "timer-refresher-mixed-up",
    "the refresher waits for the other side",
    "4028/10 4028/7.2",
    Where("200", variant="session-timer", options="--hold 55"),
)
_fault(
    "timer-session-expires-too-small",
    "Session-Expires of 30 seconds",
    "4028/4 4028/7.1 4028/5",
    BUSY,
    edits=_edit("INVITE initial", "Session-Expires", NUMBER, "30"),
)
_fault(
    "timer-min-se-too-small",
    "Min-SE of 30 seconds",
    "4028/5 4028/7.1",
    BUSY,
    edits=_edit("INVITE initial", "Min-SE", "", "30"),
)
_fault(
    "timer-interval-below-min-se",
    "Session-Expires is less than Min-SE",
    "4028/7.1 4028/5 4028/7.4",
    BUSY,
    edits=_edit("INVITE initial", "Min-SE", "", "3600"),
)
_fault(
    "timer-not-supported",
    "Session-Expires without timer in Supported",
    "4028/7.1",
    BUSY,
    edits=_edit("INVITE initial", "Supported", ", timer", ""),
)
_fault(
    "timer-odd-refresher",
    "a refresher who is neither side",
    "4028/4",
    BUSY,
    edits=_edit("INVITE initial", "Session-Expires", "$", ";refresher=me"),
)

# Credentials: 22, RFC 7616, RFC 8760

ASKED, ASKED_BY_PROXY = Where("401"), Where("407")


def _auth(name: str, says: str, rfc: str, *edit: str, shows: Where = ASKED, should: bool = False) -> None:
    edits = _edit("retry-401", "Authorization", *edit) if edit else ()
    (_should if should else _fault)(f"auth-{name}", says, rfc, shows, edits=edits)


_DIGEST = "7616/3.4 22.4 8760/2.6"
for _field in ("username", "realm", "nonce", "uri", "response"):
    _auth(f"without-{_field}", f"credentials without {_field}", _DIGEST, f', {_field}="[^"]*"|{_field}="[^"]*", ')
_auth("without-opaque", "credentials without opaque", _DIGEST, ', opaque="[^"]*"')
_auth("without-cnonce", "credentials with qop and without cnonce", _DIGEST, ', cnonce="[^"]*"')
_auth("without-nc", "credentials with qop and without nc", _DIGEST, ", nc=[^,]*")
_auth("without-qop", "credentials without qop, although it was offered", _DIGEST)
_auth("other-realm", "credentials for another realm", _DIGEST + " 22.1 22.2", 'realm="[^"]*"', 'realm="elsewhere"')
_auth(
    "other-nonce", "credentials with a nonce that was not given", _DIGEST, 'nonce="[^"]*"(?=, uri)', 'nonce="made-up"'
)
_auth("other-opaque", "the opaque comes back changed", _DIGEST, 'opaque="[^"]*"', 'opaque="changed"')
_auth(
    "other-uri", "the uri is not the Request-URI", _DIGEST + " 7616/3.4.6", 'uri="[^"]*"', 'uri="sip:other@example.com"'
)
_auth("uri-unquoted", "the uri stands without quotes", _DIGEST, 'uri="([^"]*)"', r"uri=\1")
_auth(
    "other-algorithm",
    "MD5 was asked for, and SHA-256 comes",
    _DIGEST + " 8760/2.4 7616/3.7",
    "algorithm=MD5",
    "algorithm=SHA-256",
)
_auth("algorithm-dropped", "SHA-256 was asked for, and no algorithm is named", _DIGEST, shows=ASKED_BY_PROXY)
_auth("other-qop", "a qop that was not offered", _DIGEST, "qop=auth", "qop=auth-int")
_auth("qop-quoted", "qop stands in quotes", _DIGEST, "qop=auth", 'qop="auth"')
_auth("nc-quoted", "nc stands in quotes", _DIGEST, "nc=([^,]*)", r'nc="\1"')
_auth("nc-short", "nc has one digit", _DIGEST + " 25.1", "nc=0000000", "nc=")
_auth("nc-from-zero", "nc begins with 0", _DIGEST)
_auth("nc-from-seven", "nc begins with 7", _DIGEST, "nc=0000000.", "nc=00000007")
_auth(
    "response-no-hex",
    "the response has other signs than hex digits",
    _DIGEST + " 25.1 7616/3.4.1",
    'response=".',
    'response="G',
)
_auth("response-too-short", "the response has 31 digits", _DIGEST + " 25.1 7616/3.4.1", 'response=".', 'response="')
_auth(
    "sha256-computed-as-md5",
    "what is called SHA-256 has the length of MD5",
    _DIGEST + " 7616/3.4.1 8760/2.1 8760/2.6",
    shows=ASKED_BY_PROXY,
)
_auth(
    "last-challenge-taken",
    "MD5 is taken although SHA-256 stands first",
    "8760/2.4 7616/3.7",
    shows=ASKED_BY_PROXY,
    should=True,
)
_auth("www-header-for-a-proxy", "a 407 is answered in Authorization", "22.3 20.28 20.7 7616/3.8", shows=ASKED_BY_PROXY)
_auth("basic", "Basic credentials", "22 22.1 22.4 8760/2.6")
_auth(
    "nc-not-incremented",
    "nc is 1 for the second request with a nonce, too",
    _DIGEST,
    shows=Where("407", options="--hold 0.4"),
)
_auth(
    "not-in-later-requests",
    "BYE lacks the credentials of the INVITE",
    "22.3 22.1 22.2",
    shows=Where("407", options="--hold 0.4"),
    should=True,
)
_auth("stale-is-a-bad-password", "stale=true ends it", "7616/3.3 22.2 22.4 22.1 22.3", should=True)
_auth(
    "old-nonce-after-stale", "after stale=true the old nonce again", "7616/3.3 22.4 7616/3.4 22.1 22.2 22.3 7616/3.2.1"
)
_auth(
    "same-credentials-again", "rejected credentials are sent once more", "22.1", shows=Where("401", variant="stubborn")
)
_auth("retries-for-ever", "rejected credentials are sent for ever", "22.1", shows=Where("401", variant="stubborn"))
_auth(
    "answers-unknown-algorithm",
    "a challenge with an unknown algorithm is answered",
    "8760/2.4 7616/3.7 7616/3.3 22.4",
    shows=Where("401", variant="unknown-algorithm"),
)
_fault("auth-retry-same-cseq", "the retry with credentials has the same CSeq", "22.2 8.1.3.5", ASKED)
_fault(
    "auth-retry-cseq-far-ahead",
    "the retry with credentials skips CSeq numbers",
    "22.2 8.1.3.5",
    ASKED,
    edits=_edit("retry-401", "CSeq", NUMBER, "4711"),
)
_should(
    "auth-retry-other-call-id",
    "the retry with credentials has a new Call-ID",
    "8.1.3.5 22.2",
    ASKED,
)
_should(
    "auth-retry-other-from-tag",
    "the retry with credentials has a new From tag",
    "8.1.3.5 22.2",
    ASKED,
)
_fault(
    "auth-retry-with-to-tag",
    "the retry with credentials has the To tag of the 401",
    "8.1.3.5 22.2 8.1.1.2",
    ASKED,
)
_fault("auth-retry-same-branch", "the retry with credentials has the same branch", "8.1.1.7 8.1.3.5 22.2", ASKED)

# Redirections: 8.1.3.4

MOVED = Where("302")
_should("redirect-never-followed", "a 302 is not followed", "8.1.3.4 21.3 21.3.3", MOVED)
_should("redirect-only-first-contact", "the second Contact is not tried", "8.1.3.4", MOVED)
_fault("redirect-sent-to-the-old-address", "the Contacts are asked for under the old URI", "8.1.3.4", MOVED)
_should("redirect-to-changed", "To is the new address", "8.1.3.4", MOVED)
_should(
    "redirect-from-changed",
    "From is another",
    "8.1.3.4",
    MOVED,
    edits=_edit("retry-302", "From", "<[^>]*>", "<sip:mallory@example.com>"),
)
_should(
    "redirect-body-dropped",
    "the redirected INVITE has no body",
    "8.1.3.4",
    MOVED,
    edits=(Edit("retry-302 INVITE", "body", r"[\s\S]+", ""), Edit("retry-302 INVITE", "Content-Type", "*")),
)
_fault("redirect-same-branch", "the redirected INVITE has the branch of the first", "8.1.3.4 8.1.1.7", MOVED)
_fault("redirect-with-to-tag", "the redirected INVITE has the To tag of the 302", "8.1.3.4 8.1.1.2", MOVED)
_should(
    "redirect-loses-headers",
    "the redirected INVITE lacks headers of the first",
    "8.1.3.4",
    MOVED,
    edits=(Edit("retry-302 INVITE", "Session-Expires", "*"), Edit("retry-302 INVITE", "User-Agent", "*")),
)
_fault("redirect-same-cseq-same-call", "the redirected INVITE keeps branch and CSeq", "8.1.3.4 8.1.1.7", Where("301"))
_fault(
    "redirect-parameters-lost",
    "the Request-URI lacks the parameters of the Contact",
    "8.1.3.4",
    MOVED,
    edits=_edit("retry-302 INVITE", "start", ";x-leg=2", ""),
)
_fault("redirect-contact-tried-twice", "a Contact that failed is tried again", "8.1.3.4", MOVED)
_fault(
    "redirect-loop-followed",
    "two addresses that name each other are called in turn",
    "8.1.3.4",
    Where("302", variant="stubborn"),
)
_fault(
    "redirect-headers-kept-in-uri",
    "the header part of a Contact stays in the Request-URI",
    "8.1.3.4 19.1.1 19.1.5",
    MOVED,
)
_should(
    "redirect-goes-on-after-6xx",
    "the next Contact is tried after 603",
    "8.1.3.4 21.6 16.7",
    Where("302", variant="declined-there"),
)
_fault(
    "redirect-302-remembered",
    "the next call goes to the Contact of a 302 without Expires",
    "21.3.3",
    Where("302", options="--calls 2"),
)
_should(
    "redirect-301-forgotten",
    "the next call goes to the address that moved for good",
    "21.3.2",
    Where("301", options="--calls 2"),
)

# Other tries: 8.1.3.5, 21

for _code, _method in (("422", "INVITE"), ("423", "REGISTER"), ("420", "INVITE")):
    _case, _rfc = (
        Where(_code, _method),
        "8.1.3.5" + (" 4028/7.3" if _code == "422" else " 10.2.8 10.2" if _code == "423" else ""),
    )
    _fault(f"retry-{_code}-same-branch", "the new try has the old branch", _rfc + " 8.1.1.7", _case)
    _should(
        f"retry-{_code}-other-call-id",
        "the new try has a new Call-ID",
        _rfc,
        _case,
    )
    if _code != "423":
        _should(f"retry-{_code}-same-cseq", "the new try has the old CSeq", _rfc, _case)
_should("retry-422-with-to-tag", "the new try has the To tag of the 422", "8.1.3.5 8.1.1.2 4028/7.3", Where("422"))
_should(
    "retry-422-other-from-tag",
    "the new try has a new From tag",
    "8.1.3.5 4028/7.3",
    Where("422"),
)
_should("retry-unchanged-after-failure", "a 410 is tried again at once", "21.4 21.4.11 21.4.10", Where("410"))
_should("retry-403-with-credentials", "a 403 is tried again", "21.4.4 21.4", Where("403"))
_should("retry-at-once-after-6xx", "a 604 is tried again at once", "21.6 21.6.3 16.7", Where("604"))
_should(
    "retry-413-with-the-same-body", "after 413 the same body again", "8.1.3.5 21.4.11 21.4", Where("413", "MESSAGE")
)
_should(
    "retry-415-with-the-same-type", "after 415 the same type again", "8.1.3.5 21.4.13 21.4", Where("415", "MESSAGE")
)
_should(
    "retry-420-with-the-same-extensions", "after 420 the same extensions again", "8.1.3.5 21.4.15 21.4", Where("420")
)
_should("retry-none-after-420", "no try without the extensions in Unsupported", "8.1.3.5 21.4.15", Where("420"))
_fault("retry-423-with-the-same-expiry", "after 423 the same expiry again", "10.2.8 21.4.17", Where("423", "REGISTER"))
_fault("retry-423-still-too-brief", "after 423 an expiry below Min-Expires", "10.2.8 21.4.17", Where("423", "REGISTER"))
_fault(
    "subscribe-423-still-too-brief",
    "after 423 an expiry below Min-Expires",
    "6665/4.1.2.1 21.4.17 10.2.8",
    Where("423", "SUBSCRIBE"),
)
_fault("retry-485-by-itself", "an address of a 485 is called without asking", "21.4.23", Where("485"))
for _code in ("503", "480", "486", "600", "500", "404"):
    _says = {"503": "21.5.4", "480": "21.4.18", "486": "21.4.24", "600": "21.6.1", "500": "21.5.1", "404": "21.4.5"}[
        _code
    ]
    _should(
        f"retry-after-ignored-{_code}",
        "the call comes again before Retry-After",
        f"20.33 {_says}",
        Where(_code, variant="retry-after" if _code == "500" else "plain"),
    )
_fault("publish-412-same-tag-again", "after 412 the same entity-tag again", "3903/5", Where("412", "PUBLISH"))
_should("publish-412-gives-up", "after 412 no initial publication", "3903/5", Where("412", "PUBLISH"))

# Registration: 10.2

REGISTERS = Where("200", "REGISTER")
_fault("register-user-in-request-uri", "the Request-URI of a REGISTER has a user", "10.2", REGISTERS)
_should("register-new-call-id-for-each", "each REGISTER has a Call-ID of its own", "10.2 10.2.4", REGISTERS)
_fault("register-cseq-stays", "each REGISTER has CSeq 1", "10.2", REGISTERS)
_fault(
    "register-cseq-skips",
    "the refresh skips CSeq numbers",
    "10.2",
    REGISTERS,
    edits=_edit("REGISTER refresh", "CSeq", NUMBER, "4711"),
)
_should("register-never-refreshed", "the registration runs out", "10.2.4", REGISTERS)
_fault("register-star-with-expiry", "Contact: * with an expiry above 0", "10.2.2", REGISTERS)
_fault(
    "register-star-and-contact",
    "Contact: * beside another",
    "10.2.2 10.3 20.10",
    REGISTERS,
    edits=_edit("REGISTER removal", "Contact", "^", "*, "),
)
_fault("register-overlapping", "a second REGISTER before the first is answered", "10.2", Where("408", "REGISTER"))
_fault(
    "register-to-tag",
    "the refresh has a To tag",
    "10.2 8.1.1.2 12",
    REGISTERS,
    edits=_edit("REGISTER refresh", "To", "$", ";tag=registrar"),
)
_fault(
    "register-expires-text",
    "Expires is no number",
    "10.2.1.1 20.19 25.1",
    REGISTERS,
    edits=_edit("REGISTER first", "Expires", NUMBER, "soon"),
)
_fault(
    "register-without-to",
    "REGISTER without To",
    "10.2 8.1.1 8.1.1.2",
    REGISTERS,
    edits=_edit("REGISTER first", "To", "*"),
)
_fault(
    "register-without-max-forwards",
    "REGISTER lacks Max-Forwards",
    "8.1.1 8.1.1.6",
    REGISTERS,
    edits=_edit("REGISTER", "Max-Forwards", "*"),
)
_fault(
    "register-q-too-large",
    "the q of the Contact is 2",
    "25.1 20.10 10.2.1.2",
    REGISTERS,
    edits=_edit("REGISTER", "Contact", "$", ";q=2.0"),
)

# Events, transfers, publications: RFC 6665, 3515, 3903

SUBSCRIBES, PUBLISHES, REFERS = Where("200", "SUBSCRIBE"), Where("200", "PUBLISH"), Where("200", "REFER")
_fault(
    "subscribe-without-event",
    "SUBSCRIBE without Event",
    "6665/4.1.2.1 6665/3.1.2 6665/8.2.1 6665/8.1.1",
    SUBSCRIBES,
    edits=_edit("SUBSCRIBE", "Event", "*"),
)
_fault(
    "subscribe-two-events",
    "SUBSCRIBE with two Events",
    "6665/3.1.2 6665/8.2.1 6665/4.1.2.1 7.3.1",
    SUBSCRIBES,
    edits=_edit("SUBSCRIBE", "Event", "", "dialog"),
)
_should(
    "subscribe-without-expires",
    "SUBSCRIBE without Expires",
    "6665/4.1.2.1 6665/3.1.1",
    SUBSCRIBES,
    edits=_edit("SUBSCRIBE initial", "Expires", "*"),
)
_fault(
    "subscribe-without-contact",
    "SUBSCRIBE without Contact",
    "8.1.1.8 12.1.2 6665/4.1.2.1 6665/8.1.1",
    SUBSCRIBES,
    edits=_edit("SUBSCRIBE", "Contact", "*"),
)
_fault(
    "subscribe-refreshed-outside-its-dialog",
    "the refresh is no request of the dialog",
    "6665/4.1.2.2 6665/4.1.2.3",
    SUBSCRIBES,
)
_fault(
    "subscribe-refresh-other-event",
    "the refresh names another Event",
    "6665/4.1.2.2 6665/4.1.2.3 6665/8.2.1 6665/3.1.2",
    SUBSCRIBES,
    edits=_edit("SUBSCRIBE refresh", "Event", "^.*$", "dialog"),
)
_fault("notify-unanswered", "NOTIFY gets no response", "6665/4.1.3 8.2 17.2 17.2.2 8.2.6", SUBSCRIBES)
_fault("notify-refused-489", "the NOTIFY that was asked for gets 489", "6665/4.1.3 6665/4.1.2.4", SUBSCRIBES)
_fault(
    "refer-without-refer-to",
    "REFER without Refer-To",
    "3515/2.4.1 3515/2.1 3515/2.4.2 3515/2.2",
    REFERS,
    edits=_edit("REFER", "Refer-To", "*"),
)
_fault(
    "refer-two-refer-tos",
    "REFER with two Refer-To",
    "3515/2.4.1 3515/2.1 3515/2.4.2 7.3.1",
    REFERS,
    edits=_edit("REFER", "Refer-To", "", "<sip:carol@example.com>"),
)
_fault(
    "refer-without-contact",
    "REFER without Contact",
    "8.1.1.8 12.1.2 3515/2.2 3515/2.4.1 6665/4.5.2",
    REFERS,
    edits=_edit("REFER", "Contact", "*"),
)
_fault(
    "publish-without-event",
    "PUBLISH without Event",
    "3903/4 3903/4.1 3903/4.2 3903/11.1 3903/6 6665/8.2.1",
    PUBLISHES,
    edits=_edit("PUBLISH", "Event", "*"),
)
_fault(
    "publish-first-tag-for-ever",
    "each PUBLISH names the first entity-tag",
    "3903/5 3903/4.3 3903/4.4 3903/4.5 3903/8.2 3903/4.1 3903/8.1",
    PUBLISHES,
)
_fault("publish-without-tag", "a refresh without SIP-If-Match", "3903/4.3 3903/4.4 3903/4.5", PUBLISHES)
_fault("publish-removal-with-body", "a removal with a body", "3903/4.5 3903/4.3", PUBLISHES)
_fault(
    "publish-first-without-body",
    "a first PUBLISH without body",
    "3903/4.2",
    PUBLISHES,
    edits=(Edit("PUBLISH first", "body", r"[\s\S]+", ""), Edit("PUBLISH first", "Content-Type", "*")),
)

# Responses of the client to requests of ours: 8.2

_fault("response-none-to-options", "OPTIONS in the call gets no response", "8.2 11.2 17.2.2 8.2.6 17.2", FINE)
_fault("response-none-to-invite", "a re-INVITE gets no response", "14.2 8.2 13.3.1 17.2.1 17.2 8.2.6", FINE)
_fault("response-none-to-bye", "BYE gets no response", "15.1.2 8.2 17.2.2 17.2 8.2.6", FINE)
_fault("response-bye-481", "a BYE in the dialog gets 481", "15.1.2", FINE)
_fault(
    "response-other-to-tag",
    "responses in the dialog have another To tag",
    "8.2.6.2",
    FINE,
    edits=_edit("response", "To", TAG, ";tag=other"),
)
_fault(
    "response-other-from",
    "From comes back changed",
    "8.2.6.2",
    FINE,
    edits=_edit("response", "From", "<[^>]*>", "<sip:x@y>"),
)
_fault(
    "response-other-call-id",
    "Call-ID comes back changed",
    "8.2.6.2",
    FINE,
    edits=_edit("response", "Call-ID", "^.*$", "{random}"),
)
_fault(
    "response-other-cseq", "CSeq comes back changed", "8.2.6.2", FINE, edits=_edit("response", "CSeq", NUMBER, "4711")
)
_fault(
    "response-other-branch",
    "Via comes back changed",
    "8.2.6.2",
    FINE,
    edits=_edit("response", "Via", "branch=[^;]*", "branch=z9hG4bKother"),
)
_fault(
    "response-without-contact",
    "the 200 to a re-INVITE has no Contact",
    "12.1.1 20.10 13.3.1.4 14.2 12.2.2 8.1.1.8",
    FINE,
    edits=_edit(ANSWER, "Contact", "*"),
)
_should(
    "response-options-without-allow",
    "the 200 to OPTIONS has no Allow",
    "11.2",
    FINE,
    edits=_edit("response 200 to-OPTIONS", "Allow", "*"),
)
_should(
    "response-options-without-accept",
    "the 200 to OPTIONS has no Accept",
    "11.2",
    FINE,
    edits=_edit("response 200 to-OPTIONS", "Accept", "*"),
)
_should(
    "response-options-without-supported",
    "the 200 to OPTIONS has no Supported",
    "11.2",
    FINE,
    edits=_edit("response 200 to-OPTIONS", "Supported", "*"),
)
_fault(
    "response-require-ignored",
    "an extension that nobody has is not refused",
    "8.2.2.3",
    Where("200", variant="unheard-of"),
)
_fault(
    "response-200-outside-dialogs", "a BYE of no dialog gets 200", "12.2.2 15.1.2", Where("200", variant="unheard-of")
)
_fault("response-to-unknown-methods", "an unknown method gets 200", "8.2.1", Where("200", variant="unheard-of"))
_should("stray-second-via-taken", "a response with two Via is taken", "8.1.3.3", Where("486", variant="second-via"))
_fault(
    "stray-matched-by-call-id",
    "a response with a foreign branch is taken",
    "17.1.3 18.1.2 6026/7.2",
    Where("486", variant="stray"),
)

# What a client has to understand: 7, 8.1.3.2, 18.3. That it did not shows in what it does not do

for _name, _says, _rfc, _pattern, _case in (
    ("compact", "compact header names", "7.3.3", r"\n[viftmlcsk][ \t]*:", Where("486", variant="compact")),
    ("empty-reason", "an empty reason phrase", "7.2 25.1", r"^SIP/2.0 \d+ ?\r", Where("486", variant="empty-reason")),
    (
        "long-reason",
        "a long reason phrase",
        "7.2 25.1",
        r"^SIP/2.0 \d+ [^\r]{200}",
        Where("486", variant="long-reason"),
    ),
    ("folded", "folded headers", "7.3.1", r"\r\n[ \t]+\S", Where("486", variant="folded")),
    ("lower-case", "header names in lower case", "7.3.1", r"\nvia:", Where("486", variant="lower-case")),
    ("upper-case", "header names in upper case", "7.3.1", r"\nVIA:", Where("486", variant="upper-case")),
    (
        "space",
        "white space before the colon",
        "7.3.1 25.1",
        r"\n[\w-]+[ \t]+:",
        Where("486", variant="space-before-colon"),
    ),
    ("extra-headers", "headers that it does not know", "8.1.3 7.3.2", r"\nX-", Where("486", variant="extra-headers")),
    ("unknown-codes", "codes that nobody registered", "8.1.3.2", r"^SIP/2.0 [1-6]9[89]", Where("499")),
    ("unknown-success", "a 299", "8.1.3.2", r"^SIP/2.0 299", Where("299")),
    ("6xx", "a 603", "8.1.3.2 17.1.1.2", r"^SIP/2.0 6", Where("603")),
    (
        "no-to-tag",
        "a response without To tag",
        "8.2.6.2 12.1.2 17.1.3",
        r"\nTo: [^;\r]*\r",
        Where("486", variant="no-to-tag"),
    ),
):
    _fault(
        f"deaf-to-{_name}",
        f"{_says}: the response is not heard",
        _rfc + " 17.1.1.2 17.1.1.3 13.2.2.4",
        _case,
        deaf=_pattern,
    )
for _name, _says, _variant in (
    ("second-message-lost", "of two messages in a segment the second is lost", "two-in-one-segment"),
    ("pieces-lost", "a message in pieces is lost", "byte-by-byte"),
):
    _fault(
        f"stream-{_name}", _says, "18.3 7.5 17.1.1.2 17.1.1.3 13.2.2.4", Where("486", variant=_variant, transport="tcp")
    )

BY_NAME = {fault.name: fault for fault in TABLE}
