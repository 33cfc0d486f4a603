"""What a message has to show beside what every message must have (`rightness`), written in a line."""

from __future__ import annotations

from .wire import Message


def lacks(message: Message, line: str) -> str:
    """What is wrong, empty where nothing is.

    `Name` must be there, `no Name` must not; `Name: text` has a field with that text in it. `SDP` and `body` stand for
    the session description, line by line, and for the body.
    """
    name, _, text = line.partition(": ")
    forbidden = name.startswith("no ")
    name = name.removeprefix("no ")
    values = message.sdp if name == "SDP" else [message.body.decode()] if name == "body" else message.every(name)
    found = [value for value in values if text in value]
    return "" if bool(found) is not forbidden else f"{message} shows {values}, not '{line}'"
