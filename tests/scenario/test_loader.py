# ruff: noqa: E501
from __future__ import annotations

import time

import pytest

from responder.scenario import loader
from responder.scenario.loader import MOST_NODES, read_text
from responder.scenario.nodes import BOOLEAN, INTEGER, NULL, STRING, Mapping, Node, Scalar, Sequence
from responder.scenario.problems import Problems, ScenarioError


def root_of(text: str) -> Node:
    problems = Problems()
    document = read_text(text, problems)
    problems.raise_if_any()
    assert document is not None
    return document.root


def plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return (node.text, node.kind)
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.items}


class TestCoreSchema:
    """YAML 1.2 section 10.3.2, less what a test author would trip over."""

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            *[(text, STRING) for text in ("on", "off", "yes", "No", "y", "n", "On")],
            *[
                (text, STRING)
                for text in ("1:30", "+1555", "0123", "00", "1_000", "0x1F", "0o17", "1e3", "1.5", ".5", "-x")
            ],
            *[
                (text, STRING)
                for text in ("2001-01-01", "=", "2s", "500ms", "1.5s", "sip:bob@example.com", "nUll", ".inf")
            ],
            *[(text, INTEGER) for text in ("0", "1", "486", "-3", "123456789012345678901234567890")],
            *[(text, BOOLEAN) for text in ("true", "True", "TRUE", "false", "False", "FALSE")],
            *[(text, NULL) for text in ("null", "Null", "NULL", "~", "")],
        ],
    )
    def test_plain_scalars(self, text: str, kind: str) -> None:
        assert plain(root_of(f"key: {text}\n")) == {"key": (text, kind)}
        assert plain(root_of(f"[{text or '~'}]\n")) == [(text or "~", kind)]

    @pytest.mark.parametrize("text", ["on", "486", "true", "null", "~", "0123"])
    @pytest.mark.parametrize("quote", ['"', "'"])
    def test_quoted_scalars_are_texts(self, text: str, quote: str) -> None:
        assert plain(root_of(f"key: {quote}{text}{quote}\n")) == {"key": (text, STRING)}

    def test_block_scalars(self) -> None:
        assert plain(root_of("a: |\n  one\n   two\nb: >-\n  one\n  two\n")) == {
            "a": ("one\n two\n", STRING),
            "b": ("one two", STRING),
        }

    def test_keys_are_texts(self) -> None:
        assert plain(root_of("486: a\non: b\ntrue: c\n")) == {
            "486": ("a", STRING),
            "on": ("b", STRING),
            "true": ("c", STRING),
        }

    def test_aliases(self) -> None:
        assert plain(root_of("a: &x [1, two]\nb: *x\n")) == {
            "a": [("1", INTEGER), ("two", STRING)],
            "b": [("1", INTEGER), ("two", STRING)],
        }


def test_places() -> None:
    root = root_of("name: x\nsteps:\n  - 100\n  - respond: 'a b'\n")
    assert isinstance(root, Mapping)
    steps = root.get("steps")
    assert isinstance(steps, Sequence)
    first, second = steps.items
    assert isinstance(second, Mapping)
    key, value = second.items[0]
    assert [(p.line, p.column, p.length) for p in (first.place, second.place, key.place, value.place)] == [
        (3, 5, 3),
        (4, 5, 14),
        (4, 5, 7),
        (4, 14, 5),
    ]


class TestRefusals:
    def message(self, text: str) -> str:
        with pytest.raises(ScenarioError) as caught:
            root_of(text)
        (problem,) = caught.value.problems
        return f"{problem.line}:{problem.column}: {problem.message}"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a: 1\na: 2\n", "2:1: 'a' stands here twice (first in line 1): keep one of them"),
            ("{a: 1, 'a': 2}\n", "1:8: 'a' stands here twice (first in line 1): keep one of them"),
            ("a: !!int 3\n", "1:4: a tag (!!int): leave it out: nothing here needs one"),
            ("a: !x [1]\n", "1:4: a tag (!x): leave it out: nothing here needs one"),
            ("!!python/object/apply:os.system [ls]\n", "1:1: a tag (!!python/object/apply:os.system): leave it out: "
             "nothing here needs one"),
            ("a: 1\n---\nb: 2\n", "2:1: a second document in one file: put each flow into a file of its own, or all of them "
             "under `rules:`"),
            ("a: &x [*x]\n", "1:4: an alias inside its own anchor"),
            ("? [a]\n: 1\n", "1:3: a key must be a plain word: quote it if it is meant as text"),
            ("[" * 70, "1:65: nested more than 64 levels deep: flatten it"),
            ("a: \x07\n", '1:4: not YAML: character U+0007: write it as an escape inside "..."'),
            ("a:\n\t- 1\n", "2:1: not YAML: found character '\\t' that cannot start any token: indent with spaces: YAML takes "
             "no tabs there"),
            ("a: @x\n", "1:4: not YAML: found character '@' that cannot start any token: quote a text that begins with @"),
            ("a: 'x\n", "2:1: not YAML: found unexpected end of stream: close the quotes"),
            ("log: b: c\n", "1:7: not YAML: mapping values are not allowed here: quote a text that has ': ' in it, and look "
             "at the indentation"),
            ("a: *97\n", "1:4: not YAML: found undefined alias '97': quote a text that begins with *, such as '*97'"),
            ("a: *97*\n", "1:7: not YAML: expected alphabetic or numeric character, but found '*': quote a text that begins "
             "with * or &, such as '*97#'"),
        ],
    )  # fmt: skip
    def test_with_advice(self, text: str, message: str) -> None:
        assert self.message(text) == message

    def test_aliases_that_expand_without_bound(self) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 14)]
        began = time.perf_counter()
        assert f"more than {MOST_NODES} values" in self.message("\n".join(lines))
        assert time.perf_counter() - began < 2

    def test_many_values_without_aliases(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(loader, "MOST_NODES", 100)
        assert self.message("[" + "1," * 99 + "2]") == "1:200: more than 100 values: use fewer aliases"
