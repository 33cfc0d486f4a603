"""Requests outside any dialog: `send` with `to`, the dialogs they make, who is found in the registrar."""

from __future__ import annotations

import pytest

from responder.events import CallEnded

from .client import Client
from .party import Party
from .world import World

CAROL = "sip:carol@192.0.2.99:5070"


def ended(world: World) -> CallEnded:
    (event,) = world.ended
    return event


def played(source: str, method: str = "MESSAGE", **answers: object) -> tuple[World, Party, Client]:
    """A flow that a request begins and that calls Carol, to its end."""
    world = World(source)
    party = Party(world, **answers)
    client = Client(world, method, talks=None).begin()
    world.finish()
    return world, party, client


class TestCalling:
    def test_a_call_of_ours_from_ringing_to_bye(self) -> None:
        world, party, client = played(
            "match: {method: MESSAGE}\n"
            "steps:\n"
            "  - 202\n"
            f"  - {{send: INVITE, to: '{CAROL}', expect: [180, 200], as: answer}}\n"
            "  - check: {status: 200, sdp: {audio: true}}\n"
            "  - log: 'it was ${vars.answer}'\n"
            "  - 3s\n"
            "  - {send: BYE, expect: 200}\n",
            INVITE=(100, 180, 2.0, 200),
        )
        assert party.story == ["INVITE", "ACK", "BYE"]
        assert client.story() == "<MESSAGE 202"
        assert world.logged == ["it was 200"]
        assert ended(world).outcome == "completed"
        invite, bye = party.every("INVITE")[0], party.every("BYE")[0]
        assert invite.uri == CAROL
        assert (bye.uri, bye.call_id) == (CAROL, invite.call_id)

    def test_what_is_sent_without_to_concerns_the_dialog_made_last(self) -> None:
        world, party, client = played(
            "steps:\n"
            "  - 100\n"
            f"  - {{send: INVITE, to: '{CAROL}', expect: 2xx}}\n"
            "  - 200\n"
            "  - {expect: ACK, within: 5s}\n"
            "  - {send: INVITE, sdp: sendonly, expect: 200}\n"
            "  - {send: INFO, dialog: caller}\n"
            "  - {send: BYE}\n"
            "  - {send: BYE, dialog: caller}\n",
            "INVITE",
        )
        assert party.story == ["INVITE", "ACK", "INVITE", "ACK", "BYE"]
        assert client.story() == "<INVITE 100 200 <ACK INFO <200/INFO BYE <200/BYE"
        assert ended(world).outcome == "completed"

    def test_hangup_ends_both(self) -> None:
        _, party, client = played(
            f"steps: [100, {{send: INVITE, to: '{CAROL}'}}, 200, expect: ACK, hangup]\n", "INVITE"
        )
        assert party.story == ["INVITE", "ACK", "BYE"]
        assert client.story() == "<INVITE 100 200 <ACK BYE <200/BYE"

    @pytest.mark.parametrize(("method", "status"), [("MESSAGE", 202), ("OPTIONS", 200), ("NOTIFY", 489)])
    def test_other_methods(self, method: str, status: int) -> None:
        world, party, _ = played(
            "match: {method: MESSAGE}\n"
            f"steps: [202, {{send: {method}, to: '{CAROL}', expect: {status}, body: hi}}]\n",
            **{method: status},
        )
        (message,) = party.every(method)
        assert message.body == b"hi"
        assert ended(world).outcome == "completed"

    def test_another_status_than_expected_fails_the_call_and_the_flow_goes_on(self) -> None:
        world, _, _ = played(
            f"match: {{method: MESSAGE}}\nsteps: [202, {{send: INVITE, to: '{CAROL}', expect: 200}}, log: on]\n",
            INVITE=486,
        )
        assert ended(world).reason == "INVITE got 486, expected 200 (line 2)"
        assert world.logged == ["on"]

    def test_from_and_to_are_rendered(self) -> None:
        _, party, _ = played(
            "match: {method: MESSAGE}\n"
            "steps: [202, {send: MESSAGE, to: '<sip:${request.from.user}@192.0.2.99:5070>', "
            "from: '\"${request.to.user}\" <sip:${request.to.user}@example.org>'}]\n",
        )
        (message,) = party.every("MESSAGE")
        assert message.uri == "sip:alice@192.0.2.99:5070"
        assert message.the("from").startswith('"bob" <sip:bob@example.org>;tag=')

    @pytest.mark.parametrize(
        ("to", "reason"),
        [
            ("sip:carol@example.com", "INVITE cannot be sent to 'sip:carol@example.com' (line 2)"),
            ("${registrar.carol}", "INVITE cannot be sent to '' (line 2)"),
        ],
    )
    def test_what_cannot_be_reached_fails_the_call(self, to: str, reason: str) -> None:
        world, party, _ = played(
            f"match: {{method: MESSAGE}}\nsteps: [202, {{send: INVITE, to: '{to}', as: x}}, log: 'on${{vars.x}}']\n"
        )
        assert ended(world).reason == reason
        assert world.logged == ["on"]
        assert party.story == []


class TestWithin:
    def test_an_invite_that_rings_too_long_is_cancelled(self) -> None:
        world, party, _ = played(
            "match: {method: MESSAGE}\n"
            f"steps: [202, {{send: INVITE, to: '{CAROL}', within: 5s, as: x, expect: 487}}, log: '${{vars.x}}']\n",
            INVITE=(180, 100.0, 200),
        )
        assert party.story == ["INVITE", "CANCEL", "ACK"]
        assert world.logged == ["487"]
        assert ended(world).outcome == "completed"

    def test_an_invite_that_nobody_hears_is_given_up_in_time(self) -> None:
        world, _, _ = played(
            "match: {method: MESSAGE}\n"
            f"steps: [202, {{send: INVITE, to: '{CAROL}', within: 5s, as: x, expect: [2xx, 408]}}, "
            "log: '${vars.x} at ${call.elapsed}']\n",
            INVITE=(),
        )
        assert world.logged == ["408 at 5.000"]
        assert ended(world).outcome == "completed"

    def test_another_request_fails_the_call_and_the_flow_goes_on(self) -> None:
        world, _, _ = played(
            "match: {method: MESSAGE}\n"
            f"steps: [202, {{send: OPTIONS, to: '{CAROL}', within: 2s}}, log: '${{call.elapsed}}']\n",
            OPTIONS=(10.0, 200),
        )
        assert world.logged == ["2.000"]
        assert ended(world).reason == "no response to OPTIONS (line 2)"

    def test_a_request_in_the_dialog_too(self) -> None:
        world = World("steps: [200, expect: ACK, {send: INFO, within: 2s, expect: 408}, {send: BYE}]\n")
        client = Client(world, talks=None, answers={"INFO": None}).begin()
        world.finish()
        assert client.ended.outcome == "completed"
        assert client.times("BYE") == [2.0]


TWO = (
    "steps:\n"
    "  - 100\n"
    f"  - {{send: INVITE, to: '{CAROL}', dialog: carol, expect: 200}}\n"
    "  - 200\n"
    "  - {expect: ACK, within: 5s}\n"
)


class TestDialogs:
    def test_a_request_of_the_named_dialog_only(self) -> None:
        world = World(f"{TWO}  - {{expect: BYE, dialog: carol}}\n  - {{send: BYE, dialog: caller}}\n")
        party = Party(world)
        client = Client(world, talks=None).begin()
        world.run(1)
        client.request("INFO", within=True)
        world.run(1)
        party.request("BYE")
        world.finish()
        assert party.story == ["INVITE", "ACK", "200"]
        assert client.story() == "<INVITE 100 200 <ACK 1s <INFO 200/INFO 1s BYE <200/BYE"
        assert ended(world).outcome == "completed"

    def test_a_bye_of_the_client_passes_on(self) -> None:
        world = World(f"{TWO}  - {{expect: BYE, dialog: caller}}\n  - {{send: BYE, dialog: carol, expect: 200}}\n")
        party = Party(world)
        client = Client(world, talks=2.0).begin()
        world.finish()
        assert party.story == ["INVITE", "ACK", "BYE"]
        assert client.story() == "<INVITE 100 200 <ACK 2s <BYE 200/BYE"

    def test_a_reinvite_of_one_while_the_other_still_waits(self) -> None:
        world = World(
            "steps:\n"
            f"  - {{send: INVITE, to: '{CAROL}', dialog: carol, expect: 200}}\n"
            "  - 180\n"
            "  - {expect: INVITE, dialog: carol}\n"
            "  - 200\n"
            "  - {expect: ACK, dialog: carol}\n"
            "  - log: carol is back\n"
            "  - 486\n"
            "  - {send: BYE, dialog: carol}\n"
        )
        party = Party(world)
        client = Client(world, talks=None).begin()
        world.run(1)
        party.request("INVITE")
        world.run(1)
        assert client.story() == "<INVITE 180"
        assert party.story[-1] == "200"
        party.request("ACK")  # with a CSeq of its own: not the ACK that is awaited
        world.run(1)
        assert world.logged == []
        party.cseq = 0
        party.request("ACK")
        world.run(40)
        assert world.logged == ["carol is back"]
        assert client.story().startswith("<INVITE 180 3s 486 <ACK")

    def test_a_bye_that_nobody_waits_for_ends_its_dialog_only(self) -> None:
        world = World(f"{TWO}  - {{expect: INFO, dialog: caller, within: 9s}}\n  - {{send: BYE, dialog: caller}}\n")
        party = Party(world)
        client = Client(world, talks=None).begin()
        world.run(1)
        party.request("BYE")
        world.run(1)
        client.request("INFO", within=True)
        world.finish()
        assert client.story() == "<INVITE 100 200 <ACK 2s <INFO 200/INFO BYE <200/BYE"
        assert ended(world).outcome == "completed"

    def test_a_bye_where_more_was_expected_ends_the_flow_and_the_other_dialog(self) -> None:
        world = World(f"{TWO}  - {{expect: INFO, dialog: carol}}\n")
        party = Party(world)
        client = Client(world, talks=None).begin()
        world.run(1)
        party.request("BYE")
        world.finish()
        assert client.story() == "<INVITE 100 200 <ACK 1s BYE <200/BYE"
        assert ended(world).reason == "BYE came while INFO was expected (line 6)"

    def test_a_bye_of_the_client_that_nobody_waits_for_ends_what_we_called(self) -> None:
        world = World(f"{TWO}  - 60s\n")
        party = Party(world)
        Client(world, talks=2.0).begin()
        world.finish()
        assert party.story == ["INVITE", "ACK", "BYE"]

    def test_a_dialog_that_is_over_is_none_to_send_in(self) -> None:
        world = World(f"{TWO}  - {{send: BYE, dialog: carol}}\n  - {{send: INFO, dialog: carol}}\n  - hangup\n")
        party = Party(world)
        Client(world, talks=None).begin()
        world.finish()
        assert party.story == ["INVITE", "ACK", "BYE"]
        assert ended(world).reason == "INFO has no dialog to be sent in (line 7)"

    def test_two_calls_of_ours_at_a_time(self) -> None:
        world = World(
            "match: {method: MESSAGE}\n"
            "steps:\n"
            "  - 202\n"
            f"  - {{send: INVITE, to: '{CAROL}', dialog: carol, expect: 200}}\n"
            "  - {send: INVITE, to: 'sip:dave@192.0.2.98', dialog: dave, expect: 200}\n"
            "  - {send: INFO, dialog: carol}\n"
            "  - {send: BYE, dialog: dave}\n"
            "  - {send: BYE, dialog: carol}\n"
        )
        carol, dave = Party(world), Party(world, "dave", ("192.0.2.98", 5060))
        Client(world, "MESSAGE").begin()
        world.finish()
        assert carol.story == ["INVITE", "ACK", "INFO", "BYE"]
        assert dave.story == ["INVITE", "ACK", "BYE"]


class TestRegistrar:
    def test_who_has_registered_is_called_at_the_contact(self) -> None:
        world = World("steps: [{send: INVITE, to: '${registrar.carol}', expect: 200}, 486, {send: BYE}]\n")
        party = Party(world)
        register = Client(world, "REGISTER", user="carol", number=2, flow=party.flow)
        register.contact = f"<{CAROL}>"
        register.begin()
        world.run(1)
        Client(world).begin()
        world.run(60)
        assert party.story == ["INVITE", "ACK", "BYE"]

    def test_the_default_where_nobody_has(self) -> None:
        _, party, _ = played(
            f"match: {{method: MESSAGE}}\nsteps: [202, {{send: OPTIONS, to: '${{registrar.carol:-{CAROL}}}'}}]\n"
        )
        assert party.story == ["OPTIONS"]
