"""The console for programs: one line of JSON an event, the same objects as in a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from responder.events import Event, MessageReceived, MessageSent
from responder.observe.clock import Clock
from responder.observe.json_lines import as_json, encode
from responder.observe.records import record_of


class JsonConsole:
    """Writes calls, notes and malformed bytes, with `messages` every message as well."""

    def __init__(self, write: Callable[[str], object], *, clock: Clock, messages: bool = False) -> None:
        self._write = write
        self._clock = clock
        self._messages = messages
        self._lines: list[str] = []

    def observe(self, events: Iterable[Event]) -> None:
        """Take these events; nothing is written yet."""
        for event in events:
            if self._messages or not isinstance(event, MessageReceived | MessageSent):
                self._lines.append(encode(as_json(record_of(event, self._clock))))

    def flush(self, now: float) -> None:
        """Write what was gathered."""
        if self._lines:
            text = "\n".join(self._lines) + "\n"
            self._lines.clear()
            self._write(text)

    def close(self, now: float) -> None:
        """Write the rest."""
        self.flush(0.0)
