"""What a scenario of SIPp says on the wire: no code of the importer, so that its mistakes are not made twice.

The reader follows one way: optional messages do not come, timeouts do not strike, and jumps with a `test` or a `chance`
are taken where the caller says so. Numbers it calculates.
"""

from __future__ import annotations

import operator
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

COMPARE = {"less_than": operator.lt, "equal": operator.eq, "greater_than": operator.gt}
COPIED = {"via", "from", "to", "call-id", "cseq", "content-length", "max-forwards", "route", "rseq", "contact"}
"""Headers whose values are made on the wire; the tests look at those of them that matter by themselves."""


@dataclass(frozen=True)
class Event:
    """One message, as the server sees it."""

    kind: str
    """`gets` a request, `gives` a response, `asks` a request of its own, `hears` the response to that."""
    what: str
    """The method, or the code."""
    headers: dict[str, str] = field(default_factory=dict, compare=False, hash=False)
    """Those that are plain text, by lower-case name."""
    tag: bool = field(default=True, compare=False)
    """Whether To has a tag of its own."""
    sdp: bool = field(default=False, compare=False)
    """Whether it has a session description."""

    def __str__(self) -> str:
        return f"{self.kind} {self.what}"


def events(path: Path, taken: tuple[str, ...] = ()) -> Iterator[Event]:
    """The messages on the way on which these labels are jumped to."""
    root = ElementTree.parse(path).getroot()
    elements = list(root)
    labels = {element.get("id"): number for number, element in enumerate(elements) if element.tag == "label"}
    numbers: dict[str, float] = {}
    at = 0
    while at < len(elements):
        element = elements[at]
        at += 1
        label = element.get("next")
        if element.get("optional") and label not in taken:
            continue
        if element.get("optional"):
            taken = _without(taken, label)
        yield from _messages(element)
        for action in element.iter():
            _calculate(action, numbers)
        test = element.get("test")
        if label is None:
            jumps = False
        elif "chance" in element.attrib:
            jumps = label in taken
        elif test is not None and test in numbers:
            jumps = bool(numbers[test])
        else:
            jumps = test is None or label in taken
        if jumps:
            at = labels[label]


def _without(taken: tuple[str, ...], label: str | None) -> tuple[str, ...]:
    """A jump of an optional message is made once for each time that it is named."""
    number = taken.index(str(label))
    return (*taken[:number], *taken[number + 1 :])


def _messages(element: ElementTree.Element) -> Iterator[Event]:
    if element.tag == "recv" and element.get("request"):
        request = element.get("request", "")
        yield Event("gets", re.sub(r"\W", " ", request).split()[0])
    elif element.tag == "recv":
        yield Event("hears", element.get("response", ""))
    elif element.tag == "send":
        lines = [line.strip() for line in (element.text or "").strip().splitlines()]
        head, _, body = "\n".join(lines).partition("\n\n")
        start, *fields = head.splitlines()
        plain = {}
        for line in fields:
            name, colon, value = line.partition(": ")
            if colon and "[" not in value and name.lower() not in COPIED:
                plain[name.lower()] = value
        tag = any(re.match(r"(?:\[last_To:\]|To:).*tag=", line) for line in fields)
        kind, what = ("gives", start.split()[1]) if start.startswith("SIP/2.0") else ("asks", start.split()[0])
        yield Event(kind, what, plain, tag, body.strip().startswith("v="))


def _calculate(action: ElementTree.Element, numbers: dict[str, float]) -> None:
    name, value = action.get("assign_to", ""), action.get("value", "0")
    if action.tag == "assign":
        numbers[name] = float(value)
    elif action.tag == "add":
        numbers[name] += float(value)
    elif action.tag == "test" and action.get("variable") in numbers:
        compare = COMPARE[action.get("compare", "")]
        numbers[name] = float(compare(numbers[action.get("variable", "")], float(value)))
