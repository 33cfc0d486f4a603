"""A scenario that is written as Python values, as the YAML that says the same: what is wrong with it has a place there.

Lists and mappings stand in lines of their own, so that a message about one step shows that step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_plain: Final = re.compile(r"[A-Za-z0-9$/+][A-Za-z0-9_./+*$-]*").fullmatch
_number: Final = re.compile(r"-?[0-9]+").fullmatch
_words: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
"""What a reader of YAML, ours or another one, takes for something else than a text."""


def as_yaml(document: Mapping[str, Any]) -> str:
    """The text of a scenario file; `TypeError` for a value that YAML has no word for, such as a set or a function."""
    return "".join(f"{line}\n" for line in _mapping(document, ""))


def _mapping(values: Mapping[Any, Any], indent: str) -> Iterator[str]:
    for key, value in values.items():
        name = _scalar(key)
        if _is_block(value):
            yield f"{indent}{name}:"
            yield from _block(value, indent + "  ")
        else:
            yield f"{indent}{name}: {_scalar(value)}"


def _sequence(values: Sequence[Any], indent: str) -> Iterator[str]:
    for value in values:
        if _is_block(value):
            first, *rest = _block(value, indent + "  ")
            yield f"{indent}- {first[len(indent) + 2 :]}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(value)}"


def _block(value: Any, indent: str) -> Iterator[str]:
    return _mapping(value, indent) if isinstance(value, Mapping) else _sequence(value, indent)


def _is_block(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple) and bool(value)


def _scalar(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:g}"
    if not isinstance(value, str):
        raise TypeError(f"a scenario has no {type(value).__name__} in it: {value!r}")
    if _plain(value) and not _number(value) and value.lower() not in _words:
        return value
    return json.dumps(value, ensure_ascii=True)
