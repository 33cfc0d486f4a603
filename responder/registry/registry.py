"""The registry: every response code with what RFCs say of it, and the headers of a response worked out from that."""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import cache
from typing import Any, Final

from responder.errors import ProtocolError
from responder.registry import (
    client_error_40x,
    client_error_42x,
    client_error_48x,
    global_failure,
    provisional,
    redirection,
    server_error,
    success,
)
from responder.registry.capabilities import Capabilities
from responder.registry.code import Code
from responder.registry.common import GENERIC_DUTIES, optional_headers
from responder.registry.deviations import DEVIATIONS, Deviation, of_reliability
from responder.registry.forbidden import banned
from responder.registry.occasion import Occasion, Setting
from responder.registry.override import Override
from responder.registry.rules import Body, Duty, Forbidden, HeaderRule, Values
from responder.registry.specimen import specimen
from responder.registry.unregistered import like, model_of
from responder.sip import methods as known_methods
from responder.sip.message import Request

_TABLES: Final = (
    provisional,
    success,
    redirection,
    client_error_40x,
    client_error_42x,
    client_error_48x,
    server_error,
    global_failure,
)
_NOTHING: Final[frozenset[str]] = frozenset()
_SOME_OTHER: Final = "?"
"""Stands for every method that is not registered: no rule names one, and what is remembered stays bounded."""


class Registry:
    """A table of codes. It is not changed after it was made; what it works out is remembered, bounded by the table."""

    __slots__ = ("_codes", "_deviations", "_rows", "_rules")

    def __init__(self, codes: Iterable[Code]) -> None:
        self._rows: dict[int, Code] = {code.status: code for code in codes}
        self._codes: tuple[Code, ...] = tuple(self._rows.values())
        self._rules: dict[tuple[int, str], tuple[HeaderRule, ...]] = {}
        self._deviations: dict[tuple[int, str], tuple[Deviation, ...]] = {}

    @staticmethod
    def standard() -> Registry:
        """The 75 codes of IANA's registry and the two that only RFC 2543 had; always the same object."""
        return _standard()

    @property
    def codes(self) -> tuple[Code, ...]:
        """The rows of the table, by status."""
        return self._codes

    @property
    def generic_duties(self) -> tuple[Duty, ...]:
        """What a client has to do with responses as such, whatever the code."""
        return GENERIC_DUTIES

    def get(self, status: int) -> Code:
        """The row of a status; one made after its class where it has none. `ProtocolError` outside 100 to 699."""
        code = self._rows.get(status)
        if code is None:
            if not 100 <= status <= 699:
                raise ProtocolError(f"a status is 100 to 699, not {status} (RFC 3261 section 7.2)")
            code = self._rows[status] = like(self._rows[model_of(status)], status)
        return code

    def extended(self, overrides: Iterable[Override]) -> Registry:
        """This table with a user's codes and changes; the last change of a status counts."""
        rows = {code.status: code for code in self._codes}
        for override in overrides:
            model = rows.get(override.status) if override.like is None else rows.get(override.like)
            if model is None:
                model = self.get(override.status if override.like is None else override.like)
            rows[override.status] = override.applied(model)
        return Registry(sorted(rows.values(), key=lambda code: code.status))

    # Headers ----------------------------------------------------------------------------------------------------

    def rules(self, status: int, method: str) -> tuple[HeaderRule, ...]:
        """Every rule for that response, those at level MAY included, in the order of the table."""
        key = (status, method if method in known_methods.METHODS else _SOME_OTHER)
        found = self._rules.get(key)
        if found is None:
            own = [rule for rule in self.get(status).headers if rule.fits(key[1])]
            named = {rule.key for rule in own}
            bans = {ban.key for ban in self.forbidden(status, key[1])}
            # a code that is forced where it does not belong keeps what makes it that code, bans or not
            kept = [rule for rule in own if rule.level != "MAY" or rule.key not in bans]
            kept += [rule for rule in optional_headers(status) if rule.key not in named | bans]
            found = self._rules[key] = tuple(kept)
        return found

    def static_headers(
        self, status: int, method: str, capabilities: Capabilities, optional: Container[str] = _NOTHING
    ) -> list[tuple[str, str]]:
        """The headers that every such response has, whatever the request: to be rendered before one comes.

        `optional` holds the KEYs of headers at level MAY that are wanted.
        """
        setting = Setting(status, method, capabilities)
        headers: list[tuple[str, str]] = []
        for rule in self._wanted(status, method, optional):
            if rule.unconditional:
                # a static derivation looks at nothing that an Occasion has more than a Setting
                headers += [(rule.name, value) for value in rule.value(setting)]  # type: ignore[arg-type]
        return headers

    def dynamic_rules(
        self,
        status: int,
        method: str,
        present: Container[str],
        *,
        reliable: bool = False,
        optional: Container[str] = _NOTHING,
    ) -> tuple[HeaderRule, ...]:
        """The other rules that can apply to a request with those header KEYs: to be worked out for each request.

        Among them, `local` ones give the same values for every request of a flow, `static` ones for every request.
        Reliable provisional responses (RFC 3262) have rules of their own.
        """
        return tuple(
            rule
            for rule in self._wanted(status, method, optional)
            if not rule.unconditional and (reliable or not rule.reliable) and all(key in present for key in rule.needs)
        )

    def headers(
        self, status: int, method: str, occasion: Occasion, optional: Container[str] = _NOTHING
    ) -> list[tuple[str, str]]:
        """All headers of a response beside those of RFC 3261 section 8.2.6.2: MUST, SHOULD and the wanted MAY."""
        ruled = self.ruled(status, method, occasion, optional)
        return [(rule.name, value) for rule, values in ruled for value in values]

    def ruled(
        self, status: int, method: str, occasion: Occasion, optional: Container[str] = _NOTHING
    ) -> list[tuple[HeaderRule, Values]]:
        """The same with the rule that each comes of; rules that give no value are left out."""
        present = occasion.request.shape.index
        found: list[tuple[HeaderRule, Values]] = []
        for rule in self._wanted(status, method, optional):
            if (occasion.reliable or not rule.reliable) and all(key in present for key in rule.needs):
                values = rule.value(occasion)
                if values and (rule.level != "MAY" or rule.name not in [other.name for other, _ in found]):
                    found.append((rule, values))
        return found

    def _wanted(self, status: int, method: str, optional: Container[str]) -> list[HeaderRule]:
        return [rule for rule in self.rules(status, method) if rule.level != "MAY" or rule.key in optional]

    def body(self, status: int, occasion: Occasion) -> Body | None:
        """The body that the code brings by itself, offers and answers aside (see `Code.body`)."""
        return self.get(status).body(occasion)

    # What is not allowed ----------------------------------------------------------------------------------------

    def forbidden(self, status: int, method: str) -> tuple[Forbidden, ...]:
        """The headers that must not be in that response; the key `body` stands for a message body."""
        own = (ban for ban in self.get(status).forbidden if not ban.methods or method in ban.methods)
        found: dict[str, Forbidden] = {}
        for ban in (*own, *banned(status, method)):
            found.setdefault(ban.key, ban)
        return tuple(found.values())

    def misplaced(self, status: int, method: str, keys: Iterable[str]) -> list[str]:
        """A sentence for each of those header KEYs that must not be in that response."""
        bans = {ban.key: ban for ban in self.forbidden(status, method)}
        return [
            f"{bans[key].name} must not be in {status} to {method} ({bans[key].reference})"
            for key in keys
            if key in bans
        ]

    def legal(self, status: int, method: str) -> bool:
        """Whether no request of that method could make `deviations` say anything (reliability aside)."""
        return not self._suspects(status, method) and self.get(status).suits(method)

    def deviations(self, status: int, method: str, request: Request, *, reliable: bool | None = None) -> list[str]:
        """What RFCs have against that response to that request, a sentence each with its section.

        `reliable` says how a provisional response is sent; None: that is not looked at.
        """
        found: list[str] = []
        for deviation in self._suspects(status, method):
            if deviation.of_request is None or deviation.of_request(request):
                found.append(deviation.sentence(status, method))
        code = self.get(status)
        if not found and not code.suits(method):
            found.append(f"{status} is not defined for {method} ({code.reference})")
        if reliable is not None:
            fault = of_reliability(status, request, reliable=reliable)
            found += [fault] if fault else []
        return found

    def _suspects(self, status: int, method: str) -> tuple[Deviation, ...]:
        key = (status, method if method in known_methods.METHODS else _SOME_OTHER)
        found = self._deviations.get(key)
        if found is None:
            found = self._deviations[key] = tuple(rule for rule in DEVIATIONS if rule.of_pair(*key))
        return found

    # For people -------------------------------------------------------------------------------------------------

    def describe(
        self, status: int, *, method: str | None = None, capabilities: Capabilities | None = None
    ) -> dict[str, Any]:
        """The row as values that JSON can hold, with the header values that a typical request would get.

        With `method` only what is about responses to it; without, each header is shown for the first method it is for.
        """
        code = self.get(status)
        examples: dict[HeaderRule, Values] = {}
        for rule in code.headers:
            shown = method or next(iter(rule.methods or code.methods), "") or _first_suitable(code)
            if rule.fits(shown):
                occasion = specimen(status, shown, capabilities or Capabilities(), reliable=rule.reliable)
                examples[rule] = rule.value(occasion)
        return code.as_dict(examples, method=method)


def _first_suitable(code: Code) -> str:
    return next(method for method in ("INVITE", "REGISTER") if code.suits(method))


@cache
def _standard() -> Registry:
    return Registry(code for table in _TABLES for code in table.CODES)
