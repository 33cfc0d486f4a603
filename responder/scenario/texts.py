"""Texts of one flow compiled: what they refer to is remembered, and looked up when the whole flow is known."""

from __future__ import annotations

import re
from typing import Final

from responder.scenario.nodes import Place, Scalar
from responder.scenario.problems import Problems, did_you_mean, listed
from responder.scenario.renderer import compile_text
from responder.uas.script import Text

CALLER: Final = "caller"
"""The name of the dialog of the call's first request."""
_NO_DIALOGS: Final = "write `- send: INVITE` with `to` and that `dialog`, or `caller` for the client's own"
_break: Final = re.compile(r"\r\n|\r|\n")
_fold: Final = re.compile(r"(?:\r\n|\r|\n)(?=[ \t])")
_control: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Texts:
    """The texts of one rule."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._needs: list[tuple[str, str, Place]] = []
        self.variables: set[str] = set()
        """Names that `set` and `as` give values to."""
        self.dialogs: set[str] = {CALLER}
        """Names of dialogs: that of the call's first request, and those that a `send` gives."""
        self.asks_attempt = False

    def head(self, scalar: Scalar) -> Text:
        """A text for the head of a message: one line, or a folded one (RFC 3261 section 7.3.1)."""
        text = scalar.text.rstrip("\r\n") if scalar.quoted else scalar.text
        text = _fold.sub("\r\n", text)
        if _break.search(text.replace("\r\n ", "").replace("\r\n\t", "")):
            self._problems.add(
                scalar.place, "a line break in a header", "`raw` takes anything; a folded line begins with a space"
            )
        elif _control.search(text):
            self._problems.add(scalar.place, "a control character in a header", "`raw` takes anything")
        return self._compile(text, scalar, head=True)

    def free(self, scalar: Scalar) -> Text:
        """A text for a body, the journal, or a variable: as it is written."""
        return self._compile(scalar.text, scalar, head=False)

    def lines(self, scalar: Scalar) -> Text:
        """A text whose lines end in CRLF on the wire: a session description."""
        text = _break.sub("\r\n", scalar.text)
        return self._compile(text if text.endswith("\r\n") else f"{text}\r\n", scalar, head=False)

    def raw(self, scalar: Scalar) -> Text:
        """The bytes of a message.

        Where the author wrote no CR, each line ends in CRLF and an empty line ends the head; where he wrote one,
        nothing is changed.
        """
        text = scalar.text
        if "\r" not in text:
            text = text.replace("\n", "\r\n")
            if "\r\n\r\n" not in text:
                text = text if text.endswith("\r\n") else f"{text}\r\n"
                text += "\r\n"
        return self._compile(text, scalar, head=False)

    def _compile(self, text: str, scalar: Scalar, *, head: bool) -> Text:
        self.asks_attempt |= "call.attempt" in text
        return compile_text(text, scalar, self._problems, head=head, need=self._need)

    def need_dialog(self, scalar: Scalar) -> None:
        """A step is about the dialog of this name."""
        self._needs.append(("dialog", scalar.text, scalar.place))

    def _need(self, family: str, name: str, place: Place) -> None:
        self._needs.append((family, name, place))

    def resolve(self, groups: set[str]) -> None:
        """Note every variable and dialog that nothing makes, and every group that no regular expression has."""
        for family, name, place in self._needs:
            known = {"vars": self.variables, "match": groups, "dialog": self.dialogs}[family]
            if name in known:
                continue
            question = did_you_mean(name, known)
            if family == "dialog":
                fix = question or (f"known are {listed(sorted(known), last='and')}" if len(known) > 1 else _NO_DIALOGS)
                self._problems.add(place, f"no step makes a dialog '{name}'", fix)
            elif family == "vars":
                fix = question or (f"known are {listed(sorted(known), last='and')}" if known else "`set` it first")
                self._problems.add(place, f"no step sets the variable '{name}'", fix)
            else:
                groups_there = (
                    f"there are {listed(sorted(known), last='and')}"
                    if known
                    else "write (?P<NAME>...) in a regex of `match`"
                )
                self._problems.add(place, f"no regular expression has a group '{name}'", question or groups_there)
