"""One response code: a row of the table with everything that RFCs say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from responder.registry.common import CLASS_DUTIES, COMMON_DUTIES
from responder.registry.occasion import Occasion
from responder.registry.rules import Body, BodyRule, Duty, Forbidden, HeaderRule, Values

Iana: TypeAlias = Literal["registered", "deprecated", "unregistered"]
Effect: TypeAlias = Literal["", "transaction", "usage", "dialog"]

KINDS: Final[dict[int, str]] = {
    1: "provisional",
    2: "success",
    3: "redirection",
    4: "client error",
    5: "server error",
    6: "global failure",
}
"""What the first digit says (RFC 3261 section 7.2)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Code:
    """A row. Texts are for people; `headers`, `bodies` and `forbidden` are what a response is made with."""

    status: int
    phrase: str
    """What goes on the wire: IANA's, without IANA's remarks."""
    reference: str
    """Where it is defined, section first."""
    iana: Iana = "registered"
    methods: tuple[str, ...] = ()
    """Methods it is defined for; empty: every one but `not_methods`."""
    not_methods: tuple[str, ...] = ()
    sender: str = "UAS"
    """Who may send it."""
    condition: str = ""
    """What a request must be like for it; empty: nothing particular."""
    dialog: str = "none"
    """What it does to dialogs when it answers a request outside one."""
    mid_dialog: Effect = ""
    """What it ends when it answers a request within a dialog (RFC 5057 section 5.1)."""
    mid_dialog_reference: str = "RFC 5057 5.1"
    to_tag: Literal["MUST", "SHOULD NOT"] = "MUST"
    """Whether the response adds a To-tag where the request has none (RFC 3261 sections 8.2.6.2, 17.2.1)."""
    headers: tuple[HeaderRule, ...] = ()
    bodies: tuple[BodyRule, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    own_duties: tuple[Duty, ...] = ()
    """What a client has to do on this code in particular."""
    notes: str = ""

    @property
    def kind(self) -> str:
        """`provisional`, `success`, `redirection`, `client error`, `server error` or `global failure`."""
        return KINDS[self.status // 100]

    @property
    def final(self) -> bool:
        """Whether it ends its transaction."""
        return self.status >= 200

    @property
    def common(self) -> tuple[str, ...]:
        """Ids of the duties that all codes of the class share."""
        return CLASS_DUTIES[self.status // 100]

    @property
    def duties(self) -> tuple[Duty, ...]:
        """What a client has to do: on this code in particular, then on all of its class."""
        return self.own_duties + tuple(COMMON_DUTIES[name] for name in self.common)

    def suits(self, method: str) -> bool:
        """Whether it is defined for responses to that method."""
        return method in self.methods if self.methods else method not in self.not_methods

    def body(self, occasion: Occasion) -> Body | None:
        """The body that this code has by itself: content type and content; None where it has none.

        Session descriptions of offers and answers are not made here.
        """
        for rule in self.bodies:
            if rule.compute and rule.level != "MAY" and (not rule.methods or occasion.method in rule.methods):
                return rule.compute(occasion)
        return None

    def as_dict(self, examples: dict[HeaderRule, Values] | None = None, *, method: str | None = None) -> dict[str, Any]:
        """All of it, or what is about responses to `method`, as values that JSON can hold.

        `examples` adds to headers what they would be.
        """
        examples = examples or {}

        def about(methods: Sequence[str]) -> bool:
            return method is None or not methods or method in methods

        return {
            "status": self.status,
            "phrase": self.phrase,
            "iana": self.iana,
            "reference": self.reference,
            "kind": self.kind,
            "methods": _methods(self.methods, self.not_methods),
            "sender": self.sender,
            "condition": self.condition,
            "dialog": self.dialog,
            "mid_dialog": {"ends": self.mid_dialog, "reference": self.mid_dialog_reference}
            if self.mid_dialog
            else None,
            "to_tag": self.to_tag,
            "headers": [
                _header(rule, examples.get(rule, ())) for rule in self.headers if method is None or rule.fits(method)
            ],
            "body": [
                {
                    "level": rule.level,
                    "value": rule.how,
                    "when": rule.when,
                    "methods": _methods(rule.methods),
                    "reference": rule.reference,
                }
                for rule in self.bodies
                if about(rule.methods)
            ],
            "forbidden": [
                {"name": ban.name, "methods": _methods(ban.methods), "why": ban.why, "reference": ban.reference}
                for ban in self.forbidden
                if about(ban.methods)
            ],
            "client": [
                {
                    "level": duty.level,
                    "text": duty.text,
                    "observe": duty.observe,
                    "within": duty.within,
                    "methods": _methods(duty.methods),
                    "reference": duty.reference,
                    "common": duty.id,
                }
                for duty in self.duties
                if about(duty.methods)
            ],
            "notes": self.notes,
        }


def _header(rule: HeaderRule, example: Values) -> dict[str, Any]:
    return {
        "name": rule.name,
        "level": rule.level,
        "value": rule.source.how,
        "example": list(example),
        "when": rule.when,
        "methods": _methods(rule.methods, rule.not_methods),
        "reference": rule.reference,
    }


def _methods(methods: Sequence[str], but: Sequence[str] = ()) -> str:
    """Methods in words: `INVITE, UPDATE`, `any`, `any but CANCEL`."""
    if methods:
        return ", ".join(methods)
    return f"any but {', '.join(but)}" if but else "any"
