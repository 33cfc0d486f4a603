"""The JSON Schema and the compiler are made of one table; here they are held against each other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from responder.scenario import schema
from responder.scenario.compiler import load_text
from responder.scenario.language import BARE_STEPS, STEP, TABLE, Key, keys_of
from responder.scenario.loader import read_text
from responder.scenario.nodes import BOOLEAN, INTEGER, NULL, Node, Scalar, Sequence
from responder.scenario.problems import Problems, ScenarioError
from responder.scenario.schema import json_schema
from responder.scenario.shipped import folder
from tests.scenario.wrong_files import WRONG

SCHEMA = json_schema()


def value_of(text: str) -> Any:
    """What an editor hands to its schema validator: YAML 1.2 core as values."""
    document = read_text(text, Problems())
    assert document is not None, text
    return _value(document.root)


def _value(node: Node) -> Any:
    if isinstance(node, Sequence):
        return [_value(item) for item in node.items]
    if not isinstance(node, Scalar):
        return {key.text: _value(value) for key, value in node.items}
    if node.kind == INTEGER:
        return int(node.text)
    if node.kind == BOOLEAN:
        return node.truth
    if node.kind == NULL:
        return None
    if not node.quoted and re.fullmatch(r"-?[0-9]*\.[0-9]+([eE][-+]?[0-9]+)?", node.text):
        return float(node.text)
    return node.text


_TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def valid(value: Any, schema: dict[str, Any]) -> bool:
    """As much of draft-07 as the schema uses; a keyword it does not know is an error of the test."""
    return all(_KEYWORDS[keyword](value, rule, schema) for keyword, rule in schema.items())


def _is(value: Any, kind: str) -> bool:
    if kind in ("integer", "number"):
        return isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)
    return isinstance(value, _TYPES[kind])


def _properties(value: Any, rule: Any, schema: Any) -> bool:
    return not isinstance(value, dict) or all(
        valid(value[name], inner) for name, inner in rule.items() if name in value
    )


def _additional(value: Any, rule: Any, schema: Any) -> bool:
    if not isinstance(value, dict):
        return True
    patterns = list(schema.get("patternProperties", ()))
    others = [n for n in value if n not in schema.get("properties", ()) and not any(re.search(p, n) for p in patterns)]
    return not others if rule is False else all(valid(value[name], rule) for name in others)


_KEYWORDS: dict[str, Any] = {
    "$schema": lambda value, rule, schema: True,
    "title": lambda value, rule, schema: True,
    "description": lambda value, rule, schema: True,
    "definitions": lambda value, rule, schema: True,
    "$ref": lambda value, rule, schema: valid(value, SCHEMA["definitions"][rule.removeprefix("#/definitions/")]),
    "anyOf": lambda value, rule, schema: any(valid(value, inner) for inner in rule),
    "type": lambda value, rule, schema: any(_is(value, kind) for kind in ([rule] if isinstance(rule, str) else rule)),
    "enum": lambda value, rule, schema: value in rule,
    "pattern": lambda value, rule, schema: not isinstance(value, str) or re.search(rule, value) is not None,
    "minimum": lambda value, rule, schema: not isinstance(value, int | float) or value >= rule,
    "maximum": lambda value, rule, schema: not isinstance(value, int | float) or value <= rule,
    "exclusiveMinimum": lambda value, rule, schema: not isinstance(value, int | float) or value > rule,
    "items": lambda value, rule, schema: not isinstance(value, list) or all(valid(item, rule) for item in value),
    "minItems": lambda value, rule, schema: not isinstance(value, list) or len(value) >= rule,
    "maxItems": lambda value, rule, schema: not isinstance(value, list) or len(value) <= rule,
    "properties": _properties,
    "patternProperties": lambda value, rule, schema: all(
        valid(value[name], inner) for pattern, inner in rule.items() for name in value if re.search(pattern, name)
    ),
    "additionalProperties": _additional,
    "dependencies": lambda value, rule, schema: (
        not isinstance(value, dict) or all(set(rule[name]) <= set(value) for name in value if name in rule)
    ),
    "required": lambda value, rule, schema: not isinstance(value, dict) or all(name in value for name in rule),
    "minProperties": lambda value, rule, schema: not isinstance(value, dict) or len(value) >= rule,
    "maxProperties": lambda value, rule, schema: not isinstance(value, dict) or len(value) <= rule,
}

_FRAMES = {
    "file": "{name}: {value}\nsteps: [use: ring]",
    "rule": "{name}: {value}\nsteps: [200]",
    "match": "match: {{{name}: {value}}}\nusers: {{alice: b}}\nsteps: [200]",
    "test": "match: {{user: {{{name}: {value}}}}}\nsteps: [200]",
    "address": "match: {{from: {{{name}: {value}}}}}\nsteps: [200]",
    "sdp": "match: {{sdp: {{{name}: {value}}}}}\nsteps: [200]",
    "check": "steps: [{{check: {{{name}: {value}}}}}, 200]",
    "step": "users: {{alice: b}}\ndefine: {{ring: [180]}}\nsteps: [{{use: ring}}, {{{name}: {value}}}]",
    "respond": "steps: [{{respond: 180, {name}: {value}}}]",
    "wait": "steps: [wait: {{{name}: {value}}}]",
    "expect": "steps: [200, {{expect: BYE, within: 9s, {name}: {value}}}]",
    "notify": "match: {{method: SUBSCRIBE}}\nsteps: [200, {{notify: active, {name}: {value}}}]",
    "fault": "steps: [{{respond: 180, fault: {{{name}: {value}}}}}, 200]",
    "rule-fault": "fault: {{{name}: {value}}}\nsteps: [200]",
    "challenge": "users: {{alice: b}}\nsteps: [{{challenge: 401, {name}: {value}}}]",
    "send": "steps: [200, {{send: BYE, {name}: {value}}}]",
    "fork": "steps: [{{fork: {{a: [180], b: [183]}}, {name}: {value}}}, 486]",
    "repeat": "steps: [repeat: {{{name}: {value}}}]",
    "choice": "steps: [choose: [{{{name}: {value}}}]]",
    "user": "users: {{alice: {{{name}: {value}}}}}\nsteps: [200]",
    "code": "codes: {{299: {{{name}: {value}}}}}\nsteps: [200]",
    "timers": "timers: {{{name}: {value}}}\nsteps: [200]",
    "registrar": "registrar: {{{name}: {value}}}\nsteps: [200]",
}
_BESIDE = {
    "rules": "{name}: {value}",
    "steps": "{name}: {value}",
    "per": "times: 2\n{name}: {value}\nsteps: [200]",
    "define": "{name}: {value}\nsteps: [use: ring]",
    "send": "steps: [200, {{{name}: {value}}}]",
    "content_type": "steps: [{{respond: 486, body: x, {name}: {value}}}, {{expect: any}}]",
    "expect": "steps: [200, {{{name}: {value}}}]",
    "weight": "steps: [choose: [{{{name}: {value}, steps: [200]}}]]",
    "times": "times: {value}\nsteps: [200]",
    "forever": "steps: [repeat: {{forever: {value}, steps: [180, 1s]}}]",
    "hangup": "steps: [180, {name}]",
    "end": "steps: [180, {name}]",
    "otherwise": "users: {{alice: b}}\nsteps: [{{challenge: 401, otherwise: {value}}}]",
    "bare": "steps: [{{respond: 486, {name}: {value}}}]",
    "notify": "match: {{method: REFER}}\nsteps: [202, {{{name}: {value}}}]",
    "to": "steps: [200, {{send: OPTIONS, {name}: {value}}}]",
    "from": "steps: [200, {{send: OPTIONS, to: 'sip:x@192.0.2.9', {name}: {value}}}]",
    "chance": "steps: [{{respond: 180, fault: {{drop: 1, {name}: {value}}}}}, 200]",
    "optional": "steps: [200, {{expect: BYE, {name}: {value}}}]",
}


def frame_of(key: Key) -> str:
    """A file with that key in it, all else being right."""
    if (key.where, key.name) == ("file", "include"):
        return "{name}: {value}\nsteps: [use: ring]"
    if key.name == "codes" or (key.where, key.name) in (("file", "users"), ("file", "timers"), ("file", "seed")):
        return "{name}: {value}\nsteps: [200]"
    if (key.where, key.name) == ("file", "registrar"):
        return "{name}: {value}\nsteps: [200]"
    if (key.where, key.name) == ("user", "realm"):
        return "users: {{alice: {{password: b, {name}: {value}}}}}\nsteps: [200]"
    if key.where == "repeat" and key.name in ("times", "steps"):
        beside = "steps: [180]" if key.name == "times" else "times: 2"
        return f"steps: [repeat: {{{{{{name}}: {{value}}, {beside}}}}}]"
    if key.where == "match":
        return _FRAMES["match"]
    if key.where == "notify":
        beside = "body: x, " if key.name == "content_type" else ""
        return _FRAMES["notify"].replace("active, ", f"active, {beside}")
    if (key.where, key.name) in (("send", "content_type"), ("send", "expect"), ("send", "as"), ("send", "within")):
        beside = "body: x, " if key.name == "content_type" else ""
        return f"steps: [200, {{{{send: INFO, {beside}{{name}}: {{value}}}}}}]"
    if key.where == "expect" and key.name == "within":
        return "steps: [200, {{expect: BYE, {name}: {value}}}]"
    if key.where == "rule" or key.name not in ("times", "steps") or key.where == "file":
        return _BESIDE.get(key.name, _FRAMES[key.where])
    return _FRAMES[key.where]


def loads(text: str) -> bool:
    try:
        load_text(text)
    except ScenarioError:
        return False
    return True


@pytest.fixture(autouse=True)
def _beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `include` of the table names lies in the current folder."""
    (tmp_path / "common.yaml").write_text("define: {ring: [180]}\n")
    monkeypatch.chdir(tmp_path)


KEYS = TABLE


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.where}.{key.name}")
def test_each_example_is_taken_by_both(key: Key) -> None:
    text = frame_of(key).format(name=key.name, value=key.example)
    try:
        load_text(text)
    except ScenarioError as error:
        pytest.fail(f"{text}\n{error}")
    assert valid(value_of(text), SCHEMA), text


VALUES = ("486", "2s", "'2s'", "true", "false", "[]", "{}", "~", "[1]", "{zz: 1}", "x y", "-1", "0.5", "[2s, 3s]")


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.where}.{key.name}")
def test_the_schema_refuses_no_kind_of_value_that_the_compiler_takes(key: Key) -> None:
    """It may be laxer than the compiler, which knows more."""
    for value in VALUES if key.name not in BARE_STEPS else ():
        text = frame_of(key).format(name=key.name, value=value)
        if loads(text):
            assert valid(value_of(text), SCHEMA), text


@pytest.mark.parametrize("file", sorted(folder().glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_flows_are_valid(file: Any) -> None:
    assert valid(value_of(file.read_text()), SCHEMA)


def test_most_wrong_files_are_invalid() -> None:
    """What an editor can underline: unknown keys and wrong kinds. The rest takes the compiler."""
    seen = caught = 0
    for source, _ in WRONG:
        document = read_text(source, Problems())
        if document is not None:
            seen += 1
            caught += not valid(_value(document.root), SCHEMA)
    assert caught > 0.5 * seen


def test_every_key_of_the_table_is_in_the_schema() -> None:
    text = json.dumps(SCHEMA)
    assert all(json.dumps(key.description) in text for key in KEYS)
    steps = SCHEMA["definitions"]["step"]["anyOf"]
    mappings = {next(iter(step["properties"])) for step in steps if step.get("type") == "object"}
    assert mappings == {key.name for key in keys_of(STEP).values()}


def test_the_file_in_the_package_is_the_same() -> None:
    """`docs/generate.py` writes it."""
    assert Path(schema.__file__).with_name("scenario.schema.json").read_text("utf-8") == schema.written()


def test_a_validator_of_draft_07_takes_it() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft7Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    for file in folder().glob("*.yaml"):
        assert validator.is_valid(value_of(file.read_text())), file.name
    for source, _ in WRONG:
        document = read_text(source, Problems())
        if document is not None:
            assert validator.is_valid(_value(document.root)) == valid(_value(document.root), SCHEMA), source


def test_every_reference_has_its_definition() -> None:
    refs = set(re.findall(r"#/definitions/([a-z-]+)", json.dumps(SCHEMA)))
    assert refs == set(SCHEMA["definitions"])


def test_no_key_stands_twice() -> None:
    names = [(key.where, key.name) for key in TABLE]
    assert len(set(names)) == len(names)
