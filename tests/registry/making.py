"""Requests and occasions for the tests of this folder."""

from __future__ import annotations

import random
from typing import Any

from responder.registry import Capabilities, Occasion
from responder.sip.message import Request
from responder.sip.parser import parse

METHODS = (
    "INVITE",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "UPDATE",
    "SUBSCRIBE",
    "NOTIFY",
    "REFER",
    "MESSAGE",
    "PUBLISH",
    "INFO",
    "FROBNICATE",
)


def request(
    method: str, *fields: str, uri: str = "sip:bob@example.com", body: bytes = b"", to_tag: str = ""
) -> Request:
    """A request of that method with those fields beside the mandatory ones."""
    lines = [
        f"{method} {uri} SIP/2.0",
        *([] if any(field.startswith("Via:") for field in fields) else ["Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa"]),
        "Max-Forwards: 70",
        "From: <sip:alice@example.com>;tag=a",
        f"To: <sip:bob@example.com>{';tag=' + to_tag if to_tag else ''}",
        "Call-ID: a@192.0.2.9",
        f"CSeq: 7 {method}",
        *fields,
        f"Content-Length: {len(body)}",
    ]
    parsed = parse("\r\n".join([*lines, "", ""]).encode() + body)
    assert isinstance(parsed, Request)
    return parsed


def occasion(status: int, asked: Request, *, capabilities: Capabilities | None = None, **known: Any) -> Occasion:
    """That status as the answer to that request, from a fixed place, with ids of a fixed seed."""
    settings: dict[str, Any] = {
        "contact": "<sip:responder@192.0.2.1:5060>",
        "host": "192.0.2.1",
        "ids": random.Random(1),
        "nonce": lambda algorithm: f"nonce-for-{algorithm}",
        "wall": 1_289_690_940.0,
    }
    settings.update(known)
    return Occasion(
        status=status, method=asked.method, capabilities=capabilities or Capabilities(), request=asked, **settings
    )
