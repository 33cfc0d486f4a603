"""The JSON Schema (draft-07) of a scenario file, made of the table of the language.

`responder schema` prints it; `scenario.schema.json` beside this module is the same for editors (docs/generate.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from responder.scenario.language import BARE_STEPS, STEP, Key, keys_of
from responder.scenario.value_types import CODE, DURATION, NOTHING, Schema, list_of, ref

_DEFINED: Final = (
    *("rule", "match", "test", "address", "sdp", "check", "wait", "repeat", "choice", "user", "timers", "code"),
    *("fault", "rule-fault", "registrar"),
)
_OFFERS: Final = ("define", "users", "include")
"""One of them at the least has a file that is there to be included only."""


def json_schema() -> dict[str, Any]:
    """The schema as a value for `json.dump`; a new one each time."""
    definitions: dict[str, Any] = {where: _object(keys_of(where)) for where in _DEFINED}
    definitions["test"]["minProperties"] = 1
    definitions["wait"] = {
        "anyOf": [DURATION.schema, {**_object(keys_of("wait")), "minProperties": 1, "maxProperties": 1}]
    }
    for where in ("fault", "rule-fault"):
        # `chance` alone is a chance of nothing
        definitions[where]["anyOf"] = _one_of(name for name in keys_of(where) if name != "chance")
    definitions["steps"] = list_of(ref("step"))
    definitions["step"] = _step()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "responder scenario",
        "description": "One flow (`steps`) or several (`rules`) of a SIP test responder.",
        "anyOf": [
            _object(keys_of("flow file")),
            _object(keys_of("rules file"), required=("rules",)),
            {**_object({n: k for n, k in keys_of("rules file").items() if n != "rules"}), "anyOf": _one_of(_OFFERS)},
        ],
        "definitions": definitions,
    }


def written() -> str:
    """The text of `scenario.schema.json`, which comes with the package."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _object(keys: dict[str, Key], *, required: tuple[str, ...] = ()) -> Schema:
    wanted = [key.name for key in keys.values() if key.required or key.name in required]
    schema: Schema = {
        "type": "object",
        "properties": {key.name: _property(key) for key in keys.values()},
        "additionalProperties": False,
    }
    needs = {key.name: [key.needs] for key in keys.values() if key.needs}
    if needs:
        schema["dependencies"] = needs
    return {**schema, "required": wanted} if wanted else schema


def _one_of(names: Iterable[str]) -> list[Schema]:
    return [{"required": [name]} for name in names]


def _property(key: Key) -> Schema:
    return {"description": key.description, **key.type.schema}


def _step() -> Schema:
    """A bare code, duration or word, or one mapping for each kind of step with what may stand beside it."""
    mappings = []
    for key in keys_of(STEP).values():
        options = keys_of(key.name) if key.type is not NOTHING and key.name not in ("wait", "check", "repeat") else {}
        mappings.append(_object({key.name: key, **options}, required=(key.name,)))
    words = {"type": "string", "enum": list(BARE_STEPS)}
    return {"anyOf": [CODE.schema, DURATION.schema, words, *mappings]}
