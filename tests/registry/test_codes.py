"""The rows themselves: which codes there are and what is said of them."""

from __future__ import annotations

import json
import re

import pytest

from responder.errors import ProtocolError
from responder.registry import Code, Override, Registry

# IANA "SIP Response Codes", with 409 and 411 of RFC 2543
PHRASES = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    199: "Early Dialog Terminated",
    200: "OK",
    202: "Accepted",
    204: "No Notification",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Conditional Request Failed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    417: "Unknown Resource-Priority",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    424: "Bad Location Information",
    425: "Bad Alert Message",
    428: "Use Identity Header",
    429: "Provide Referrer Identity",
    430: "Flow Failed",
    433: "Anonymity Disallowed",
    436: "Bad Identity Info",
    437: "Unsupported Credential",
    438: "Invalid Identity Header",
    439: "First Hop Lacks Outbound Support",
    440: "Max-Breadth Exceeded",
    469: "Bad Info Package",
    470: "Consent Needed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    493: "Undecipherable",
    494: "Security Agreement Required",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    555: "Push Notification Service Not Supported",
    580: "Precondition Failure",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
    608: "Rejected",
}

# what a code is defined for where that is not every method; a leading "but" says all others
INVITE, UPDATE, REGISTER, SUBSCRIBE = "INVITE", "UPDATE", "REGISTER", "SUBSCRIBE"
METHODS_OF = {
    **dict.fromkeys((180, 181, 182, 183, 199, 408, 487), (INVITE,)),
    202: ("MESSAGE", SUBSCRIBE, "REFER"),
    204: (SUBSCRIBE,),
    **dict.fromkeys((300, 301, 302, 305, 380, 485), ("but", "CANCEL", "INFO")),
    **dict.fromkeys((401, 405, 407, 415, 420, 421), ("but", "CANCEL")),
    **dict.fromkeys((409, 439, 555), (REGISTER,)),
    412: ("PUBLISH",),
    **dict.fromkeys((422, 491, 580), (INVITE, UPDATE)),
    423: (REGISTER, SUBSCRIBE, "PUBLISH"),
    424: (INVITE, REGISTER, "OPTIONS", "BYE", UPDATE, "INFO", "MESSAGE", "REFER", SUBSCRIBE, "NOTIFY", "PUBLISH"),
    425: ("MESSAGE", INVITE),
    469: ("INFO",),
    **dict.fromkeys((486, 606), (INVITE, "OPTIONS")),
    488: (INVITE, UPDATE, "OPTIONS"),
    489: (SUBSCRIBE, "NOTIFY", "PUBLISH"),
    494: ("but", "CANCEL", "PRACK"),
    **dict.fromkeys((600, 603, 604), ("but", REGISTER)),
    **dict.fromkeys((607, 608), (INVITE, "MESSAGE", SUBSCRIBE, "REFER", "PUBLISH", "OPTIONS")),
}

REGISTRY = Registry.standard()
REFERENCE = re.compile(r"RFC \d{4}(?: \d+(?:\.\d+)*(?:, \d+(?:\.\d+)*)*)?(?:; |$|, as any code it does not list$)")


def cited(reference: str) -> bool:
    return "".join(found[0] for found in REFERENCE.finditer(reference)) == reference


def test_the_77_codes_and_their_phrases() -> None:
    assert {code.status: code.phrase for code in REGISTRY.codes} == PHRASES
    assert [code.status for code in REGISTRY.codes] == sorted(PHRASES)


def test_the_methods_they_are_defined_for() -> None:
    found = {
        code.status: code.methods or ("but", *code.not_methods)
        for code in REGISTRY.codes
        if code.methods or code.not_methods
    }
    assert found == METHODS_OF


def test_what_iana_says_of_them() -> None:
    unusual = {code.status: code.iana for code in REGISTRY.codes if code.iana != "registered"}
    assert unusual == {202: "deprecated", 409: "unregistered", 411: "unregistered"}


def test_phrases_that_other_lists_spell_otherwise() -> None:
    theirs = {
        181: "Call is Being Forwarded",
        202: "Accepted (Deprecated)",
        436: "Bad Identity-Info",
        437: "Unsupported Certificate",
        500: "Internal Server Error",
    }
    assert [status for status, phrase in theirs.items() if REGISTRY.get(status).phrase == phrase] == []


@pytest.mark.parametrize("code", REGISTRY.codes, ids=lambda code: str(code.status))
class TestEveryRow:
    def test_cites_its_sections(self, code: Code) -> None:
        references = [code.reference, code.mid_dialog_reference]
        references += [rule.reference for rule in code.headers + code.bodies]
        references += [ban.reference for ban in code.forbidden]
        references += [duty.reference for duty in code.duties]
        assert [reference for reference in references if not cited(reference)] == []

    def test_tells_a_client_what_to_do(self, code: Code) -> None:
        assert code.own_duties
        assert [duty.text for duty in code.duties if not duty.text or duty.text[0].isupper()] == []

    def test_brings_the_duties_of_its_class(self, code: Code) -> None:
        expected = {
            "provisional": ("stop-inv-rtx", "no-ack-1xx"),
            "success": ("ack-2xx",),
        }.get(code.kind, ("ack-non2xx", "early-dialogs-end"))
        assert code.common == expected
        assert [duty.id for duty in code.duties if duty.id] == list(expected)

    def test_says_what_it_ends_within_a_dialog(self, code: Code) -> None:
        # RFC 5057 table 1; a code it does not list ends the transaction only
        usage, dialog = (405, 480, 481, 489, 501), (404, 410, 416, 482, 483, 484, 485, 502, 604)
        expected = "usage" if code.status in usage else "dialog" if code.status in dialog else "transaction"
        assert code.mid_dialog == ("" if code.status < 400 else expected)

    def test_adds_a_to_tag_unless_it_is_100(self, code: Code) -> None:
        assert code.to_tag == ("SHOULD NOT" if code.status == 100 else "MUST")

    def test_can_be_told_as_json(self, code: Code) -> None:
        described = REGISTRY.describe(code.status)
        assert json.loads(json.dumps(described)) == described
        assert described["status"] == code.status
        assert len(described["headers"]) == len(code.headers)
        assert len(described["client"]) == len(code.duties)

    def test_shows_a_value_of_every_header_that_has_to_be_there(self, code: Code) -> None:
        conditional = {
            (200, "Refer-Events-At"),
            (200, "Accept-Resource-Priority"),
            (200, "Require"),
            (413, "Retry-After"),
            (415, "Accept-Encoding"),
            (415, "Accept-Language"),
            (480, "Warning"),
            (500, "Retry-After"),
        }
        for header in REGISTRY.describe(code.status)["headers"]:
            if header["level"] != "MAY" and (code.status, header["name"]) not in conditional:
                assert header["example"], header["name"]


def test_423_as_the_command_shows_it() -> None:
    told = REGISTRY.describe(423)
    assert told["phrase"] == "Interval Too Brief"
    assert told["reference"].startswith("RFC 3261 21.4.17")
    assert told["methods"] == "REGISTER, SUBSCRIBE, PUBLISH"
    (header,) = told["headers"]
    assert (header["name"], header["level"], header["example"]) == ("Min-Expires", "MUST", ["60"])
    assert told["client"][0]["level"] == "MAY"
    assert "Min-Expires" in told["client"][0]["text"]


def test_a_method_may_be_chosen_for_the_examples() -> None:
    told = REGISTRY.describe(200, method="PUBLISH")
    assert {h["name"]: len(h["example"]) for h in told["headers"] if h["level"] != "MAY"} == {
        "SIP-ETag": 1,
        "Expires": 1,
    }
    assert [ban["name"] for ban in told["forbidden"]] == ["Contact", "Accept"]
    assert any("SIP-If-Match" in duty["text"] for duty in told["client"])
    assert not any("Service-Route" in duty["text"] for duty in told["client"])
    assert told["body"] == []


def test_methods_in_words() -> None:
    assert REGISTRY.describe(401)["methods"] == "any but CANCEL"
    assert REGISTRY.describe(400)["methods"] == "any"
    assert REGISTRY.describe(603)["methods"] == "any but REGISTER"


class TestUnknownCodes:
    """RFC 3261 section 8.1.3.2: an unknown code is the x00 of its class, an unknown provisional one 183."""

    @pytest.mark.parametrize(
        ("status", "model", "phrase"),
        [
            (101, 183, "Provisional"),
            (150, 183, "Provisional"),
            (299, 200, "Successful"),
            (399, 300, "Redirection"),
            (499, 400, "Request Failure"),
            (599, 500, "Server Failure"),
            (699, 600, "Global Failure"),
        ],
    )
    def test_follows_its_class(self, status: int, model: int, phrase: str) -> None:
        code = REGISTRY.get(status)
        assert code.phrase == phrase
        assert code.iana == "unregistered"
        assert code.headers == REGISTRY.get(model).headers
        assert code.mid_dialog == REGISTRY.get(model).mid_dialog
        assert f"as {model}" in code.own_duties[0].text

    def test_every_status_has_a_row(self) -> None:
        assert [status for status in range(100, 700) if REGISTRY.get(status).status != status] == []

    def test_asking_does_not_lengthen_the_table(self) -> None:
        registry = Registry.standard().extended([])
        registry.get(444)
        assert len(registry.codes) == 77

    @pytest.mark.parametrize("status", [-1, 0, 99, 700, 1000])
    def test_there_are_no_others(self, status: int) -> None:
        with pytest.raises(ProtocolError, match=r"7\.2"):
            REGISTRY.get(status)


class TestOverride:
    def test_a_phrase_of_ones_own(self) -> None:
        registry = REGISTRY.extended([Override(status=486, phrase="Besetzt")])
        assert registry.get(486).phrase == "Besetzt"
        assert registry.get(486).reference == REGISTRY.get(486).reference
        assert REGISTRY.get(486).phrase == "Busy Here"

    def test_a_new_code_is_made_after_its_class(self) -> None:
        registry = REGISTRY.extended([Override(status=477, phrase="Send failed", reference="Kamailio", notes="n")])
        code = registry.get(477)
        assert (code.status, code.phrase, code.iana, code.reference, code.notes) == (
            477,
            "Send failed",
            "unregistered",
            "Kamailio",
            "n",
        )
        assert len(registry.codes) == 78

    def test_a_new_code_may_be_like_another(self) -> None:
        code = REGISTRY.extended([Override(status=498, like=401)]).get(498)
        assert [rule.name for rule in code.headers] == ["WWW-Authenticate", "Proxy-Authenticate"]
        assert code.phrase == "Unauthorized"
        assert code.iana == "unregistered"

    def test_headers_replace_and_remove_the_rules_of_that_name(self) -> None:
        changed = Override(status=200, headers=(("allow", "INVITE"), ("X-A", "1"), ("X-A", "2")), removed=("k",))
        code = REGISTRY.extended([changed]).get(200)
        names = [rule.key for rule in code.headers]
        assert names.count("allow") == 1
        assert names.count("x-a") == 2
        assert "supported" not in names
        assert "contact" in names

    def test_methods(self) -> None:
        registry = REGISTRY.extended([Override(status=423, methods=("INVITE",)), Override(status=401, methods=())])
        assert registry.legal(401, "CANCEL") is False
        assert registry.get(401).suits("CANCEL")
        assert registry.get(423).suits("INVITE")
        assert not registry.get(423).suits("REGISTER")

    def test_a_status_has_three_digits(self) -> None:
        with pytest.raises(ProtocolError):
            REGISTRY.extended([Override(status=700, like=600)])
