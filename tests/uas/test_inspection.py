"""Inspection of requests: RFC 3261 section 8.2, and the checks that other RFCs add, each switchable."""

from __future__ import annotations

from typing import Any

import pytest
from bench import BUSY, OFFER, OK, RINGING, Bench, Caller, Sent, forms, whats

from responder.sip.parser import parse
from responder.uas.inspection import ALL, CHECKS
from responder.uas.script import Reply

TEAPOT = Reply(399, reason="Served")
"""What a script answers that got the request: nothing in the core answers so."""


def listed(sent: Sent, name: str) -> list[str]:
    """The elements of all fields of that name."""
    return sent.message.every(name.lower())


def status_of(data: bytes, *, unchecked: tuple[str, ...] = (), **more: Any) -> int:
    """What one request gets; 399 where it reached the script."""
    bench = Bench(TEAPOT, plans={"*": (TEAPOT,)}, unchecked=unchecked, **more)
    sent = bench.receive(data)
    assert len(sent) == 1
    return sent[0].status


class TestMethod:
    """8.2.1, 21.4.6, 21.5.2."""

    @pytest.mark.parametrize("method", ["FROBNICATE", "invite", "ILLEGAL!%", "X"])
    def test_501_for_a_method_that_is_not_recognised(self, method: str) -> None:
        assert status_of(Caller().request(method)) == 501

    @pytest.mark.parametrize("method", ["INFO", "MESSAGE", "REGISTER", "PUBLISH", "OPTIONS"])
    def test_405_with_allow_for_one_that_is_not_supported(self, method: str) -> None:
        bench = Bench(capabilities={"allow": ("INVITE", "ACK", "CANCEL", "BYE")})
        (sent,) = bench.receive(Caller().request(method))
        assert sent.status == 405
        assert listed(sent, "Allow") == ["INVITE", "ACK", "CANCEL", "BYE"]

    @pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE", "INFO", "NOTIFY", "UPDATE", "BYE", "REGISTER"])
    def test_a_supported_one_reaches_the_script(self, method: str) -> None:
        assert status_of(Caller().request(method)) == 399

    def test_the_script_can_do_without(self) -> None:
        assert status_of(Caller().request("FROBNICATE"), unchecked=("method",)) == 399
        capabilities = {"allow": ("INVITE",)}
        assert status_of(Caller().request("INFO"), unchecked=("method",), capabilities=capabilities) == 399

    def test_a_method_inside_a_dialog(self) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        bench.call(caller)
        assert whats(bench.receive(caller.request("FROBNICATE"))) == ["501"]
        assert whats(bench.receive(caller.bye())) == ["200"], "the dialog goes on"


class TestRequestUri:
    """8.2.2.1: 416."""

    @pytest.mark.parametrize("uri", ["nobodyKnowsThisScheme:totallyopaquecontent", "mailto:a@b", "http://x/", "im:a@b"])
    def test_416_for_a_scheme_that_is_not_supported(self, uri: str) -> None:
        assert status_of(Caller().invite(uri=uri)) == 416

    @pytest.mark.parametrize(
        "uri", ["sip:bob@127.0.0.1", "sips:bob@127.0.0.1", "tel:+358-555-1234567", "SIP:bob@127.0.0.1", "Tel:+1"]
    )
    def test_schemes_that_are(self, uri: str) -> None:
        assert status_of(Caller().invite(uri=uri)) == 399

    def test_a_user_that_nobody_knows_is_served(self) -> None:
        assert status_of(Caller().invite(uri="sip:nobody@elsewhere.example.com;transport=udp")) == 399

    def test_a_to_with_another_scheme_is_accepted(self) -> None:
        # "it is RECOMMENDED that a UAS accept requests even if they do not recognize the URI scheme ... in the To"
        assert status_of(Caller(to="<isbn:2983792873>").invite()) == 399

    def test_the_script_can_do_without(self) -> None:
        assert status_of(Caller().invite(uri="mailto:a@b"), unchecked=("scheme",)) == 399


class TestMerged:
    """8.2.2.2: 482 where From tag, Call-ID and CSeq match a transaction that the request does not match."""

    def test_482(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        merged = caller.invite(cseq=1)
        (sent,) = bench.receive(merged)
        assert sent.status == 482
        assert bench.seen == [("start", "INVITE")]

    def test_the_first_one_is_not_disturbed(self) -> None:
        bench, caller = Bench(RINGING, 1.0, OK, "stay"), Caller()
        first = caller.invite()
        bench.receive(first)
        (merged,) = bench.receive(caller.invite(cseq=1))
        bench.receive(caller.ack_refusal(merged))
        assert whats(bench.receive(first)) == ["180"]
        caller.heard(bench.run(1.0)[-1])
        bench.receive(caller.ack())
        assert whats(bench.receive(caller.bye(cseq=2))) == ["200"]
        bench.drain()

    @pytest.mark.parametrize("again", [BUSY, OK], ids=["refused", "accepted"])
    def test_as_long_as_the_transaction_lasts(self, again: Reply) -> None:
        bench, caller = Bench(again, "stay"), Caller()
        bench.receive(caller.invite())
        assert whats(bench.receive(caller.invite(cseq=1))) == ["482"]

    def test_not_once_it_is_gone(self) -> None:
        bench, caller = Bench(), Caller()
        bench.receive(caller.request("OPTIONS"))
        bench.run(33.0)
        assert whats(bench.receive(caller.request("OPTIONS", cseq=1))) == ["200"]

    @pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE", "REGISTER"])
    def test_any_method(self, method: str) -> None:
        bench, caller = Bench(), Caller()
        bench.receive(caller.request(method))
        assert whats(bench.receive(caller.request(method, cseq=1))) == ["482"]

    def test_of_an_older_transaction_too(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        bench.receive(caller.request("OPTIONS"))
        assert whats(bench.receive(caller.invite(cseq=1))) == ["482"]

    @pytest.mark.parametrize(
        ("old", "new"), [(b";tag=from1", b";tag=other"), (b"call-1@", b"call-2@"), (b"CSeq: 1 ", b"CSeq: 2 ")]
    )
    def test_each_of_the_three_counts(self, old: bytes, new: bytes) -> None:
        bench, caller = Bench(), Caller()
        bench.receive(caller.request("OPTIONS"))
        again = caller.request("OPTIONS", cseq=1).replace(old, new)
        assert whats(bench.receive(again)) == ["200"]

    def test_another_method_with_the_same_number_is_no_merge(self) -> None:
        bench, caller = Bench(), Caller()
        bench.receive(caller.request("OPTIONS"))
        assert whats(bench.receive(caller.request("MESSAGE", cseq=1))) == ["200"]

    def test_not_within_a_dialog(self) -> None:
        # "If the request has no tag in the To header field"
        bench, caller = Bench(OK, "stay"), Caller()
        bench.call(caller)
        bench.receive(caller.request("INFO", cseq=5))
        assert whats(bench.receive(caller.request("INFO", cseq=5))) == ["200"]

    def test_the_script_can_do_without(self) -> None:
        bench, caller = Bench(RINGING, "stay", unchecked=["merged"]), Caller()
        bench.receive(caller.invite())
        assert "482" not in whats(bench.receive(caller.invite(cseq=1)))


class TestRequire:
    """8.2.2.3: 420 with Unsupported."""

    @pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "MESSAGE", "REGISTER"])
    def test_420_lists_what_is_not_understood_and_nothing_else(self, method: str) -> None:
        bench = Bench()
        (sent,) = bench.receive(Caller().request(method, "Require: nothing, 100rel, timer", "Require: more"))
        assert sent.status == 420
        assert listed(sent, "Unsupported") == ["nothing", "more"]

    def test_what_is_understood_passes(self) -> None:
        assert status_of(Caller().request("OPTIONS", "Require: 100rel, TIMER")) == 399

    def test_proxy_require_is_not_for_us(self) -> None:
        assert status_of(Caller().request("OPTIONS", "Proxy-Require: nothing")) == 399

    def test_supported_is_no_demand(self) -> None:
        assert status_of(Caller().request("OPTIONS", "Supported: nothing")) == 399

    def test_require_in_cancel_is_ignored(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        assert whats(bench.receive(caller.cancel("Require: nothing"))) == ["200", "487"]

    def test_require_in_the_ack_of_a_refusal_is_ignored(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        refusal = bench.receive(caller.invite())[0]
        ack = caller.ack_refusal(refusal).replace(b"Content-Length", b"Require: nothing\r\nContent-Length")
        assert bench.receive(ack) == []
        assert bench.run(10.0) == []

    def test_inside_a_dialog(self) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        bench.call(caller)
        (sent,) = bench.receive(caller.request("INFO", "Require: nothing"))
        assert (sent.status, listed(sent, "Unsupported")) == (420, ["nothing"])

    def test_100rel_that_is_not_supported(self) -> None:
        # RFC 3262 section 3: "If the UAS is unwilling to do so, it MUST reject the initial request with a 420"
        bench = Bench(capabilities={"supported": ("timer",)})
        (sent,) = bench.receive(Caller().invite("Require: 100rel"))
        assert (sent.status, listed(sent, "Unsupported")) == (420, ["100rel"])

    def test_the_script_can_do_without(self) -> None:
        assert status_of(Caller().invite("Require: nothing"), unchecked=("require",)) == 399


class TestContent:
    """8.2.3: 415 with Accept, Accept-Encoding or Accept-Language."""

    @pytest.mark.parametrize("content_type", ["application/unknown", "text/plain", "video/x", "application/sdpx"])
    def test_415_with_accept(self, content_type: str) -> None:
        bench = Bench()
        (sent,) = bench.receive(Caller().invite(body=b"something", content_type=content_type))
        assert sent.status == 415
        assert listed(sent, "Accept") == ["application/sdp"]

    def test_415_with_accept_encoding(self) -> None:
        bench = Bench()
        (sent,) = bench.receive(Caller().invite("Content-Encoding: gzip", body=OFFER))
        assert sent.status == 415
        assert listed(sent, "Accept-Encoding") == ["identity"]

    def test_415_with_accept_language(self) -> None:
        bench = Bench()
        sent = bench.receive(Caller().invite("Content-Language: tlh", body=OFFER))[0]
        # the language of an SDP body is not a thing we understand or not: both ways out are open to us
        assert sent.status in (180, 415)
        assert sent.status == 180 or listed(sent, "Accept-Language") == ["en"]

    def test_encodings_that_are_understood(self) -> None:
        assert status_of(Caller().invite("Content-Encoding: identity")) == 399
        capabilities = {"accept_encoding": ("gzip", "identity")}
        assert status_of(Caller().invite("Content-Encoding: GZIP"), capabilities=capabilities) == 399

    @pytest.mark.parametrize("content_type", ["application/sdp", "Application/SDP", "application/sdp;charset=utf-8"])
    def test_types_that_are_understood(self, content_type: str) -> None:
        assert status_of(Caller().invite(content_type=content_type)) == 399

    @pytest.mark.parametrize("disposition", ["session;handling=optional", "x ; Handling = Optional"])
    def test_an_optional_body_is_passed_over(self, disposition: str) -> None:
        data = Caller().invite(
            f"Content-Disposition: {disposition}", body=b"something", content_type="application/unknown"
        )
        assert status_of(data) == 399

    def test_a_required_body_is_not(self) -> None:
        data = Caller().invite(
            "Content-Disposition: session;handling=required", body=b"something", content_type="application/unknown"
        )
        assert status_of(data) == 415

    def test_no_body_no_matter(self) -> None:
        assert status_of(Caller().invite("Content-Type: application/unknown", body=b"")) == 399

    @pytest.mark.parametrize(
        ("method", "content_type"), [("MESSAGE", "text/plain"), ("INFO", "application/dtmf-relay"), ("BYE", "text/x")]
    )
    def test_bodies_of_other_methods_are_theirs(self, method: str, content_type: str) -> None:
        assert status_of(Caller().request(method, body=b"Hello", content_type=content_type)) == 399

    def test_the_script_can_do_without(self) -> None:
        data = Caller().invite(body=b"something", content_type="application/unknown")
        assert status_of(data, unchecked=("content",)) == 399


class TestDialog:
    """12.2.2: 481 for a To tag that belongs to no dialog."""

    @pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO", "OPTIONS", "UPDATE", "MESSAGE"])
    def test_481(self, method: str) -> None:
        assert status_of(Caller().request(method, to_tag="unknown")) == 481

    def test_481_for_a_bye_outside_of_a_dialog(self) -> None:
        # 15.1.2: "If the BYE does not match an existing dialog, the UAS core SHOULD generate a 481"
        bench = Bench()
        assert whats(bench.receive(Caller().bye())) == ["481"]

    def test_the_to_tag_stays_as_it_is(self) -> None:
        bench = Bench()
        (sent,) = bench.receive(Caller().bye(to_tag="unknown"))
        assert sent["To"] == "<sip:bob@127.0.0.1>;tag=unknown"

    def test_the_script_can_do_without(self) -> None:
        assert status_of(Caller().bye(to_tag="unknown"), unchecked=("dialog",)) == 399


class TestSyntax:
    """21.4.1: "The Reason-Phrase SHOULD identify the syntax problem in more detail"."""

    @pytest.mark.parametrize(
        ("put", "word"),
        [
            ({"Call-ID": None}, "Call-ID"),
            ({"CSeq": None}, "CSeq"),
            ({"From": None}, "From"),
            ({"To": None}, "To"),
            ({"CSeq": "1 BYE"}, "CSeq"),
            ({"CSeq": "2147483648 INVITE"}, "CSeq"),
            ({"CSeq": "x INVITE"}, "CSeq"),
            ({"From": '"Alice <sip:a@b>;tag=1'}, "From"),
            ({"To": "<sip:a@b"}, "To"),
            ({"Max-Forwards": "256"}, "Max-Forwards"),
            ({"Max-Forwards": "x"}, "Max-Forwards"),
            ({"Contact": "<sip:a@b"}, "Contact"),
        ],
    )
    def test_400_names_the_problem(self, put: dict[str, str | None], word: str) -> None:
        bench = Bench()
        bench.hostile = True
        (sent,) = bench.receive(Caller().invite(put=put))
        assert sent.status == 400
        assert word in str(sent.message.reason)  # type: ignore[attr-defined]
        assert bench.seen == [("ended", "rejected")] or bench.seen == []

    @pytest.mark.parametrize("missing", ["From", "To", "Call-ID", "CSeq"])
    def test_the_other_lines_are_copied_as_they_are(self, missing: str) -> None:
        bench, data = Bench(), Caller().invite(put={missing: None})
        bench.hostile = True
        (sent,) = bench.receive(data)
        for name in ("Via", "From", "Call-ID", "CSeq"):
            assert sent[name] == parse(data).get(name)
        assert str(sent["To"] or "").count(";tag=") == (missing != "To")

    def test_what_is_not_needed_is_not_looked_at(self) -> None:
        # 8.2.2: "A UAS SHOULD ignore any malformed header fields that are not necessary for processing requests"
        assert status_of(Caller().invite("Date: yesterday", "Retry-After: never", "Alert-Info: <<<")) == 399

    def test_the_script_can_do_without(self) -> None:
        assert status_of(Caller().invite(put={"Max-Forwards": "x"}), unchecked=("syntax",)) == 399

    def test_an_ack_is_never_answered(self) -> None:
        bench = Bench()
        assert bench.receive(Caller().ack(put={"From": None})) == []
        assert bench.leftovers() == {}

    def test_a_request_without_via_cannot_be_answered(self) -> None:
        bench = Bench()
        assert bench.receive(Caller().invite(put={"Via": None})) == []
        assert bench.leftovers() == {}


class TestVersion:
    """21.5.6."""

    @pytest.mark.parametrize("version", [b"SIP/7.0", b"SIP/3.0", b"SIP/1.0"])
    def test_505(self, version: bytes) -> None:
        assert status_of(Caller().invite().replace(b" SIP/2.0\r\n", b" " + version + b"\r\n", 1)) == 505

    def test_the_script_can_do_without(self) -> None:
        data = Caller().invite().replace(b" SIP/2.0\r\n", b" SIP/3.0\r\n", 1)
        assert status_of(data, unchecked=("version",)) == 399

    def test_to_do_without_syntax_is_not_to_do_without_version(self) -> None:
        data = Caller().invite().replace(b" SIP/2.0\r\n", b" SIP/3.0\r\n", 1)
        assert status_of(data, unchecked=("syntax",)) == 505


class TestSessionTimer:
    """RFC 4028 section 9: 422 with Min-SE."""

    def test_422(self) -> None:
        bench = Bench(capabilities={"min_se": 120})
        (sent,) = bench.receive(Caller().invite("Supported: timer", "Session-Expires: 100"))
        assert (sent.status, sent["Min-SE"]) == (422, "120")

    def test_at_the_minimum(self) -> None:
        assert status_of(Caller().invite("Supported: timer", "Session-Expires: 90")) == 399

    def test_never_to_a_client_that_knows_no_timers(self) -> None:
        # "the UAS ... MUST NOT reject with 422 ... if the Supported header field does not contain timer"
        assert status_of(Caller().invite("Session-Expires: 60")) == 399

    def test_not_for_other_methods(self) -> None:
        assert status_of(Caller().request("OPTIONS", "Supported: timer", "Session-Expires: 60")) == 399

    def test_the_script_can_do_without(self) -> None:
        data = Caller().invite("Supported: timer", "Session-Expires: 60")
        assert status_of(data) == 422
        assert status_of(data, unchecked=("session-timer",)) == 399


class TestEvent:
    """RFC 6665 sections 4.2.1.1, 8.3.2: 489 with Allow-Events."""

    @pytest.mark.parametrize("fields", [["Event: unknown"], ["Event: presence.winfo"], []])
    def test_489(self, fields: list[str]) -> None:
        bench = Bench()
        (sent,) = bench.receive(Caller().request("SUBSCRIBE", *fields))
        assert sent.status == 489
        assert "presence" in listed(sent, "Allow-Events")

    @pytest.mark.parametrize("event", ["presence", "Dialog", "presence;id=7", "message-summary"])
    def test_known_packages(self, event: str) -> None:
        assert status_of(Caller().request("SUBSCRIBE", f"Event: {event}")) == 399

    def test_publish_too(self) -> None:
        assert status_of(Caller().request("PUBLISH", "Event: unknown")) == 489

    def test_the_script_can_do_without(self) -> None:
        assert status_of(Caller().request("SUBSCRIBE", "Event: unknown"), unchecked=("event",)) == 399
        assert status_of(Caller().request("SUBSCRIBE"), unchecked=("event",)) == 399


class TestAccept:
    """21.4.7, RFC 4475 section 3.3.15: 406 where nothing that we could describe the session with is acceptable."""

    @pytest.mark.parametrize(
        "accept", ["text/plain", "text/nobodyKnowsThis", "application/sdp2", "application/sdp;q=0"]
    )
    def test_406(self, accept: str) -> None:
        assert status_of(Caller().invite(f"Accept: {accept}")) == 406

    @pytest.mark.parametrize(
        "accept", ["application/sdp", "Application/Sdp", "application/*", "*/*", "text/plain, application/sdp;level=1"]
    )
    def test_what_is_acceptable(self, accept: str) -> None:
        assert status_of(Caller().invite(f"Accept: {accept}")) == 399

    def test_several_lines(self) -> None:
        assert status_of(Caller().invite("Accept: text/plain", "Accept: application/sdp")) == 399

    def test_no_accept_means_sdp(self) -> None:
        # 20.1: "If no Accept header field is present, the server SHOULD assume a default value of application/sdp"
        assert status_of(Caller().invite()) == 399

    def test_the_script_can_do_without(self) -> None:
        assert status_of(Caller().invite("Accept: text/plain"), unchecked=("accept",)) == 399


FAULTS: dict[str, tuple[int, bytes]] = {
    "version": (505, Caller().invite().replace(b" SIP/2.0\r\n", b" SIP/3.0\r\n", 1)),
    "syntax": (400, Caller().invite(put={"Max-Forwards": "x"})),
    "method": (501, Caller().request("FROBNICATE")),
    "scheme": (416, Caller().invite(uri="mailto:a@b")),
    "require": (420, Caller().invite("Require: nothing")),
    "content": (415, Caller().invite(body=b"x", content_type="application/unknown")),
    "session-timer": (422, Caller().invite("Supported: timer", "Session-Expires: 60")),
    "event": (489, Caller().request("SUBSCRIBE", "Event: unknown")),
    "accept": (406, Caller().invite("Accept: text/nobodyKnowsThis")),
    "dialog": (481, Caller().bye(to_tag="unknown")),
    "replaces": (481, Caller().invite("Replaces: nothing;to-tag=a;from-tag=b")),
}


class TestUnchecked:
    """Each check has a name, and goes by that name alone; `all` stands for every one."""

    @pytest.mark.parametrize("name", FAULTS)
    def test_checked(self, name: str) -> None:
        status, data = FAULTS[name]
        assert status_of(data) == status

    @pytest.mark.parametrize("name", FAULTS)
    def test_unchecked_by_its_name(self, name: str) -> None:
        assert status_of(FAULTS[name][1], unchecked=(name,)) == 399

    @pytest.mark.parametrize("name", FAULTS)
    def test_unchecked_by_all(self, name: str) -> None:
        assert status_of(FAULTS[name][1], unchecked=("all",)) == 399

    @pytest.mark.parametrize("name", FAULTS)
    def test_no_other_name_matters(self, name: str) -> None:
        status, data = FAULTS[name]
        assert status_of(data, unchecked=tuple(sorted(ALL - {name, "all"}))) == status

    def test_all_stands_for_merged(self) -> None:
        bench, caller = Bench(RINGING, "stay", unchecked=["all"]), Caller()
        bench.receive(caller.invite())
        assert "482" not in whats(bench.receive(caller.invite(cseq=1)))

    def test_all_stands_for_cseq(self) -> None:
        bench, caller = Bench(OK, "stay", unchecked=["all"], later={"INFO": [TEAPOT]}), Caller()
        bench.call(caller)
        bench.receive(caller.request("INFO", cseq=10))
        assert whats(bench.receive(caller.request("INFO", cseq=9))) == ["399"]

    @pytest.mark.parametrize("name", ["all", "pending"])
    def test_pending(self, name: str) -> None:
        bench, caller = Bench(OK, "stay", unchecked=[name], later={"INVITE": [RINGING]}), Caller()
        bench.call(caller)
        bench.receive(caller.invite())
        assert whats(bench.receive(caller.invite())) == ["180"]

    def test_there_are_names_for_all_of_them(self) -> None:
        assert set(FAULTS) | {"merged", "cseq", "pending"} == set(CHECKS)
        assert set(CHECKS) | {"all"} == ALL


class TestOrder:
    """8.2: "UASs SHOULD process the requests in the order of the steps that follow in this section"."""

    def test_syntax_before_all(self) -> None:
        data = Caller().request("FROBNICATE", "Require: nothing", put={"Max-Forwards": "x"})
        assert status_of(data) == 400

    def test_method_before_request_uri(self) -> None:
        assert status_of(Caller().request("FROBNICATE", uri="mailto:a@b")) == 501

    def test_request_uri_before_require(self) -> None:
        assert status_of(Caller().invite("Require: nothing", uri="mailto:a@b")) == 416

    def test_merged_before_require(self) -> None:
        bench, caller = Bench(), Caller()
        first = bench.receive(caller.request("OPTIONS", "Require: nothing"))
        second = bench.receive(caller.request("OPTIONS", "Require: nothing", cseq=1))
        assert whats(first + second) == ["420", "482"]

    @pytest.mark.parametrize("turned", [False, True])
    def test_require_before_content(self, turned: bool) -> None:
        # whatever the order of the fields
        fields = ["Require: nothing", "Content-Encoding: gzip"]
        if turned:
            fields.reverse()
        assert status_of(Caller().invite(*fields)) == 420

    @pytest.mark.parametrize("turned", [False, True])
    def test_require_before_event(self, turned: bool) -> None:
        fields = ["Require: nothing", "Event: unknown"]
        if turned:
            fields.reverse()
        assert status_of(Caller().request("SUBSCRIBE", *fields)) == 420

    @pytest.mark.parametrize("turned", [False, True])
    def test_require_before_session_timer(self, turned: bool) -> None:
        fields = ["Require: nothing", "Session-Expires: 60"]
        if turned:
            fields.reverse()
        assert status_of(Caller().invite("Supported: timer", *fields)) == 420

    def test_a_refused_request_leaves_no_trace(self) -> None:
        # "If it is rejected, all state changes MUST NOT be performed"
        bench = Bench()
        bench.receive(Caller().request("REGISTER", "Require: nothing"))
        assert len(bench.engine.registrar) == 0


class TestForms:
    """7.3: every spelling of a request is the same request."""

    @pytest.mark.parametrize("form", [name for name, _ in forms(Caller().invite())])
    @pytest.mark.parametrize("check", ["require", "content", "event", "dialog", "scheme", "method"])
    def test_checks_see_through_it(self, form: str, check: str) -> None:
        status, data = FAULTS[check]
        assert status_of(dict(forms(data))[form]) == status

    @pytest.mark.parametrize("form", [name for name, _ in forms(Caller().invite())])
    def test_a_whole_call(self, form: str) -> None:
        bench, caller = Bench(), Caller()
        sent = bench.receive(dict(forms(caller.invite("Supported: timer")))[form])
        assert whats(sent) == ["180", "200"]
        caller.heard(sent[-1])
        bench.receive(dict(forms(caller.ack()))[form])
        assert whats(bench.receive(dict(forms(caller.bye()))[form])) == ["200"]
        assert [event.outcome for event in bench.ended] == ["completed"]
