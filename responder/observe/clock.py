"""The engine's seconds as people and other programs read them: since the run began, in UTC, by the wall clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """How the time of an event becomes wall time; made once a run, so that nothing here reads a clock.

    `epoch` is the wall clock (seconds since 1970 UTC) at engine time 0, `start` the engine's time when the run began,
    `utc_offset` the local time zone in seconds east of UTC (taken once: a run does not notice a change to summer time).
    """

    epoch: float = 0.0
    start: float = 0.0
    utc_offset: int = 0

    def elapsed(self, time: float) -> float:
        """Seconds since the run began, to the microsecond."""
        return round(time - self.start, 6)

    def wall(self, time: float) -> float:
        """Seconds since 1970 UTC, to the microsecond."""
        return round(self.epoch + time, 6)

    def time_of_day(self, time: float) -> str:
        """Local time with milliseconds: `12:00:01.123`."""
        milliseconds = int((self.epoch + self.utc_offset + time) * 1000 + 0.5) % 86_400_000
        seconds, milliseconds = divmod(milliseconds, 1000)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"


def iso(wall: float) -> str:
    """Seconds since 1970 as RFC 3339 writes them, in UTC: `2026-01-02T03:04:05.123456Z`."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(wall * 1_000_000))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_iso(text: str) -> float:
    """The inverse of `iso`; raises ValueError for text that is no date."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp(), 6)
