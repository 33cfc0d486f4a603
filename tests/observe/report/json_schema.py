"""As much of JSON Schema (draft 2020-12) as `report.schema.json` uses; a keyword that is not known here is an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_ANNOTATIONS = {"$schema", "$defs", "title", "description"}
_KEYWORDS = {
    *("$ref", "type", "enum", "const", "minimum", "required", "properties", "additionalProperties", "items"),
    *_ANNOTATIONS,
}


def errors(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> Iterator[str]:
    """What is wrong with a value."""
    assert schema.keys() <= _KEYWORDS, schema.keys() - _KEYWORDS
    if "$ref" in schema:
        yield from errors(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(_is(value, name) for name in names):
            yield f"{at}: {value!r} is not {' or '.join(names)}"
            return
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{at}: {value!r} is below {schema['minimum']}"
    if isinstance(value, dict):
        yield from (f"{at}: no {name!r}" for name in schema.get("required", ()) if name not in value)
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties", True)
        for name, inner in value.items():
            if name in properties:
                yield from errors(inner, properties[name], root, f"{at}.{name}")
            elif isinstance(others, dict):
                yield from errors(inner, others, root, f"{at}.{name}")
            elif not others:
                yield f"{at}: {name!r} is not known"
    if isinstance(value, list) and "items" in schema:
        for place, inner in enumerate(value):
            yield from errors(inner, schema["items"], root, f"{at}[{place}]")


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])
