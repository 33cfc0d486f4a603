"""What a user changes in the table: a code of his own, or another phrase and other headers for one that is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from responder.errors import ProtocolError
from responder.registry.code import Code
from responder.registry.rules import Derivation, HeaderRule
from responder.sip import header_names

_OWN: Final = "the user's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Changes to one code; what is None or empty stays as it is."""

    status: int
    phrase: str | None = None
    like: int | None = None
    """Take everything else from this code; None: from the code itself, a new one from its class."""
    headers: tuple[tuple[str, str], ...] = ()
    """Fields that are always sent, in place of the table's rules for those names."""
    removed: tuple[str, ...] = ()
    """Names whose rules are dropped."""
    methods: tuple[str, ...] | None = None
    """What it is defined for; empty: every method."""
    reference: str | None = None
    notes: str | None = None

    def applied(self, model: Code) -> Code:
        """The row that comes of `model` with these changes; `ProtocolError` for a status outside 100 to 699."""
        if not 100 <= self.status <= 699:
            raise ProtocolError(f"a status is 100 to 699, not {self.status} (RFC 3261 section 7.2)")
        gone = {header_names.key(name) for name in self.removed} | {header_names.key(name) for name, _ in self.headers}
        own = tuple(_constant(name, value, self.reference or _OWN) for name, value in self.headers)
        return replace(
            model,
            status=self.status,
            phrase=model.phrase if self.phrase is None else self.phrase,
            iana=model.iana if model.status == self.status else "unregistered",
            headers=tuple(rule for rule in model.headers if rule.key not in gone) + own,
            methods=model.methods if self.methods is None else self.methods,
            not_methods=model.not_methods if self.methods is None else (),
            reference=model.reference if self.reference is None else self.reference,
            notes=model.notes if self.notes is None else self.notes,
        )


def _constant(name: str, value: str, reference: str) -> HeaderRule:
    source = Derivation(lambda occasion: (value,), f"always {value}", static=True, local=True)
    return HeaderRule(name, "MUST", source, reference)
