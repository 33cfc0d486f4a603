"""Which cases an entry of a file is about: codes, methods, variants, transports, dial strings; what is not said is any.

The files of `--expect` and `--baseline` are lists of mappings with these keys among others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from responder.observe.records import Case
from responder.scenario.language import Key
from responder.scenario.nodes import Scalar
from responder.scenario.reading import Fields, Reader
from responder.scenario.value_types import Type
from responder.sweep.selection import SelectionError, methods_of, spans_of, transports_of, variants_of

T = TypeVar("T")

_CODES: Final = Type("case-codes", "codes such as 486, 4xx or 100-199, or a list of them", {})
_METHODS: Final = Type("case-methods", "a method such as INVITE, or a list of them", {})
_VARIANTS: Final = Type("case-variants", "a variant such as plain, or a list of them", {})
_TRANSPORTS: Final = Type("case-transports", "udp, tcp, or a list of both", {})
_DIALS: Final = Type("case-dials", "what is dialled, or a list of that", {})


def keys(where: str, *more: Key) -> dict[str, Key]:
    """The keys of an entry: those of a scope and these."""
    own = (
        Key(where, "codes", _CODES, "The codes of the cases.", "4xx"),
        Key(where, "methods", _METHODS, "Their methods.", "INVITE"),
        Key(where, "variants", _VARIANTS, "Their variants.", "[plain, compact]"),
        Key(where, "transport", _TRANSPORTS, "Their transports.", "udp"),
        Key(where, "dial", _DIALS, "What is dialled; for a scenario the name of its file.", "180.2s.486"),
    )
    return {key.name: key for key in (*own, *more)}


@dataclass(frozen=True)
class Scope:
    """Some cases; None is any."""

    codes: tuple[tuple[int, int], ...] | None = None
    """First and last of each span."""
    methods: frozenset[str] | None = None
    variants: frozenset[str] | None = None
    transports: frozenset[str] | None = None
    """In upper case."""
    dials: frozenset[str] | None = None

    def fits(self, case: Case) -> bool:
        """Whether this is one of them."""
        if self.codes is not None and not (
            case.code and any(low <= int(case.code) <= high for low, high in self.codes)
        ):
            return False
        pairs = (
            (self.methods, case.method),
            (self.variants, case.variant),
            (self.transports, case.transport),
            (self.dials, case.dial),
        )
        return all(wanted is None or value in wanted for wanted, value in pairs)


def read_scope(fields: Fields, reader: Reader) -> Scope:
    """The scope that an entry says; what is wrong is noted."""

    def read(name: str, type_: Type, parse: Callable[[str], Iterable[T]]) -> list[T] | None:
        node = fields.of(name, type_)
        scalars = None if node is None else reader.several(node, name, type_)
        return None if scalars is None else [one for scalar in scalars for one in _parsed(scalar, parse, reader)]

    codes = read("codes", _CODES, spans_of)
    methods = read("methods", _METHODS, methods_of)
    variants = read("variants", _VARIANTS, variants_of)
    transports = read("transport", _TRANSPORTS, lambda text: transports_of((text,)))
    dials = read("dial", _DIALS, lambda text: (text,))
    return Scope(
        None if codes is None else tuple(codes),
        None if methods is None else frozenset(methods),
        None if variants is None else frozenset(variants),
        None if transports is None else frozenset(one.upper() for one in transports),
        None if dials is None else frozenset(dials),
    )


def _parsed(scalar: Scalar, parse: Callable[[str], Iterable[T]], reader: Reader) -> Iterable[T]:
    try:
        return parse(scalar.text)
    except SelectionError as error:
        for line in str(error).splitlines():
            what, _, fix = line.partition(": ")
            reader.problems.add(scalar.place, what, fix)
        return ()
