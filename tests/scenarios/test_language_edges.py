"""Corners of the language: what a CANCEL says, 199, escapes in URIs, requests without a dialog, rules that linger."""

from __future__ import annotations

import io

import pytest

from responder.observe.clock import Clock
from responder.observe.console import Console
from responder.observe.journal import Journal
from responder.observe.records import NoteRecord
from responder.scenario.compiler import load_text
from responder.scenario.plan import Parallel, Respond

from .calling import called, opened
from .client import Client
from .world import EPOCH, World


class TestCancel:
    SOURCE = (
        "steps:\n"
        "  - 180\n"
        "  - expect: CANCEL\n"
        "    match: {header: {Reason: {contains: elsewhere}}}\n"
        "    check: {same: [Call-ID, CSeq.number, From.tag], header: {Reason: {prefix: SIP}}}\n"
        "  - log: '${request.method} because ${request.header.Reason}'\n"
        "  - 487\n"
    )

    def cancelled(self, reason: str) -> tuple[World, Client]:
        world, client = opened(self.SOURCE)
        invite = client.invite
        assert invite is not None
        client.request("CANCEL", ("Reason", reason), cseq=invite.cseq, branch=invite.branch, uri=invite.uri)
        world.finish()
        return world, client

    def test_the_one_that_fits_is_taken_and_checked(self) -> None:
        world, client = self.cancelled('SIP;cause=200;text="elsewhere"')
        assert world.logged == ['CANCEL because SIP;cause=200;text="elsewhere"']
        assert client.ended.outcome == "completed"
        assert client.story() == "<INVITE 180 <CANCEL 200/CANCEL 487 <ACK"

    def test_a_check_that_does_not_hold_fails_the_call(self) -> None:
        _, client = self.cancelled("Q.850;text=elsewhere")
        assert client.ended.outcome == "failed"
        assert "header Reason: expected" in client.ended.reason

    def test_another_one_is_not_taken(self) -> None:
        world, client = self.cancelled("SIP;cause=487")
        assert world.logged == []
        assert client.ended.outcome == "cancelled"
        assert client.story() == "<INVITE 180 <CANCEL 200/CANCEL 487 <ACK"


class Test199:
    @pytest.mark.parametrize(
        ("steps", "following"),
        [
            ("[180, 199, 486]", 486),
            ("[199, 2s, {respond: 603, after: 1s}]", 603),
            ("[199, use: end-of-it]", 404),
            ("[199]", 0),
            ("[199, expect: CANCEL, 487]", 0),
        ],
    )
    def test_it_knows_the_final_response_of_its_own_block(self, steps: str, following: int) -> None:
        (rule,) = load_text(f"define: {{end-of-it: [404]}}\nsteps: [fork: {{a: {steps}, b: [use: end-of-it]}}]").rules
        (fork,) = rule.steps
        assert isinstance(fork, Parallel)
        (reply,) = [s.reply for s in fork.blocks[0][1] if isinstance(s, Respond) and s.reply.status == 199]
        assert reply.following == following


class TestEscapes:
    @pytest.mark.parametrize(
        ("user", "written"),
        [("bob", "bob"), ("b%3Eob", "b%3Eob"), ("%23%31", "%23%31"), ("a%3Bb", "a%3Bb"), ("b%40c", "b%40c")],
    )
    def test_the_user_of_the_request_goes_into_a_uri_as_it_was_written(self, user: str, written: str) -> None:
        client = called("steps: [{respond: 302, contact: '<sip:${request.uri.user}@192.0.2.77>'}]", user=user)
        assert client.the("302").the("contact") == f"<sip:{written}@192.0.2.77>"

    def test_other_values_get_the_escapes_that_they_need(self) -> None:
        client = called(
            "steps:\n"
            "  - set: {who: '${request.uri.user}'}\n"
            "  - {respond: 302, contact: '<sip:${vars.who}@192.0.2.77>', headers: {X-Plain: '${vars.who}'}}\n",
            user="b%3E%20%40%25",
        )
        assert client.the("302").the("contact") == "<sip:b%3E%20%40%25@192.0.2.77>"
        assert client.the("302").the("x-plain") == "b> @%"

    def test_a_whole_uri_stays_as_it_is(self) -> None:
        client = called("steps: [set: {uri: 'sip:x@192.0.2.7'}, {respond: 302, contact: '<${vars.uri};a=b>'}]")
        assert client.the("302").the("contact") == "<sip:x@192.0.2.7;a=b>"


def test_our_own_uri_is_that_of_our_contact() -> None:
    world = World("steps: [log: '${local.uri}', 486]", user="bench", advertise="sip.example.com:5099")
    Client(world).begin()
    world.finish()
    assert world.logged == ["sip:bench@sip.example.com:5099"]


@pytest.mark.parametrize("name", ["From", "To"])
def test_what_the_script_says_goes_to_a_request_that_no_dialog_can_be_made_of(name: str) -> None:
    world = World("unchecked: [syntax]\nsteps: [180, 200]")
    lines = [
        "INVITE sip:bob@127.0.0.1 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bKodd",
        "Max-Forwards: 70",
        *[f"{n}: {'<sip:a@' if n == name else f'<sip:{n}@x>'}" for n in ("From", "To")],
        "Call-ID: odd",
        "CSeq: 1 INVITE",
        "Contact: <sip:alice@192.0.2.10:5062>",
        "Content-Length: 0",
    ]
    client = Client(world, call_id="odd")
    world.engine.receive("\r\n".join([*lines, "", ""]).encode(), client.flow, 0.0)
    sent = [data.split(b" ")[1] for data, _ in world.engine.transmits()]
    assert sent == [b"180", b"200"]


@pytest.mark.parametrize("beside", ["cancel: [486]", "meanwhile: {INFO: [415]}"])
def test_a_rule_that_lingers_is_over_with_the_call_that_nobody_pracked(beside: str) -> None:
    world = World(f"{beside}\nsteps: [{{respond: 183, reliable: true}}]\n")
    client = Client(world, pracks=False, fields=["Supported: 100rel"]).begin()
    world.finish()
    assert client.ended.outcome == "no-prack"
    assert client.ended.time < 33


def test_a_near_miss_of_a_rule_and_of_an_expect_is_on_the_terminal_and_in_the_journal() -> None:
    world = World(
        "rules:\n"
        "  - {name: busy, match: {user: bob}, steps: [486]}\n"
        "  - name: talk\n"
        "    match: {user: carol}\n"
        "    steps:\n"
        "      - 200\n"
        "      - {expect: INFO, match: {header: {Subject: lunch}}, within: 5s}\n"
    )
    Client(world, user="bobby").begin()
    client = Client(world, user="carol", number=2, talks=None).begin()
    world.pump()
    client.request("INFO", ("Subject", "dinner"), within=True)
    world.finish()
    rule = "near-miss: INVITE sip:bobby@127.0.0.1 matched rule 'busy' except user: expected 'bob', got 'bobby'"
    step = "near-miss: INFO in line 7 of 'talk': header Subject: expected 'lunch', got 'dinner'"
    out = io.StringIO()
    console, journal = Console(out.write, clock=Clock(EPOCH)), Journal(Clock(EPOCH))
    console.observe(world.events)
    console.close(0.0)
    journal.observe(world.events)
    assert rule in out.getvalue()
    assert step in out.getvalue()
    noted = {f"{one.kind}: {one.text}": one.call for one in journal.records if isinstance(one, NoteRecord)}
    assert (noted[rule], noted[step]) == (1, 2)
