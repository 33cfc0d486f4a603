"""RFC 3261 sections 8.1.1 and 20: the form of requests."""

from __future__ import annotations

from typing import Any

import pytest
from bench import OK, TCP, Bench, Caller

from responder.uas.script import Reply

from .judging import verdicts

GOOD = ("Allow: INVITE, ACK, BYE", "Supported: replaces", "Date: Sat, 13 Nov 2010 23:29:00 GMT")


def sent(*fields: str, method: str = "INVITE", caller: Caller | None = None, **more: Any) -> dict[str, str]:
    """One request, right but for these changes."""
    bench, caller = Bench(OK, plans={"*": (OK,)}), caller or Caller()
    bench.hostile = True
    bench.receive(caller.request(method, *fields, **more), caller.flow)
    return verdicts(bench)


@pytest.mark.parametrize("caller", [Caller(), Caller(flow=TCP)], ids=["UDP", "TCP"])
def test_a_right_request(caller: Caller) -> None:
    caller = Caller(flow=caller.flow, uri="sips:bob@127.0.0.1", contact="<sips:alice@192.0.2.10:5062>")
    found = sent(*GOOD, body=b"v=0\r\n", caller=caller)
    assert [rule for rule in WRONG if found.get(rule) != "pass"] == (
        ["request-on-a-stream-has-content-length"] if caller.flow is not TCP else []
    )


WRONG: dict[str, dict[str, Any]] = {
    "request-has-max-forwards": {"put": {"Max-Forwards": None}},
    "max-forwards-is-well-formed": {"put": {"Max-Forwards": "many"}},
    "branch-begins-with-the-cookie": {"branch": "1234"},
    "from-has-a-tag": {"put": {"From": "<sip:alice@example.com>"}},
    "cseq-has-the-method": {"put": {"CSeq": "1 OPTIONS"}},
    "cseq-is-below-2-31": {"cseq": 2**31},
    "max-forwards-is-70": {"put": {"Max-Forwards": "10"}},
    "request-for-a-dialog-has-one-contact": {"put": {"Contact": "<sip:a@192.0.2.10>, <sip:b@192.0.2.10>"}},
    "sips-request-has-a-sips-contact": {"uri": "sips:bob@127.0.0.1"},
    "content-length-is-right": {"fields": ("Content-Length: 5",), "content_length": False},
    "body-has-a-content-type": {"body": b"v=0\r\n", "content_type": ""},
    "invite-has-allow": {},
    "invite-has-supported": {},
    "via-names-the-transport": {"put": {"Via": "SIP/2.0/TCP 192.0.2.10:5062;branch=z9hG4bKx"}},
    "date-is-in-gmt": {"fields": ("Date: Sat, 13 Nov 2010 23:29:00 EST",)},
    "request-on-a-stream-has-content-length": {"caller": Caller(flow=TCP)},
}


@pytest.mark.parametrize("call_id", [1, 2])
def test_supported_is_left_out_after_a_420(call_id: int) -> None:
    refused = Reply(420, headers=(("Unsupported", "timer"),))
    bench, caller = Bench(refused), Caller()
    (*_, final) = bench.receive(caller.invite("Supported: timer"))
    bench.receive(caller.ack_refusal(final))
    bench.receive((caller if call_id == 1 else Caller(call_id)).invite())
    assert verdicts(bench)["invite-has-supported"] == "pass"


@pytest.mark.parametrize("rule", WRONG)
def test_every_way_to_be_wrong(rule: str) -> None:
    changes = dict(WRONG[rule])
    fields, caller = changes.pop("fields", ()), changes.pop("caller", None) or Caller()
    without_length = not changes.pop("content_length", caller.flow is not TCP)
    bench = Bench(OK)
    bench.hostile = True
    data = caller.request("INVITE", *fields, **changes)
    if changes.get("content_type") == "":
        data = data.replace(b"Content-Type: \r\n", b"")
    if without_length:
        data = data.replace(b"Content-Length: 0\r\n", b"")
    bench.receive(data, caller.flow)
    assert verdicts(bench)[rule] == "fail"


def test_a_missing_contact() -> None:
    assert sent(put={"Contact": None})["request-for-a-dialog-has-one-contact"] == "fail"
    assert "request-for-a-dialog-has-one-contact" not in sent(method="OPTIONS")


@pytest.mark.parametrize(("branch", "verdict"), [(None, "pass"), ("z9hG4bK1x1", "fail")])
def test_a_branch_that_was_used_before(branch: str | None, verdict: str) -> None:
    bench, caller = Bench(plans={"OPTIONS": (OK,)}), Caller()
    first = caller.request("OPTIONS")
    bench.receive(first)
    bench.receive(first)  # a copy is the same request
    bench.receive(caller.request("OPTIONS", branch=branch))
    assert verdicts(bench)["branch-is-unique"] == verdict


def test_what_is_no_sip_at_all_is_not_judged() -> None:
    bench = Bench()
    for data in (b"\r\n\r\n", b"\0\0\0\0", b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0 200\r\n\r\n"):
        bench.receive(data)
    assert verdicts(bench) == {}


def test_a_body_that_ends_in_padding() -> None:
    bench, caller = Bench(), Caller()
    bench.receive(caller.request("OPTIONS") + b"\r\n")
    assert verdicts(bench)["content-length-is-right"] == "pass"
