from __future__ import annotations

import pytest

from responder.uas.script import Reply
from tests.scenario.stage import FLOW, SDP, Stage, request


class TestPlainFlows:
    def test_codes_in_a_row_are_sent_at_once(self) -> None:
        assert Stage("steps: [100, 180, 200]").start() == ["100", "180", "200", "end"]

    def test_a_wait_is_a_deadline(self) -> None:
        stage = Stage("steps: [100, 180, 2s, 486]")
        log = stage.start()
        assert log == ["100", "180"]
        assert stage.pass_time(1.9) == ["100", "180"]
        assert stage.pass_time(0.2) == ["100", "180", "486", "end"]

    def test_respond_after_a_time(self) -> None:
        stage = Stage("steps: [100, {respond: 486, after: 2s}]")
        assert stage.start() == ["100"]
        assert stage.pass_time(2) == ["100", "486", "end"]

    @pytest.mark.parametrize("steps", ["[100, 180]", "[100]", "[180]"])
    def test_provisional_alone_rings_until_cancel(self, steps: str) -> None:
        stage = Stage(f"steps: {steps}")
        log = stage.start()
        assert log[-1] == "end"
        assert not any("answer" in entry for entry in log)
        stage.cancel()
        assert log[-1] == "487"

    def test_rings_after_a_wait(self) -> None:
        stage = Stage("steps: [100, 1s, 180, 1s]")
        stage.start()
        assert stage.pass_time(60) == ["100", "180", "end"]

    def test_invite_that_nothing_was_sent_to_is_answered(self) -> None:
        stage = Stage("steps: [1s]")
        stage.start()
        assert stage.pass_time(1) == ["answer INVITE", "end"]

    @pytest.mark.parametrize("steps", ["[100]", "[180]", "[{log: hello}]", "[1s, 100]"])
    def test_other_requests_always_get_a_final_response(self, steps: str) -> None:
        stage = Stage(f"match: {{method: MESSAGE}}\nsteps: {steps}")
        log = stage.start(request("MESSAGE"))
        assert stage.pass_time(1)[-2:] == ["answer MESSAGE", "end"]
        assert log.count("answer MESSAGE") == 1

    def test_what_no_step_is_for_is_left_to_the_core(self) -> None:
        stage = Stage("steps: [100, 180, 5s, 200]")
        stage.start()
        assert not stage.receive("OPTIONS")
        assert stage.call.log[-1] == "answer OPTIONS"

    def test_cancel_ends_the_flow(self) -> None:
        stage = Stage("steps: [100, 180, 2s, 200]")
        stage.start()
        stage.cancel()
        assert stage.pass_time(10) == ["100", "180", "end", "487"]

    def test_bye_before_the_next_step_ends_the_flow(self) -> None:
        stage = Stage("steps: [100, 200, 5s, {send: BYE}]")
        stage.start()
        assert not stage.receive("BYE")
        assert stage.pass_time(10) == ["100", "200", "end", "answer BYE"]
        assert stage.call.failures == []

    def test_end_stops_at_once(self) -> None:
        stage = Stage("steps: [180, {choose: [{steps: [end]}, {weight: 1e-9, steps: [1s]}]}, 200]")
        assert stage.start() == ["180", "end"]

    def test_nothing_is_left_behind_when_the_call_ends(self) -> None:
        stage = Stage("steps: [100, 180, 2s, 486]")
        stage.start()
        script = stage.call.script
        stage.finish("timeout")
        assert script.threads == []
        assert not hasattr(script, "call")

    def test_a_call_that_never_began_can_end(self) -> None:
        stage = Stage("steps: [100, 180, 2s, 486]")
        script = stage.playbook.choose(request(), FLOW, 0)
        script.ended(None, "rejected")  # type: ignore[arg-type]


class TestReplies:
    def replies(self, step: str, rule: str = "") -> list[Reply]:
        stage = Stage(f"{rule}\nsteps:\n  - {step}")
        stage.start()
        return [reply for reply, _, _ in stage.call.replies]

    def test_everything_that_can_be_written(self) -> None:
        (reply,) = self.replies(
            "{respond: 200, reason: Fine, headers: {X-A: [a, b]}, add: {Warning: w}, remove: [Server, m], sdp: false,"
            " contact: '<sip:x@y>', to_tag: abc, compact: true, reliable: false}"
        )
        assert (reply.status, reply.reason) == (200, "Fine")
        assert reply.headers == (("X-A", "a"), ("X-A", "b"))
        assert reply.added == (("Warning", "w"),)
        assert reply.removed == {"server", "contact"}
        assert (reply.sdp, reply.contact, reply.to_tag) == (False, "<sip:x@y>", "abc")
        assert (reply.compact, reply.reliable, reply.bare) == (True, False, False)
        assert reply.label == "scenario step 1"

    def test_what_is_left_out_is_implied(self) -> None:
        (reply,) = self.replies("486")
        assert reply.headers == ()
        assert (reply.reason, reply.body, reply.sdp, reply.contact, reply.to_tag, reply.reliable) == (None,) * 6

    def test_false_means_none(self) -> None:
        (reply,) = self.replies("{respond: 180, contact: false, to_tag: false, sdp: true}")
        assert (reply.contact, reply.to_tag, reply.sdp) == (False, False, True)

    def test_numbers_stay_as_written(self) -> None:
        (reply,) = self.replies("{respond: 503, headers: {Retry-After: 007, X: true, Y: 1.50}, reason: 1e3}")
        assert reply.headers == (("Retry-After", "007"), ("X", "true"), ("Y", "1.50"))
        assert reply.reason == "1e3"

    def test_headers_of_the_rule_are_defaults(self) -> None:
        rule = "headers: {Server: Acme, X-Rule: r}\nremove: [Allow]"
        first, second = self.replies("100\n  - {respond: 486, headers: {server: Other}, remove: [X-Rule]}", rule)
        assert first.headers == (("Server", "Acme"), ("X-Rule", "r"))
        assert first.removed == {"allow"}
        assert second.headers == (("server", "Other"),)
        assert second.removed == {"allow", "x-rule"}

    def test_session_descriptions_have_crlf(self) -> None:
        (reply,) = self.replies("respond: 200\n    sdp: |\n      v=0\n      s=-\n")
        assert reply.sdp == "v=0\r\ns=-\r\n"

    def test_raw_lines_get_crlf_and_the_empty_line(self) -> None:
        (reply,) = self.replies("respond: 486\n    raw: |\n      SIP/2.0 486 x\n      A: b\n")
        assert reply.raw == "SIP/2.0 486 x\r\nA: b\r\n\r\n"

    def test_raw_with_cr_is_left_alone(self) -> None:
        (reply,) = self.replies('{respond: 486, raw: "SIP/2.0 486 x\\r\\nA: b\\n"}')
        assert reply.raw == "SIP/2.0 486 x\r\nA: b\n"

    def test_folded_header(self) -> None:
        (reply,) = self.replies('{respond: 486, headers: {Subject: "a\\n b"}}')
        assert reply.headers == (("Subject", "a\r\n b"),)


class TestExpect:
    def test_the_request_is_at_hand(self) -> None:
        stage = Stage("steps: [200, {expect: INFO}, 415, {expect: BYE}, 200]")
        stage.start()
        assert stage.receive("INFO")
        assert stage.receive("BYE")
        assert stage.call.log == ["200", "INFO 415", "BYE 200", "end"]

    def test_a_request_that_no_step_answers_is_answered(self) -> None:
        stage = Stage("steps: [200, {expect: INFO}, {expect: BYE}]")
        stage.start()
        assert stage.receive("INFO")
        assert stage.receive("BYE")
        assert stage.call.log == ["200", "answer INFO", "answer BYE", "end"]

    def test_it_is_answered_at_once_and_not_after_the_wait(self) -> None:
        stage = Stage("steps: [200, {expect: INFO}, 5s, {log: late}, {send: BYE}]")
        stage.start()
        stage.receive("INFO")
        assert stage.call.log == ["200", "answer INFO"]

    def test_a_wait_before_the_response_holds_it_back(self) -> None:
        stage = Stage("steps: [200, {expect: INFO}, 5s, 200]")
        stage.start()
        stage.receive("INFO")
        assert stage.call.log == ["200"]
        assert stage.pass_time(5) == ["200", "INFO 200", "end"]

    def test_a_response_in_an_outer_block_counts(self) -> None:
        stage = Stage("steps: [200, {choose: [{steps: [{expect: INFO}]}]}, 415]")
        stage.start()
        stage.receive("INFO")
        assert stage.call.log == ["200", "INFO 415", "end"]

    def test_a_branch_that_does_not_answer(self) -> None:
        stage = Stage(
            "seed: 1\nsteps: [200, {expect: INFO}, {choose: [{weight: 1e-8, steps: [415]}, {steps: [{log: no}]}]}]"
        )
        stage.start()
        stage.receive("INFO")
        assert stage.call.log == ["200", "answer INFO", "end"]

    def test_others_are_left_to_the_core(self) -> None:
        stage = Stage("steps: [200, {expect: INFO}, 200]")
        stage.start()
        assert not stage.receive("OPTIONS")
        assert stage.receive("INFO")

    def test_within(self) -> None:
        stage = Stage("steps: [200, {expect: BYE, within: 5s}, 200]")
        stage.start()
        assert stage.pass_time(5) == ["200", "hangup", "end"]
        assert stage.call.failures == ["no BYE within 5 s (line 1)"]

    def test_in_time(self) -> None:
        stage = Stage("steps: [200, {expect: INFO, within: 5s}, 200, 10s, {log: x}]")
        stage.start()
        stage.pass_time(4)
        stage.receive("INFO")
        assert stage.pass_time(10) == ["200", "INFO 200", "end"]
        assert stage.call.failures == []

    def test_otherwise_and_on(self) -> None:
        stage = Stage("steps: [200, {expect: INFO, within: 5s, otherwise: [{log: none}]}, 415, {expect: BYE}, 200]")
        stage.start()
        stage.pass_time(5)
        stage.receive("BYE")
        assert stage.call.log == ["200", "BYE 200", "end"]
        assert stage.call.notes == [("log", "none")]
        assert stage.call.failures == []

    def test_optional_in_time(self) -> None:
        stage = Stage("steps: [200, {expect: INFO, within: 5s, optional: true}, 415, {expect: BYE}, 200]")
        stage.start()
        stage.receive("INFO")
        stage.receive("BYE")
        assert stage.call.log == ["200", "INFO 415", "BYE 200", "end"]

    def test_optional_takes_its_responses_with_it(self) -> None:
        stage = Stage("steps: [200, {expect: INFO, within: 5s, optional: true}, 1s, 415, {expect: BYE}, 200]")
        stage.start()
        stage.pass_time(5)
        stage.receive("BYE")
        assert stage.call.log == ["200", "BYE 200", "end"]

    def test_optional_gives_way_to_the_next(self) -> None:
        stage = Stage(
            "steps: [200, {expect: INFO, optional: true}, 415, {expect: UPDATE, optional: true}, {expect: BYE}, 200]"
        )
        stage.start()
        assert stage.receive("BYE")
        assert stage.call.log == ["200", "BYE 200", "end"]

    def test_match_leaves_others_alone(self) -> None:
        stage = Stage("steps: [200, {expect: INFO, match: {header: {X-A: '1'}}}, 200]")
        stage.start()
        assert not stage.receive("INFO", headers={"X-A": "2"})
        assert ("near-miss", "INFO in line 1 of 'scenario': header X-A: expected '1', got '2'") in stage.call.notes
        assert stage.receive("INFO", headers={"X-A": "1"})

    def test_check_takes_it_and_fails_the_call(self) -> None:
        stage = Stage("steps: [200, {expect: INFO, check: {header: {X-A: '1'}, same: [From.tag, To.tag]}}, 200]")
        stage.start()
        assert stage.receive("INFO", headers={"X-A": "2"})
        assert stage.call.failures == [
            "check in line 1: header X-A: expected '1', got '2'",
            "check in line 1: To.tag: expected the same as before, nothing, got 'to'",
        ]
        assert stage.call.log == ["200", "INFO 200", "end"]

    def test_not_before(self) -> None:
        stage = Stage("steps: [200, {expect: INFO, not_before: 2s}, 200]")
        stage.start()
        stage.pass_time(1)
        assert stage.receive("INFO")
        assert stage.call.failures == ["INFO came after 1.000 s, not before 2 s were over"]

    def test_another_try_of_the_invite(self) -> None:
        stage = Stage(
            "steps: [503, {expect: INVITE, not_before: 2s, check: {greater: CSeq.number, same: Call-ID}}, 180, 200]"
        )
        stage.start()
        stage.pass_time(2)
        assert stage.receive("INVITE", to_tag=None)
        assert stage.call.log == ["503", "180", "200", "end"]
        assert stage.call.failures == []

    def test_another_try_that_nothing_waits_for(self) -> None:
        stage = Stage("steps: [503, {expect: MESSAGE}, 200]")
        stage.start()
        assert not stage.receive("INVITE", to_tag=None)

    def test_any_method(self) -> None:
        stage = Stage("steps: [200, {expect: any}, 415]")
        stage.start()
        assert stage.receive("INFO")

    def test_one_of_several(self) -> None:
        stage = Stage("steps: [200, {expect: [BYE, UPDATE]}, 200]")
        stage.start()
        assert not stage.receive("INFO")
        assert stage.receive("UPDATE")

    def test_bye_instead(self) -> None:
        stage = Stage("steps: [200, {expect: INFO}, 200]")
        stage.start()
        assert not stage.receive("BYE")
        assert stage.call.failures == ["BYE came while INFO was expected (line 1)"]
        assert stage.call.log == ["200", "end", "answer BYE"]


class TestAtHand:
    """Which request a response goes to."""

    def test_an_invite_that_waits_is_at_hand_again(self) -> None:
        stage = Stage("steps: [183, {expect: UPDATE}, 200, 180, 1s, 200, {expect: BYE}, 200]")
        stage.start()
        stage.receive("UPDATE")
        stage.pass_time(1)
        stage.receive("BYE")
        assert stage.call.log == ["183", "UPDATE 200", "180", "200", "BYE 200", "end"]

    def test_after_a_request_that_the_core_answers(self) -> None:
        stage = Stage("steps: [183, {expect: INFO}, {expect: UPDATE}, 488, 486]")
        stage.start()
        stage.receive("INFO")
        stage.receive("UPDATE")
        assert stage.call.log == ["183", "answer INFO", "UPDATE 488", "486", "end"]

    def test_prack_never_is(self) -> None:
        stage = Stage("steps: [{respond: 183, reliable: true}, {expect: PRACK}, 180, {expect: any}, 200, 200]")
        stage.start()
        stage.receive("PRACK")
        assert not stage.receive("PRACK")
        stage.receive("INFO")
        assert stage.call.log == ["183", "answer PRACK", "180", "answer PRACK", "INFO 200", "200", "end"]

    def test_the_invite_rings_on_at_the_end(self) -> None:
        stage = Stage("steps: [183, {expect: UPDATE}, 200]")
        stage.start()
        stage.receive("UPDATE")
        assert stage.call.log == ["183", "UPDATE 200", "end"]
        stage.cancel()
        assert stage.call.log[-1] == "487"

    def test_names_are_those_of_the_request_that_is_answered(self) -> None:
        stage = Stage(
            "steps: [183, {expect: INFO}, {respond: 200, headers: {A: '${request.method}'}},"
            " {respond: 200, headers: {A: '${request.method}'}}]"
        )
        stage.start()
        stage.receive("INFO")
        assert [headers for _, headers, _ in stage.call.replies] == [{}, {"A": "INFO"}, {"A": "INVITE"}]


class TestAck:
    FLOW = "steps: [200, {expect: ACK, within: 5s}, {log: acknowledged}, {expect: BYE}, 200]"

    def test_awaited(self) -> None:
        stage = Stage(self.FLOW)
        stage.start()
        stage.ack()
        assert stage.call.notes == [("log", "acknowledged")]

    def test_sooner_than_expected(self) -> None:
        stage = Stage("steps: [200, 2s, {expect: ACK, within: 5s}, {log: acknowledged}]")
        stage.start()
        stage.ack()
        assert stage.call.notes == []
        stage.pass_time(2)
        assert stage.call.notes == [("log", "acknowledged")]
        assert stage.call.failures == []

    def test_of_an_earlier_invite(self) -> None:
        stage = Stage("steps: [401, {expect: INVITE}, 200, {expect: ACK, within: 5s}]")
        stage.start()
        stage.receive("INVITE", to_tag=None)
        stage.ack(cseq=1)
        assert stage.call.log == ["401", "200"]
        stage.ack(cseq=2)
        assert stage.call.log == ["401", "200", "end"]

    def test_missing(self) -> None:
        stage = Stage(self.FLOW)
        stage.start()
        stage.pass_time(5)
        assert stage.call.failures == ["no ACK within 5 s (line 1)"]

    def test_checked(self) -> None:
        stage = Stage("steps: [200, {expect: ACK, check: {same: [CSeq.number, Via.branch]}}]")
        stage.start()
        stage.ack()
        assert stage.call.failures == [
            "check in line 1: Via.branch: expected the same as before, 'z9hG4bKINVITE1', got 'z9hG4bKACK1'"
        ]


class TestComparisons:
    """`same` and `greater` look at the request before; for an ACK at its INVITE."""

    def test_requests_one_after_the_other(self) -> None:
        check = "check: {greater: CSeq.number, same: [Call-ID, From.tag]}"
        stage = Stage(
            f"steps: [183, {{expect: PRACK, {check}}}, 200, {{expect: ACK, check: {{same: CSeq.number}}}},"
            f" {{expect: BYE, {check}}}]"
        )
        stage.start()
        stage.receive("PRACK", cseq=2)
        stage.ack(cseq=1)
        stage.receive("BYE", cseq=2)
        assert stage.call.failures == ["check in line 1: CSeq.number: expected more than '2', got '2'"]

    def test_the_first_request_has_none_before_it(self) -> None:
        stage = Stage("steps: [{check: {same: Call-ID, greater: CSeq.number}}, 200]")
        stage.start()
        assert stage.call.failures == ["check in line 1: CSeq.number: expected more than '1', got '1'"]


class TestCancel:
    def test_fail(self) -> None:
        stage = Stage("steps: [180, 9s, 200]\ncancel: fail")
        stage.start()
        stage.cancel()
        assert stage.call.failures == ["the client sent CANCEL"]
        assert stage.call.log == ["180", "end", "487"]

    def test_ignore(self) -> None:
        stage = Stage("steps: [180, 9s, 200]\ncancel: ignore")
        stage.start()
        stage.cancel()
        assert stage.pass_time(9) == ["180", "200"]

    def test_ignore_when_the_steps_are_over(self) -> None:
        stage = Stage("steps: [180]\ncancel: ignore")
        log = stage.start()
        stage.cancel()
        assert log == ["180"]

    def test_steps(self) -> None:
        stage = Stage("steps: [180, 9s, 200]\ncancel: [1s, 480]")
        stage.start()
        stage.cancel()
        assert stage.pass_time(20) == ["180", "480", "end"]

    def test_steps_without_a_final_response(self) -> None:
        stage = Stage("steps: [180, 9s, 200]\ncancel: [1s, {log: cancelled}]")
        stage.start()
        stage.cancel()
        assert stage.pass_time(20) == ["180", "487", "end"]

    def test_expected_and_left_to_the_core(self) -> None:
        stage = Stage("steps: [180, {expect: CANCEL, within: 5s}, {expect: ACK}]")
        stage.start()
        stage.cancel()
        assert stage.call.log == ["180", "487"]
        stage.ack()
        assert stage.call.log == ["180", "487", "end"]

    def test_expected_and_answered(self) -> None:
        stage = Stage("steps: [180, {expect: CANCEL, not_before: 1s}, 480]")
        stage.start()
        stage.cancel()
        assert stage.call.log == ["180", "480", "end"]
        assert stage.call.failures == ["CANCEL came after 0.000 s, not before 1 s were over"]

    def test_missing(self) -> None:
        stage = Stage("steps: [180, {expect: CANCEL, within: 5s}]")
        stage.start()
        assert stage.pass_time(5) == ["180", "hangup", "end"]
        assert stage.call.failures == ["no CANCEL within 5 s (line 1)"]


class TestSend:
    def test_waits_for_the_response(self) -> None:
        stage = Stage("steps: [200, {send: BYE, expect: 200}, {log: over}]")
        stage.start()
        assert stage.call.log == ["200", "send BYE"]
        stage.respond(200)
        assert stage.call.log == ["200", "send BYE", "end"]
        assert stage.call.failures == []

    def test_provisional_responses_do_not_count(self) -> None:
        stage = Stage("steps: [200, {send: INVITE, expect: 200}, {log: on}]")
        stage.start()
        stage.respond(100)
        assert stage.call.notes == []
        stage.respond(200)
        assert stage.call.notes == [("log", "on")]

    @pytest.mark.parametrize(
        ("expected", "status", "good"),
        [
            ("200", 200, True),
            ("200", 202, False),
            ("2xx", 202, True),
            ("[481, 2xx]", 481, True),
            ("[481, 2xx]", 500, False),
        ],
    )
    def test_expect(self, expected: str, status: int, good: bool) -> None:
        stage = Stage(f"steps: [200, {{send: INFO, expect: {expected}}}, {{log: on}}]")
        stage.start()
        stage.respond(status)
        assert (stage.call.failures == []) is good
        assert stage.call.notes == [("log", "on")]

    def test_the_text_of_a_failure(self) -> None:
        stage = Stage("steps: [200, {send: INFO, expect: [200, 4xx]}]")
        stage.start()
        stage.respond(500)
        assert stage.call.failures == ["INFO got 500, expected 200 or 4xx (line 1)"]

    def test_no_response(self) -> None:
        stage = Stage("steps: [200, {send: BYE, expect: 200, as: bye}, {log: '${vars.bye}'}]")
        stage.start()
        stage.respond(None)
        assert stage.call.failures == ["no response to BYE (line 1)"]
        assert stage.call.notes == [("log", "408")]

    def test_as_and_check(self) -> None:
        stage = Stage(
            "steps: [200, {send: OPTIONS, as: ping}, {check: {status: 200, header: {Allow: INVITE}, same: Call-ID}},"
            " {log: 'got ${vars.ping}'}]"
        )
        stage.start()
        stage.respond(405, headers={"Allow": "BYE, INVITE"})
        assert stage.call.notes == [("log", "got 405")]
        assert stage.call.failures == ["check in line 1: status: expected 200, got 405"]

    def test_what_is_sent(self) -> None:
        stage = Stage(
            "steps: [200, {send: MESSAGE, headers: {Subject: 'to ${request.from.user}'}, add: {X: y}, remove: [Allow],"
            " body: hi, content_type: text/html}]"
        )
        stage.start()
        outgoing, headers = stage.call.sent[0]
        order = outgoing.order
        assert headers == {"Subject": "to alice", "X": "y"}
        assert (order.body, order.content_type, order.removed) == ("hi", "text/html", {"allow"})
        assert order.label == "scenario step 2"

    def test_without_a_dialog(self) -> None:
        stage = Stage("match: {method: any}\nsteps: [200, {send: BYE}, {log: on}]")
        stage.start(request("OPTIONS"))
        assert stage.call.failures == ["BYE has no dialog to be sent in (line 2)"]
        assert stage.call.notes == [("log", "on")]

    def test_hangup(self) -> None:
        stage = Stage("steps: [200, 1s, hangup]")
        stage.start()
        assert stage.pass_time(1) == ["200", "hangup", "end"]


class TestBlocks:
    def test_repeat(self) -> None:
        stage = Stage("steps: [{repeat: {times: 3, steps: [180, 1s]}}, 200]")
        stage.start()
        assert stage.pass_time(3) == ["180", "180", "180", "200", "end"]

    def test_nested_repeat(self) -> None:
        stage = Stage("steps: [{repeat: {times: 2, steps: [180, {repeat: {times: 2, steps: [183]}}]}}, 200]")
        assert stage.start() == ["180", "183", "183", "180", "183", "183", "200", "end"]

    def test_forever(self) -> None:
        stage = Stage("steps: [{repeat: {forever: true, steps: [180, 1s]}}]")
        stage.start()
        assert stage.pass_time(99.5) == ["180"] * 100
        stage.cancel()
        assert stage.pass_time(9)[-2:] == ["end", "487"]

    def test_use_and_define(self) -> None:
        stage = Stage("define: {ring: [180, 1s], twice: [{use: ring}, {use: ring}]}\nsteps: [100, use: twice, 200]")
        stage.start()
        assert stage.pass_time(2) == ["100", "180", "180", "200", "end"]

    def test_use_of_a_shipped_flow(self) -> None:
        stage = Stage("steps: [{log: before}, {use: busy}]")
        stage.start()
        assert stage.pass_time(2) == ["100", "180", "486", "end"]

    def test_shipped_flows_bring_their_blocks_and_users(self) -> None:
        stage = Stage("steps: [{use: hold-by-us}]")
        stage.start()
        stage.ack()
        assert stage.pass_time(1)[-1] == "send INVITE"
        stage = Stage("steps: [{use: auth-then-answer}]")
        assert stage.start() == ["401"]

    def test_end_within_a_block_ends_all(self) -> None:
        stage = Stage("define: {stop: [180, end]}\nsteps: [{repeat: {times: 3, steps: [{use: stop}]}}]")
        assert stage.start() == ["180", "end"]

    def test_choose_by_weight(self) -> None:
        stage = Stage("seed: 3\nsteps: [{choose: [{weight: 9, steps: [486]}, {weight: 1, steps: [603]}]}]")
        counts = {"486": 0, "603": 0}
        for _ in range(500):
            counts[stage.start()[0]] += 1
        assert 25 < counts["603"] < 80

    def test_the_same_seed_gives_the_same_choices(self) -> None:
        source = "seed: 3\nsteps: [{wait: {uniform: [1s, 3s]}}, {choose: [{steps: [486]}, {steps: [603]}]}]"

        def run() -> list[object]:
            stage = Stage(source)
            seen: list[object] = []
            for _ in range(20):
                stage.start()
                seen.append(stage.call.waits[0][0] - stage.now)
                seen += stage.pass_time(3)
            return seen

        assert run() == run()

    @pytest.mark.parametrize(("wait", "low", "high"), [("{uniform: [1s, 3s]}", 1, 3), ("{normal: [2s, 300ms]}", 0, 4)])
    def test_drawn_waits(self, wait: str, low: float, high: float) -> None:
        stage = Stage(f"steps: [180, wait: {wait}, 486]")
        waits = set()
        for _ in range(50):
            stage.start()
            waits.add(stage.call.waits[0][0] - stage.now)
        assert len(waits) == 50
        assert all(low <= wait <= high for wait in waits)

    def test_a_flow_that_never_waits_is_stopped(self) -> None:
        stage = Stage("steps: [{repeat: {times: 100000, steps: [180]}}, 200]")
        stage.start()
        assert stage.call.failures == ["1000 steps without a wait between them"]
        assert stage.call.log[-1] == "end"


class TestVariables:
    def test_set_and_use(self) -> None:
        stage = Stage(
            "steps: [{set: {who: '${request.from.user}', n: 1}}, {log: '${vars.who} ${vars.n} ${vars.x:-none}'}, 200]"
        )
        stage.start()
        assert stage.call.notes == [("log", "alice 1 none")]

    def test_groups_of_the_match(self) -> None:
        stage = Stage("match: {user: {regex: '^b(?P<rest>.*)$'}}\nsteps: [{log: '${match.rest} ${match.1}'}, 200]")
        stage.start()
        assert stage.call.notes == [("log", "ob ob")]

    def test_groups_of_an_expect(self) -> None:
        stage = Stage(
            "steps: [200, {expect: INFO, match: {body: {regex: 'Signal=(?P<key>.)'}}}, {log: '${match.key}'}, 200]"
        )
        stage.start()
        stage.receive("INFO", body="Signal=5")
        assert stage.call.notes == [("log", "5")]

    def test_fail(self) -> None:
        stage = Stage("steps: [{fail: 'no ${request.method}'}, 486]")
        assert stage.start() == ["486", "end"]
        assert stage.call.failures == ["no INVITE"]

    def test_check_of_the_first_request(self) -> None:
        stage = Stage("steps: [{check: {sdp: {direction: sendrecv, codec: OPUS}, absent: [Contact]}}, 200]")
        stage.start(request(body=SDP, headers={"Content-Type": "application/sdp"}))
        assert stage.call.failures == [
            "check in line 1: sdp direction: expected 'sendrecv', got 'sendonly'",
            "check in line 1: header Contact: expected nothing, got '<sip:alice@192.0.2.9:5070>'",
        ]


class TestMeanwhile:
    FLOW = "steps: [180, 5s, 200]\nmeanwhile: {INFO: [415], INVITE: [1s, 491], any: [{log: other}]}"

    def test_requests_out_of_sequence(self) -> None:
        stage = Stage(self.FLOW)
        stage.start()
        assert stage.receive("INFO")
        assert stage.call.log == ["180", "INFO 415"]
        assert stage.receive("INVITE")
        assert stage.pass_time(1)[-1] == "491"
        assert stage.receive("UPDATE")
        assert stage.call.log[-1] == "answer UPDATE"
        assert stage.pass_time(5)[-1] == "200"

    def test_it_goes_on_when_the_steps_are_over(self) -> None:
        stage = Stage("steps: [200]\nmeanwhile: {INFO: [415]}")
        log = stage.start()
        assert log == ["200"]
        assert stage.receive("INFO")
        assert not stage.receive("BYE")
        assert log == ["200", "INFO 415", "end", "answer BYE"]

    def test_it_is_over_with_our_own_bye(self) -> None:
        stage = Stage("steps: [200, {send: BYE}]\nmeanwhile: {INFO: [415]}")
        log = stage.start()
        stage.call.dialogs.clear()
        stage.respond(200)
        assert log == ["200", "send BYE", "end"]

    def test_bye_in_it(self) -> None:
        stage = Stage("steps: [200]\nmeanwhile: {BYE: [500]}")
        log = stage.start()
        assert stage.receive("BYE")
        assert log == ["200", "BYE 500", "end"]

    def test_expect_goes_first(self) -> None:
        stage = Stage("steps: [200, {expect: INFO}, 200, {expect: BYE}, 200]\nmeanwhile: {INFO: [415]}")
        log = stage.start()
        stage.receive("INFO")
        stage.receive("INFO")
        assert log == ["200", "INFO 200", "INFO 415"]

    def test_another_try_is_no_request_in_the_call(self) -> None:
        stage = Stage("steps: [503, 5s, {log: x}]\nmeanwhile: {INVITE: [491]}")
        stage.start()
        assert not stage.receive("INVITE", to_tag=None)


class TestFork:
    """RFC 3261 sections 12.1 and 16.7: several early dialogs of one INVITE."""

    def test_each_branch_has_its_tag(self) -> None:
        stage = Stage("steps: [100, fork: {a: [180, 5s, 183], b: [1s, 183, 2s, 200]}]")
        stage.start()
        assert stage.pass_time(9) == ["100", "180 tag1", "183 tag2", "200 tag2", "end"]

    def test_the_flow_goes_on_when_all_are_done(self) -> None:
        stage = Stage("steps: [fork: {a: [180, 1s], b: [183, 2s]}, 486]")
        stage.start()
        assert stage.pass_time(1.5) == ["180 tag1", "183 tag2"]
        assert stage.pass_time(1) == ["180 tag1", "183 tag2", "486", "end"]

    @pytest.mark.parametrize(
        ("codes", "best"),
        [
            ("486 480", "486 tag1"),
            ("486 302", "302 tag2"),
            ("503 603", "603 tag2"),
            ("486 401", "401 tag2"),
            ("500 404", "404 tag2"),
        ],
    )
    def test_the_best_refusal_is_sent(self, codes: str, best: str) -> None:
        first, second = codes.split()
        stage = Stage(f"steps: [fork: {{a: [180, 1s, {first}], b: [183, 2s, {second}]}}]")
        stage.start()
        assert stage.pass_time(9) == ["180 tag1", "183 tag2", best, "end"]

    def test_a_refusal_does_not_hinder_the_others(self) -> None:
        stage = Stage("steps: [fork: {a: [180, 1s, 486], b: [183, 2s, 200]}, {expect: BYE}, 200]")
        stage.start()
        stage.pass_time(9)
        stage.receive("BYE", to_tag="tag2")
        assert stage.call.log == ["180 tag1", "183 tag2", "200 tag2", "BYE 200", "end"]

    def test_each_sees_the_requests_of_its_dialog(self) -> None:
        stage = Stage("steps: [fork: {a: [180, {expect: UPDATE}, 200], b: [183, {expect: UPDATE}, 488]}, 486]")
        stage.start()
        assert not stage.receive("UPDATE", to_tag="other")
        assert stage.receive("UPDATE", to_tag="tag2")
        assert stage.call.log[-1] == "UPDATE 488 tag2"

    def test_requests_go_into_their_dialog(self) -> None:
        stage = Stage("steps: [fork: {a: [180, {send: UPDATE}], b: [183, 9s]}, 486]")
        stage.start()
        assert stage.call.log == ["180 tag1", "send UPDATE tag1", "183 tag2"]

    def test_cancel(self) -> None:
        stage = Stage("steps: [fork: {a: [180, 9s, 200], b: [183, 9s]}, 486]")
        stage.start()
        stage.cancel()
        assert stage.pass_time(20) == ["180 tag1", "183 tag2", "end", "487"]

    def test_branches_without_any_wait(self) -> None:
        stage = Stage("steps: [fork: {a: [180], b: [183]}, 200]")
        assert stage.start() == ["180 tag1", "183 tag2", "200", "end"]

    def test_bye_ends_one_early_dialog(self) -> None:
        stage = Stage("steps: [fork: {a: [180, 9s, 200], b: [183, 1s, 183]}, 486]")
        stage.start()
        assert not stage.receive("BYE", to_tag="tag1")
        assert stage.pass_time(9)[-3:] == ["183 tag2", "486", "end"]


class TestLeavingOff:
    """A request that a step took gets its answer, however the flow goes on."""

    TAKEN = "steps: [180, {expect: INFO}, 9s, 415]"

    def test_cancel(self) -> None:
        stage = Stage(self.TAKEN)
        stage.start()
        stage.receive("INFO")
        stage.cancel()
        assert stage.call.log == ["180", "answer INFO", "end", "487"]

    def test_bye(self) -> None:
        stage = Stage(self.TAKEN)
        stage.start()
        stage.receive("INFO")
        stage.receive("BYE")
        assert stage.call.log == ["180", "answer INFO", "end", "answer BYE"]

    def test_a_branch_that_lost(self) -> None:
        stage = Stage("steps: [fork: {a: [180, {expect: INFO}, 9s, 415], b: [183, 1s, 200]}]")
        stage.start()
        stage.receive("INFO", to_tag="tag1")
        assert stage.pass_time(9) == ["180 tag1", "183 tag2", "200 tag2", "answer INFO", "end"]

    def test_a_branch_that_ends(self) -> None:
        stage = Stage(
            "seed: 2\nsteps: [fork: {a: [180, {expect: INFO},"
            " {choose: [{weight: 1e-9, steps: [415]}, {steps: [1s]}]}], b: [183]}, 486]"
        )
        stage.start()
        stage.receive("INFO", to_tag="tag1")
        assert stage.pass_time(9) == ["180 tag1", "183 tag2", "answer INFO", "486", "end"]


class TestUnordered:
    FLOW = "steps: [200, unordered: [[{expect: INFO}, 415], {expect: UPDATE}], {expect: BYE}, 200]"

    @pytest.mark.parametrize("order", [("INFO", "UPDATE"), ("UPDATE", "INFO")])
    def test_any_order(self, order: tuple[str, str]) -> None:
        stage = Stage(self.FLOW)
        stage.start()
        for method in (*order, "BYE"):
            assert stage.receive(method)
        assert sorted(stage.call.log) == sorted(["200", "INFO 415", "answer UPDATE", "BYE 200", "end"])
        assert stage.call.log[-2:] == ["BYE 200", "end"]
        assert stage.call.failures == []

    def test_the_request_at_hand_before_is_at_hand_after(self) -> None:
        stage = Stage("match: {method: MESSAGE}\nsteps: [unordered: [[{log: a}], [1s]], 202]")
        stage.start(request("MESSAGE"))
        assert stage.pass_time(1) == ["202", "end"]

    def test_one_missing(self) -> None:
        stage = Stage(self.FLOW)
        stage.start()
        stage.receive("INFO")
        assert not stage.receive("BYE")
        assert stage.call.failures == ["BYE came while UPDATE was expected (line 1)"]


class TestSendOutside:
    LEG = (
        "steps: [{send: INVITE, to: 'sip:x@192.0.2.7', from: 'sip:${request.to.user}@y', "
        "within: 5s, as: x, expect: 487}, log: '${vars.x}']"
    )

    def test_what_rings_is_cancelled_and_its_487_counts(self) -> None:
        stage = Stage(self.LEG)
        assert stage.start() == ["place INVITE sip:x@192.0.2.7 from sip:bob@y"]
        stage.call.sent[-1][0].status = 180
        assert stage.pass_time(5)[-1] == "send CANCEL"
        stage.respond(487)
        assert stage.call.notes == [("log", "487")]
        assert stage.call.failures == []

    def test_what_never_rang_is_given_up_at_once(self) -> None:
        stage = Stage(self.LEG)
        stage.start()
        stage.pass_time(5)
        assert stage.call.notes == [("log", "408")]
        assert stage.call.failures == ["no response to INVITE (line 1)"]

    def test_a_response_after_that_changes_nothing(self) -> None:
        stage = Stage(self.LEG.replace("log: '${vars.x}'", "1s, log: '${vars.x}'"))
        stage.start()
        stage.pass_time(5)
        stage.respond(200)
        stage.pass_time(1)
        assert stage.call.notes == [("log", "408")]

    def test_where_it_cannot_be_sent_the_call_fails_and_the_flow_goes_on(self) -> None:
        stage = Stage("steps: [{send: INVITE, to: '${registrar.nobody}', as: x}, log: '<${vars.x}>', 486]")
        stage.start()
        assert stage.call.failures == ["INVITE cannot be sent to '' (line 1)"]
        assert stage.call.notes == [("log", "<>")]


def test_notify_says_its_state_and_waits() -> None:
    stage = Stage(
        "match: {method: SUBSCRIBE}\n"
        "steps: [200, {notify: 'active;expires=${random.digits6:-1}', expect: 200}, log: on]"
    )
    log = stage.start(request("SUBSCRIBE"))
    assert log[-1].startswith("notify active;expires=")
    assert stage.call.notifies
    assert stage.call.notes == []
    stage.respond(481)
    assert stage.call.failures == ["NOTIFY got 481, expected 200 (line 2)"]
    assert stage.call.notes == [("log", "on")]
