"""Nonces: known again, aged, counted (RFC 7616 sections 3.3, 3.4, 5.4)."""

from __future__ import annotations

import random

import pytest

from responder.sip.digest import opaque_of
from responder.uas.nonces import Nonces, NonceState

GOOD, STALE, REPLAYED, UNKNOWN = NonceState.GOOD, NonceState.STALE, NonceState.REPLAYED, NonceState.UNKNOWN


@pytest.fixture
def nonces() -> Nonces:
    return Nonces(random.Random(1), 300.0, remembered=3)


class TestIssue:
    def test_never_the_same_twice(self, nonces: Nonces) -> None:
        assert len({nonces.issue(5.0) for _ in range(1000)}) == 1000

    def test_the_same_ids_and_clock_give_the_same_nonces(self) -> None:
        def issued(seed: int) -> list[str]:
            made = Nonces(random.Random(seed))
            return [made.issue(now) for now in (0.0, 0.5, 1e9)]

        assert issued(1) == issued(1)
        assert not set(issued(1)) & set(issued(2))

    def test_needs_no_quoting(self, nonces: Nonces) -> None:
        assert nonces.issue(1e9).isalnum()


class TestAge:
    """Section 3.3: stale is what is right but old."""

    def test_good_until_its_lifetime_is_over(self, nonces: Nonces) -> None:
        nonce = nonces.issue(1000.0)
        assert nonces.check(nonce, 1000.0) is GOOD
        assert nonces.check(nonce, 1300.0) is GOOD
        assert nonces.check(nonce, 1300.1) is STALE

    def test_age_is_looked_at_before_the_count(self, nonces: Nonces) -> None:
        nonce = nonces.issue(0.0)
        assert nonces.check(nonce, 1.0, "00000001") is GOOD
        assert nonces.check(nonce, 301.0, "00000001") is STALE


class TestForgery:
    def test_another_ones(self, nonces: Nonces) -> None:
        assert nonces.check(Nonces(random.Random(2)).issue(0.0), 0.0) is UNKNOWN

    @pytest.mark.parametrize("text", ["", "x", "\u00e9" * 38, "0" * 38, "\udcff" * 38])
    def test_nonsense(self, nonces: Nonces, text: str) -> None:
        assert nonces.check(text, 0.0) is UNKNOWN

    def test_every_character_counts(self, nonces: Nonces) -> None:
        nonce = nonces.issue(1e6)
        for at, old in enumerate(nonce):
            new = "0" if old != "0" else "1"
            assert nonces.check(nonce[:at] + new + nonce[at + 1 :], 1e6) is UNKNOWN
        assert nonces.check(nonce + "0", 1e6) is UNKNOWN


class TestCount:
    """Section 3.4: nc counts up, so what comes twice is a replay."""

    def test_each_count_is_good_once(self, nonces: Nonces) -> None:
        nonce = nonces.issue(0.0)
        for nc in ("00000001", "00000002", "0000000a", "0000000B"):
            assert nonces.check(nonce, 1.0, nc) is GOOD
            assert nonces.check(nonce, 1.0, nc) is REPLAYED

    def test_counts_may_overtake_each_other(self, nonces: Nonces) -> None:
        nonce = nonces.issue(0.0)
        order = [3, 1, 2, 70, 8, 7, 69]
        assert [nonces.check(nonce, 1.0, f"{nc:08x}") for nc in order] == [GOOD] * 5 + [GOOD, GOOD]
        # what lies 64 and more behind cannot be told any more
        assert nonces.check(nonce, 1.0, f"{6:08x}") is REPLAYED
        assert [nonces.check(nonce, 1.0, f"{nc:08x}") for nc in order] == [REPLAYED] * 7

    def test_a_great_leap(self, nonces: Nonces) -> None:
        nonce = nonces.issue(0.0)
        assert nonces.check(nonce, 1.0, "00000001") is GOOD
        assert nonces.check(nonce, 1.0, "ffffffff") is GOOD
        assert nonces.check(nonce, 1.0, "fffffffe") is GOOD
        assert nonces.check(nonce, 1.0, "00000001") is REPLAYED

    @pytest.mark.parametrize("nc", ["00000000", "1", "0000000g", "000000001", "+0000001"])
    def test_what_is_no_count_is_not_good(self, nonces: Nonces, nc: str) -> None:
        assert nonces.check(nonces.issue(0.0), 0.0, nc) is REPLAYED

    def test_each_nonce_has_its_own(self, nonces: Nonces) -> None:
        one, other = nonces.issue(0.0), nonces.issue(0.0)
        assert nonces.check(one, 0.0, "00000001") is GOOD
        assert nonces.check(other, 0.0, "00000001") is GOOD

    def test_without_qop_copies_cannot_be_told(self, nonces: Nonces) -> None:
        nonce = nonces.issue(0.0)
        assert [nonces.check(nonce, 0.0) for _ in range(2)] == [GOOD, GOOD]


class TestMemory:
    """Bounded: the oldest in use is forgotten, and stale from then on."""

    def test_what_was_forgotten_does_not_come_back_as_new(self, nonces: Nonces) -> None:
        issued = [nonces.issue(0.0) for _ in range(5)]
        for nonce in issued[:4]:
            assert nonces.check(nonce, 0.0, "00000001") is GOOD
        assert nonces.check(issued[0], 0.0, "00000001") is STALE
        assert nonces.check(issued[0], 0.0, "00000002") is STALE
        assert nonces.check(issued[1], 0.0, "00000001") is REPLAYED
        assert nonces.check(issued[1], 0.0, "00000002") is GOOD
        assert nonces.check(issued[4], 0.0, "00000001") is GOOD

    def test_an_old_one_that_comes_into_use_late(self, nonces: Nonces) -> None:
        early = nonces.issue(0.0)
        others = [nonces.issue(0.0) for _ in range(4)]
        for nonce in others:
            assert nonces.check(nonce, 0.0, "00000001") is GOOD
        assert nonces.check(early, 0.0, "00000001") is STALE

    def test_it_does_not_grow(self, nonces: Nonces) -> None:
        for _ in range(100):
            assert nonces.check(nonces.issue(0.0), 0.0, "00000001") is GOOD
        assert len(nonces) == 3


class TestOpaque:
    """RFC 7616 section 3.3: it comes back unchanged, so it must be known again."""

    def test_is_that_of_the_challenge(self, nonces: Nonces) -> None:
        nonce = nonces.issue(0.0)
        assert nonces.opaque(nonce) == opaque_of(nonce)

    def test_stays_with_the_next_nonce(self, nonces: Nonces) -> None:
        """Section 3.5: Authentication-Info has no `opaque` for its `nextnonce`."""
        first = nonces.issue(0.0)
        second = nonces.succeed(first, 1.0)
        third = nonces.succeed(second, 2.0)
        assert len({first, second, third}) == 3
        assert nonces.opaque(third) == nonces.opaque(second) == opaque_of(first)
        assert nonces.check(third, 2.0, "00000001") is GOOD

    def test_memory_is_bounded(self, nonces: Nonces) -> None:
        first = nonces.issue(0.0)
        heirs = [nonces.succeed(first, 0.0) for _ in range(4)]
        assert [nonces.opaque(heir) == opaque_of(first) for heir in heirs] == [False, True, True, True]


def test_whose_they_are(nonces: Nonces) -> None:
    nonce = nonces.issue(0.0)
    assert nonces.is_ours(nonce)
    assert not nonces.is_ours(nonce[:-1])
    assert not nonces.is_ours(nonce[:-1] + ("0" if nonce[-1] != "0" else "1"))


def test_another_lifetime(nonces: Nonces) -> None:
    nonce = nonces.issue(0.0)
    assert nonces.check(nonce, 5.1, lifetime=5.0) is STALE
    assert nonces.check(nonce, 5.0, lifetime=5.0) is GOOD
    assert nonces.check(nonce, 301.0, lifetime=600.0) is GOOD


def test_the_highest_count(nonces: Nonces) -> None:
    nonce = nonces.issue(0.0)
    assert nonces.highest(nonce) == 0
    for count in ("00000003", "00000002"):
        nonces.check(nonce, 0.0, count)
    assert nonces.highest(nonce) == 3
