"""The garbage collector of a process of our own."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from responder.net import gc_policy


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def test_what_is_loaded_is_frozen_and_rounds_are_rare() -> None:
    gc_policy.settle()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold() == gc_policy.THRESHOLDS


def test_a_rest_is_used_where_it_is_worth_while() -> None:
    gc_policy.settle()
    before = collections()
    gc_policy.rest()
    assert collections() == before
    kept: list[list[object]] = [[] for _ in range(gc_policy.WORTHWHILE + 1)]
    gc_policy.rest()
    assert collections() == before + 1
    del kept


def test_encrypted_connections_make_a_round_necessary() -> None:
    # each whose handshake fails leaves 0.3 MB that only a round finds, also where there is never a rest
    for _ in range(gc_policy.MOST_ENCRYPTED):
        gc_policy.encrypted()
    gc_policy.settle()
    before = collections()
    for _ in range(4 * gc_policy.MOST_ENCRYPTED):
        gc_policy.encrypted()
    assert collections() == before + 4
