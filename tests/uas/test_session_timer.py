"""Session timers: RFC 4028 sections 7.2, 9 and 10, as the UAS of the INVITE."""

from __future__ import annotations

import pytest
from bench import OK, Bench, Caller, Sent, whats

from responder.uas.script import Reply

SUPPORTED = "Supported: timer"


def established(*fields: str, reply: Reply = OK, peers: dict[str, int] | None = None) -> tuple[Bench, Caller, Sent]:
    """A call that stands, with these fields in its INVITE; the last is the 2xx."""
    bench, caller = Bench(reply), Caller()
    bench.peers.update({"BYE": 200, "UPDATE": 200, "INVITE": 200} if peers is None else peers)
    accepted = bench.receive(caller.invite(*fields))[-1]
    caller.heard(accepted)
    bench.receive(caller.ack())
    return bench, caller, accepted


class TestClientRefreshes:
    """10: "if the session is not refreshed, the side that is not refreshing sends a BYE"."""

    FIELDS = (SUPPORTED, "Session-Expires: 90;refresher=uac")

    def test_bye_where_no_refresh_comes(self) -> None:
        bench, _, accepted = established(*self.FIELDS)
        assert accepted["Session-Expires"] == "90;refresher=uac"
        sent = bench.run(200.0)
        assert whats(sent) == ["BYE"]
        # "slightly before the session expiration ... min(32 seconds, session interval/3)"
        assert sent[0].time == pytest.approx(60.0, abs=1.0)
        assert bench.engine.busy == 0

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_a_refresh_begins_it_anew(self, method: str) -> None:
        bench, caller, _ = established(*self.FIELDS)
        bench.run(50.0)
        if method == "INVITE":
            bench.receive(caller.invite(*self.FIELDS))
            bench.receive(caller.ack())
        else:
            assert whats(bench.receive(caller.request("UPDATE", *self.FIELDS))) == ["200"]
        assert bench.run(55.0) == []
        assert whats(bench.run(20.0)) == ["BYE"]

    def test_a_2xx_without_session_expires_ends_it(self) -> None:
        bench, caller, _ = established(*self.FIELDS)
        bench.receive(caller.invite())
        bench.receive(caller.ack())
        assert bench.run(500.0) == []

    def test_no_timer_where_the_author_took_the_header_out(self) -> None:
        bench, _, accepted = established(*self.FIELDS, reply=Reply(200, removed=frozenset({"session-expires"})))
        assert accepted["Session-Expires"] is None
        assert bench.run(500.0) == []

    def test_nothing_after_the_call(self) -> None:
        bench, caller, _ = established(*self.FIELDS)
        bench.receive(caller.bye())
        assert bench.run(200.0) == []


class TestWeRefresh:
    """7.2, 9: the client wants us to."""

    FIELDS = (SUPPORTED, "Session-Expires: 100;refresher=uas", "Allow: INVITE, ACK, BYE, UPDATE")

    def test_update_at_half_the_interval_again_and_again(self) -> None:
        bench, _, accepted = established(*self.FIELDS)
        assert accepted["Session-Expires"] == "100;refresher=uas"
        sent = bench.run(160.0)
        assert whats(sent) == ["UPDATE"] * 3
        assert [one.time for one in sent] == pytest.approx([50.0, 100.0, 150.0], abs=1.0)
        assert {one["Session-Expires"] for one in sent} == {"100;refresher=uac"}

    def test_reinvite_where_update_is_not_allowed(self) -> None:
        bench, _, _ = established(*self.FIELDS[:2])
        assert whats(bench.run(60.0)) == ["INVITE", "ACK"]

    def test_bye_where_the_refresh_is_refused(self) -> None:
        bench, _, _ = established(*self.FIELDS, peers={"UPDATE": 403, "BYE": 200})
        sent = bench.run(200.0)
        assert whats(sent) == ["UPDATE", "BYE"]
        assert sent[1].time == pytest.approx(68.0, abs=2.0)
