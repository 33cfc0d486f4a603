"""What `responder.control` says of the messages that flows send."""

from __future__ import annotations

import re

import pytest

from responder.control.capture import flow_of, request_in
from responder.control.explanation import (
    Explanation,
    Heard,
    Said,
    explain_dialled,
    explain_request,
    explain_rule,
)
from responder.errors import ParseError
from responder.scenario import shipped
from responder.scenario.compiler import load, load_text
from responder.sip.parser import parse

INVITE = (
    "INVITE sip:bob@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.7:5080;branch=z9hG4bKa\nMax-Forwards: 70\n"
    "From: <sip:alice@example.com>;tag=1\nTo: <sip:bob@127.0.0.1>\nCall-ID: a@b\nCSeq: 7 INVITE\n"
    "Contact: <sip:alice@192.0.2.7:5080>\n"
)


def explained(text: str, *, rule: int = 0) -> Explanation:
    plan = load_text(text, name="flow.yaml")
    return explain_rule(plan, plan.rules[rule])


def notes(said: Said) -> dict[str, str]:
    """The notes by header name; the status line under its first word."""
    return {line.text.partition(":")[0].partition(" ")[0]: line.origin.note for line in said.lines}


def starts(explanation: Explanation) -> list[str]:
    """What passed: methods and statuses, those of the client in lower case."""
    found = []
    for one in explanation.story:
        if isinstance(one, Heard | Said):
            words = one.data.decode("utf-8", "replace").split(" ")
            word = words[1] if words[0] == "SIP/2.0" else words[0]
            found.append(word.lower() if isinstance(one, Heard) else word)
    return found


@pytest.mark.parametrize("name", sorted(shipped.names()))
def test_every_shipped_flow_is_explained(name: str) -> None:
    plan = load([name])
    for rule in plan.rules:
        explanation = explain_rule(plan, rule, user=name)
        assert explanation.rule == rule.name
        assert explanation.said or any(one for one in explanation.story if not isinstance(one, Heard | Said))
        for said in explanation.said:
            assert said.again or said.lines
            assert all(line.origin.who and line.origin.note for line in said.lines)
            # a corrupted message may lack its head, and one that is sent again is told in a word
            if said.lines:
                head = said.data.partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
                assert [line.text for line in said.lines] == head.removesuffix("\r\n").split("\r\n")


class TestWhoPutItThere:
    def test_what_is_copied_and_what_the_registry_wants(self) -> None:
        explanation = explained("match: {method: REGISTER}\nsteps:\n  - respond: 423\n")
        (said,) = explanation.said
        found = notes(said)
        assert found["SIP/2.0"] == "registry (RFC 3261 21.4.17)"
        assert found["Via"] == "copied, received and rport ours (RFC 3261 18.2.1, RFC 3581 4)"
        assert found["From"] == "copied from the request (RFC 3261 8.2.6.2)"
        assert found["To"] == "copied, To-tag: ours (RFC 3261 8.2.6.2)"
        assert found["Min-Expires"] == "registry: 423 needs it (RFC 3261 10.3, 20.23)"
        assert found["Content-Length"] == "writer (RFC 3261 20.14)"
        assert said.step == "scenario step 1"
        assert said.place == "flow.yaml:3"

    def test_what_the_author_wrote_has_its_own_line(self) -> None:
        explanation = explained("steps:\n  - respond: 503\n    headers:\n      Retry-After: 5\n    add: {Server: x}\n")
        found = notes(explanation.said[0])
        assert found["Retry-After"] == "author (flow.yaml:4)"
        assert found["Server"] == "author (flow.yaml:5)"

    def test_a_set_header_is_the_authors_though_the_registry_has_one(self) -> None:
        explanation = explained("match: {method: REGISTER}\nsteps: [{respond: 423, headers: {Min-Expires: 600}}]\n")
        assert notes(explanation.said[0])["Min-Expires"] == "author (flow.yaml:2)"

    def test_of_two_contacts_the_added_one_is_the_authors(self) -> None:
        explanation = explained('steps:\n  - respond: 200\n    add: {Contact: "<sip:x@192.0.2.1>"}\n')
        contacts = [line for line in explanation.said[0].lines if line.text.startswith("Contact")]
        assert [line.origin.who for line in contacts] == ["registry", "author"]

    def test_a_challenge_and_the_proof_in_its_answer(self) -> None:
        explanation = explained(
            "users: {alice: secret}\nsteps:\n  - challenge: 401\n    info: true\n  - 200\n  - expect: ACK\n"
        )
        first, second, *_ = (said for said in explanation.said if said.data[8:11] in (b"401", b"200"))
        assert notes(first)["WWW-Authenticate"] == "challenge (flow.yaml:3; RFC 7616 3.3)"
        assert notes(second)["Authentication-Info"] == "proof of the secret (RFC 7616 3.5)"

    def test_the_client_counts_what_it_sends_with_each_nonce(self) -> None:
        """`nc` begins anew with each nonce (RFC 7616 section 3.4)."""
        plan = load(["rfc3665-two-challenges"])
        explanation = explain_rule(plan, plan.rules[0])
        deviations = [text for said in explanation.said for text in said.deviations]
        assert [text for text in deviations if "nc" in text] == []
        assert [
            re.findall(rb"nc=([0-9a-f]+)", one.data)
            for one in explanation.story
            if isinstance(one, Heard) and b"nc=" in one.data
        ] == [[b"00000001"], [b"00000002", b"00000001"], [b"00000003", b"00000002"]]

    def test_requests_of_ours(self) -> None:
        explanation = explained("steps:\n  - 200\n  - expect: ACK\n  - send: BYE\n    headers: {Reason: SIP}\n")
        bye = explanation.said[-1]
        found = notes(bye)
        assert found["BYE"] == "author (flow.yaml:4)"
        assert found["Reason"] == "author (flow.yaml:5)"
        assert found["CSeq"] == "UAC (RFC 3261 12.2.1.1)"

    def test_what_a_step_says_without_naming_the_header(self) -> None:
        explanation = explained('steps:\n  - 486\n  - send: MESSAGE\n    to: "sip:x@192.0.2.9"\n    body: Hello\n')
        found = notes(explanation.said[-1])
        assert found["To"] == "author (flow.yaml:4)"
        assert found["From"] == "UAC (RFC 3261 8.1.1.3)"
        assert found["Content-Type"] == "author (flow.yaml:5)"

    def test_what_was_dialled(self) -> None:
        explanation = explain_dialled("503+Retry-After=5")
        assert explanation.rule == ""
        assert notes(explanation.said[-1])["Retry-After"] == "dialled"

    def test_what_the_author_left_out_is_a_deviation(self) -> None:
        explanation = explained("steps:\n  - respond: 200\n    contact: false\n    to_tag: false\n    remove: [CSeq]\n")
        assert explanation.said[0].deviations == (
            "Contact is left out: 200 needs it (RFC 3261 12.1.1, 12.2.1.2, 20.10)",
            "CSeq is left out (RFC 3261 8.2.6.2)",
            "To has no tag (RFC 3261 8.2.6.2)",
        )

    def test_what_an_rfc_has_against_the_code_stands_with_its_message(self) -> None:
        explanation = explained("steps: [422]\n")
        assert any("RFC 4028" in text for said in explanation.said for text in said.deviations)


class TestTheClient:
    def test_it_acknowledges_and_hangs_up(self) -> None:
        assert starts(explained("steps: [180, 1s, 200]")) == ["invite", "180", "200", "ack", "bye", "200"]

    def test_it_cancels_what_nobody_answers(self) -> None:
        assert starts(explain_dialled("180")) == ["invite", "180", "cancel", "200", "487", "ack"]

    def test_time_is_virtual(self) -> None:
        assert [said.time for said in explain_dialled("180.2s.486").said] == [0.0, 2.0]

    def test_it_acknowledges_reliable_responses(self) -> None:
        text = "steps:\n  - respond: 183\n    sdp: true\n    reliable: true\n  - expect: PRACK\n  - 200\n"
        assert starts(explained(text))[:6] == ["invite", "183", "prack", "200", "200", "ack"]

    def test_it_sends_what_is_expected(self) -> None:
        text = (
            "steps:\n  - 200\n  - expect: ACK\n  - expect: INFO\n    match: {body: {contains: Signal}}\n"
            "    check: {header: {Info-Package: dtmf}}\n  - 200\n  - expect: BYE\n"
        )
        explanation = explained(text)
        assert starts(explanation) == ["invite", "200", "ack", "info", "200", "bye", "200"]
        assert explanation.ending == ""

    def test_it_has_the_credentials_of_the_users(self) -> None:
        text = "users: {carol: pw}\nsteps:\n  - challenge: 407\n  - 486\n"
        assert starts(explained(text)) == ["invite", "407", "ack", "invite", "486", "ack"]

    def test_it_gives_a_request_of_ours_the_status_that_is_expected(self) -> None:
        explanation = explained("steps:\n  - 200\n  - expect: ACK\n  - send: INFO\n    expect: 415\n  - send: BYE\n")
        assert starts(explanation) == ["invite", "200", "ack", "INFO", "415", "BYE", "200"]
        assert explanation.ending == ""

    def test_a_flow_without_end_is_cut_short(self) -> None:
        explanation = explained("steps:\n  - 180\n  - repeat: {times: 1000, steps: [183, 10ms]}\n")
        assert explanation.ending == "stopped after 200 messages"


class TestAGivenRequest:
    def test_line_ends_and_length_do_not_matter(self) -> None:
        plan = load_text("match: {user: bob}\nsteps: [486]", stem="busy")
        explanation = explain_request(plan, request_in(INVITE.encode()))
        assert explanation.rule == "busy"
        assert b"192.0.2.7" in explanation.said[0].data

    def test_a_body_of_lf_lines_is_measured_anew(self) -> None:
        request = request_in((INVITE + "Content-Type: text/plain\nContent-Length: 3\n\na\nb\n").encode())
        assert request.body == b"a\r\nb\r\n"
        assert request.get("Content-Length") == "6"

    def test_where_no_rule_serves_it_says_what_was_near(self) -> None:
        plan = load_text("match: {user: carol}\nsteps: [486]")
        explanation = explain_request(plan, request_in(INVITE.encode()))
        assert explanation.rule == ""
        assert explanation.remarks == (
            "INVITE sip:bob@127.0.0.1 matched rule 'scenario' except user: expected 'carol', got 'bob'",
        )

    def test_it_comes_from_where_its_via_says(self) -> None:
        flow = flow_of(request_in(INVITE.replace("UDP", "TCP").encode()))
        assert (flow.transport, flow.remote, flow.local) == ("TCP", ("192.0.2.7", 5080), ("127.0.0.1", 5060))

    @pytest.mark.parametrize("line", range(1, 8))
    def test_one_that_lacks_a_line_is_explained_as_well(self, line: int) -> None:
        lines = INVITE.splitlines(keepends=True)
        request = request_in("".join(lines[:line] + lines[line + 1 :]).encode())
        plan = load_text("users: {a: b}\nsteps: [{challenge: 401}, 180, 200]")
        explanation = explain_request(plan, request)
        assert not [one for one in explanation.story if "internal error" in getattr(one, "text", "")]

    def test_a_response_is_refused(self) -> None:
        with pytest.raises(ParseError, match="a response"):
            request_in(b"SIP/2.0 200 OK\r\n\r\n")


def test_the_same_bytes_as_without_a_witness() -> None:
    """Explaining draws no ids of its own: what is said is what would be sent."""
    first, second = (explained("steps: [180, 200]").said[1].data for _ in range(2))
    assert first == second
    assert parse(first).to_tag
