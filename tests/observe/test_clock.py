from __future__ import annotations

import pytest

from responder.observe.clock import Clock, from_iso, iso


def test_the_three_ways_to_tell_the_time() -> None:
    clock = Clock(epoch=1_767_355_201.0, start=100.0, utc_offset=3600)
    assert clock.elapsed(101.5) == 1.5
    assert iso(clock.wall(101.5)) == "2026-01-02T12:01:42.500000Z"
    assert clock.time_of_day(101.5) == "13:01:42.500"


@pytest.mark.parametrize(("offset", "expected"), [(-3600, "23:00:00.000"), (0, "00:00:00.000"), (3600, "01:00:00.000")])
def test_time_of_day_goes_round_midnight(offset: int, expected: str) -> None:
    assert Clock(epoch=86_400.0, utc_offset=offset).time_of_day(0.0) == expected


def test_time_of_day_does_not_fall_short_by_a_float() -> None:
    assert Clock(epoch=1_700_000_000.0).time_of_day(2.6) == "22:13:22.600"


@pytest.mark.parametrize("wall", [0.0, 1_767_355_201.000001, 1_767_355_201.999999, 4_102_444_800.5])
def test_iso_round_trip(wall: float) -> None:
    assert from_iso(iso(wall)) == wall


def test_a_date_without_zone_is_utc() -> None:
    assert from_iso("1970-01-01T00:00:01") == 1.0
