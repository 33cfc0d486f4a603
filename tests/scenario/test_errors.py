from __future__ import annotations

import json
from pathlib import Path

import pytest

from responder.errors import ResponderError
from responder.scenario.compiler import load, load_text
from responder.scenario.problems import Problem, ScenarioError, closest, listed
from tests.scenario.wrong_files import WRONG


def problems_of(source: str) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        load_text(source, name="busy.yaml")
    return caught.value.problems


@pytest.mark.parametrize(("source", "messages"), WRONG)
def test_every_mistake_has_its_place_and_advice(source: str, messages: tuple[str, ...]) -> None:
    assert tuple(f"{p.line}:{p.column}: {p.message}" for p in problems_of(source)) == messages


def test_the_caret_stands_within_the_line() -> None:
    for source, _ in WRONG:
        for problem in problems_of(source):
            assert problem.column - 1 + problem.length <= max(len(problem.source), problem.column), source
            assert problem.length >= 1, source


def test_the_form_of_a_message() -> None:
    source = "name: busy\nmatch: {method: INVITE, user: bob}\nsteps:\n  - 100\n  - wait: 2s\n\n  - respnd: 486\n"
    (problem,) = problems_of(source)
    assert str(problem) == (
        "busy.yaml:7:5: error: unknown step 'respnd' (did you mean 'respond'?)\n"
        "   7 |   - respnd: 486\n"
        "     |     ^^^^^^"
    )


def test_what_bare_leaves_out() -> None:
    source = "name: r\nmatch:\n  method: REGISTER\nsteps:\n  - log: x\n\n\n\n    \n  - respond: 423\n    bare: true\n"
    (problem,) = problems_of(source)
    assert str(problem).splitlines()[0] == (
        "busy.yaml:10:14: error: 423 needs Min-Expires (RFC 3261 21.4.17) and 'bare: true' leaves it out on purpose: "
        "say 'expect_broken: true' or drop 'bare'"
    )


def test_bare_on_purpose_or_with_what_is_needed() -> None:
    load_text("match: {method: REGISTER}\nsteps: [{respond: 423, bare: true, expect_broken: true}]")
    load_text("match: {method: REGISTER}\nsteps: [{respond: 423, bare: true, headers: {min-expires: 5}}]")
    load_text("steps: [{respond: 486, bare: true}]")
    load_text("steps: [200, {expect: INFO}, {respond: 200, bare: true}]")


def test_tabs_keep_the_caret_in_its_column() -> None:
    (problem,) = problems_of("steps: [log: 'a\t${nope}', 200]\n")
    assert str(problem).splitlines()[1:] == [
        "   1 | steps: [log: 'a\t${nope}', 200]",
        "     |                \t^^^^^^^",
    ]


def test_of_a_long_line_only_a_part_is_shown() -> None:
    (problem,) = problems_of(f"steps: [{'100, ' * 100}respnd, {'100, ' * 100}200]\n")
    _, source, caret = str(problem).splitlines()
    assert len(source) < 180
    assert source[caret.index("^") :].startswith("respnd,")
    assert caret.endswith(" ^^^^^^")


def test_ten_mistakes_are_ten_messages() -> None:
    source = """name: 1st
match: {usr: bob, source: nowhere}
times: -1
steps:
  - 99
  - respnd: 180
  - respond: 183
    reson: x
  - wait: 2
  - log: ${request.methd}
  - notify: active
  - send: BYE
"""
    found = problems_of(source)
    assert [(problem.line, problem.column) for problem in found] == [
        (1, 7),
        (2, 9),
        (2, 27),
        (3, 8),
        (5, 5),
        (6, 5),
        (8, 5),
        (9, 11),
        (10, 10),
        (11, 5),
    ]
    assert all(problem.what and problem.fix for problem in found)


def test_ten_mistakes_in_what_this_language_does_beyond_responses() -> None:
    source = """include: comon.yaml
rules:
  - name: first
    match: {metod: REFER}
    fault: {dorp: 1}
    steps:
      - respond: 180
        fault: {corrupt: truncate}
      - respond: 202
        fault: {chance: 0.5}
      - notify: terminated;reason=noresorce
      - send: BYE
        to: sip:bob@192.0.2.9
      - send: INVITE
        to: bob
        dialog: leg
      - send: BYE
        dialog: lag
      - expect: BYE
        dialog: calller
  - name: second
    match: {user: bob}
    steps: [{log: "${registar.bob}"}, 486]
"""
    found = problems_of(source)
    assert [(problem.line, problem.column, problem.fix) for problem in found] == [
        (1, 10, "a path counts from the folder of this file"),
        (4, 13, "did you mean 'method'?"),
        (5, 13, "did you mean 'drop'?"),
        (8, 26, "did you mean 'truncated'?"),
        (10, 17, "say what goes wrong beside it: drop: 1"),
        (11, 17, "did you mean 'noresource'?"),
        (13, 9, "with `to` it is INVITE, MESSAGE, NOTIFY or OPTIONS"),
        (15, 13, "such as sip:bob@192.0.2.9"),
        (18, 17, "did you mean 'leg'?"),
        (20, 17, "did you mean 'caller'?"),
        (23, 20, "did you mean 'registrar.bob'?"),
    ]


def test_the_problems_of_all_files_in_the_order_of_the_files(tmp_path: Path) -> None:
    texts = {
        "z.yaml": "steps: [99]\n",
        "b.yaml": "steps: [100\n",
        "a.yaml": "stepz: [1x]\nsteps: [2x, 3x]\nmatch: {method: MESSAGE}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ScenarioError) as caught:
        load([tmp_path / name for name in texts])
    assert [(Path(p.file).name, p.line) for p in caught.value.problems] == [
        ("z.yaml", 1),
        ("b.yaml", 2),
        ("a.yaml", 1),
        ("a.yaml", 2),
        ("a.yaml", 2),
    ]
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    assert isinstance(caught.value, ResponderError)


def test_problems_as_json() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_text("steps: [respnd]\n", name="f.yaml")
    assert json.loads(json.dumps(caught.value.as_json())) == [
        {
            "file": "f.yaml",
            "line": 1,
            "column": 9,
            "length": 6,
            "what": "unknown step 'respnd'",
            "fix": "did you mean 'respond'?",
            "source": "steps: [respnd]",
        }
    ]


def test_a_block_that_is_used_twice_is_blamed_once() -> None:
    found = problems_of("define: {ring: [180, 2x]}\nsteps: [{use: ring}, {use: ring}, 200]\n")
    assert [problem.message[:17] for problem in found] == ["unknown step '2x'"]


def test_the_same_name_in_two_places_of_a_text() -> None:
    found = problems_of("steps: [log: 'a ${vars.x} ${vars.x}', 200]\n")
    assert [problem.column for problem in found] == [17, 27]


def test_a_name_in_a_block_of_text() -> None:
    found = problems_of("steps:\n  - respond: 200\n    body: |\n      one\n      two ${cal.id}\n")
    assert [(problem.line, problem.column, problem.length) for problem in found] == [(5, 11, 9)]


class TestFiles:
    def load(self, *paths: Path | str) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            load(paths)
        return [str(problem).splitlines()[0] for problem in caught.value.problems]

    def test_missing(self, tmp_path: Path) -> None:
        path = tmp_path / "none.yaml"
        assert self.load(path) == [f"{path}: error: cannot be read: No such file or directory"]

    def test_a_flow_that_nobody_ships(self, tmp_path: Path) -> None:
        assert self.load("bussy") == ["bussy: error: neither a file nor a shipped flow (did you mean 'busy'?)"]
        path = tmp_path / "qqq"
        assert self.load(path) == [f"{path}: error: neither a file nor a shipped flow: scenario files end in .yaml"]

    def test_too_large(self, tmp_path: Path) -> None:
        path = tmp_path / "large.yaml"
        path.write_text("# " + "x" * 256 * 1024)
        assert self.load(path) == [f"{path}: error: larger than 256 KiB: split it: each file is read on its own"]

    def test_not_utf8(self, tmp_path: Path) -> None:
        path = tmp_path / "latin.yaml"
        path.write_bytes("steps: [486]\nname: caf\xe9\n".encode("latin-1"))
        assert self.load(path) == [f"{path}:2:10: error: byte 0xe9 is not UTF-8: save the file as UTF-8"]

    def test_empty_folder(self, tmp_path: Path) -> None:
        assert self.load(tmp_path) == [f"{tmp_path}: error: no scenario file in this folder: they end in .yaml or .yml"]

    def test_empty_file(self, tmp_path: Path) -> None:
        path = tmp_path / "empty.yaml"
        path.write_text("# nothing\n")
        assert self.load(path) == [f"{path}: error: the file is empty: the smallest flow is `steps: [100, 180, 200]`"]

    def test_byte_order_mark_and_crlf(self, tmp_path: Path) -> None:
        path = tmp_path / "windows.yaml"
        path.write_bytes(b"\xef\xbb\xbfname: w\r\nsteps: [100,\r\n  180]\r\n")
        assert [rule.name for rule in load([path]).rules] == ["w"]

    def test_folder(self, tmp_path: Path) -> None:
        (tmp_path / "b.yml").write_text("match: {user: b}\nsteps: [486]\n")
        (tmp_path / "a.yaml").write_text("match: {user: a}\nsteps: [486]\n")
        (tmp_path / "c.txt").write_text("no scenario")
        assert [rule.name for rule in load([tmp_path]).rules] == ["a", "b"]

    def test_a_shipped_flow_by_name(self) -> None:
        assert [rule.name for rule in load(["busy"]).rules] == ["busy"]

    def test_rules_of_several_files(self, tmp_path: Path) -> None:
        one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
        one.write_text(
            "timers: {t1: 100ms}\ncodes: {299: {phrase: Fine, like: 486, remove: Server}}\n"
            "match: {user: a}\nsteps: [299]\n"
        )
        two.write_text("timers: {t1: 0.1s, t2: 1s}\ncodes: {298: {methods: any, headers: {A: b}}}\nsteps: [486]\n")
        plan = load([one, two])
        assert plan.timers == {"t1": 0.1, "t2": 1.0}
        assert [(o.status, o.phrase, o.like, o.removed, o.methods, o.headers) for o in plan.overrides] == [
            (299, "Fine", 486, ("Server",), None, ()),
            (298, None, None, (), (), (("A", "b"),)),
        ]

    def test_what_several_files_disagree_about(self, tmp_path: Path) -> None:
        one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
        one.write_text("timers: {t1: 100ms}\ncodes: {299: {phrase: Fine}}\nmatch: {user: a}\nsteps: [299]\n")
        two.write_text("timers: {t1: 200ms}\ncodes: {299: {phrase: Good}}\nsteps: [486]\n")
        assert self.load(one, two) == [
            f"{two}:1:10: error: 't1' is 0.1 seconds in {one}:1:10: timers are of the whole run: say it once",
            f"{two}:2:9: error: 299 is in {one}:2:9, too: codes are of the whole run: say it once",
        ]

    def test_two_flows_of_one_name(self, tmp_path: Path) -> None:
        one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
        one.write_text("name: a\nmatch: {user: x}\nsteps: [486]\n")
        two.write_text("name: a\nrules: [{name: b, steps: [404]}]\n")
        assert self.load(one, two) == [f"{two}:1:7: error: 'a' is a flow in {one}:1:7, too: give one another `name`"]
        two.write_text("name: a\nsteps: [404]\n")
        assert self.load(one, two) == [
            f"{two}:1:7: error: two flows are called 'a' (the other is in {one}:1:7): give one another `name`"
        ]

    def test_rules_that_others_shadow(self, tmp_path: Path) -> None:
        one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
        one.write_text("steps: [486]\n")
        two.write_text("match: {user: bob}\nsteps: [404]\n")
        assert self.load(one, two) == [
            f"{two}:1:1: error: rule 'two' can never be reached: rule 'one' ({one}:1:1) takes every request before it: "
            "put the narrower one first, or give the other `times`"
        ]
        assert len(load([two, one]).rules) == 2


class TestBounds:
    """What a small file could make of itself."""

    def messages(self, source: str) -> set[str]:
        return {problem.what for problem in problems_of(source)}

    def test_blocks_that_double(self) -> None:
        lines = [f"  d{n}: [use: d{n + 1}, use: d{n + 1}]" for n in range(14)]
        source = "\n".join(["define:", *lines, "  d14: [180]", "steps: [use: d0, 200]"])
        assert self.messages(source) == {"more than 10000 steps in one rule"}

    def test_a_long_chain_of_blocks(self) -> None:
        lines = [f"  d{n}: [use: d{n + 1}]" for n in range(2000)]
        source = "\n".join(["define:", *lines, "  d2000: [180]", "steps: [use: d0, 200]"])
        assert "more than 16 blocks in blocks" in self.messages(source)

    def test_many_rules(self) -> None:
        rules = "".join(f"  - {{match: {{user: u{n}}}, steps: [486]}}\n" for n in range(400))
        assert len(load_text(f"rules:\n{rules}").rules) == 400
        assert any(
            "can never be reached" in what
            for what in self.messages(f"rules:\n{rules}  - {{match: {{user: u7}}, steps: [486]}}")
        )


class TestReachable:
    """What may stand behind a rule without being shadowed for certain."""

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("match: {user: bob}", "match: {method: INVITE}"),
            ("match: {method: INVITE}", "match: {method: any}"),
            ("match: {method: INVITE}", "match: {method: [INVITE, MESSAGE]}"),
            ("match: {method: INVITE}, times: 3", "match: {method: INVITE}"),
            ("match: {attempt: 1}", "match: {}"),
            ("match: {user: {not: bob}}", "match: {user: alice}"),
            ("match: {user: {regex: b}}", "match: {user: {glob: 'b*'}}"),
            ("match: {header: {X: {at_least: 5}}}", "match: {header: {X: {at_least: 4}}}"),
            ("match: {supported: [timer, 100rel]}", "match: {supported: timer}"),
            ("match: {source: 192.0.2.0/25}", "match: {source: 192.0.2.0/24}"),
            ("match: {from: bob}", "match: {to: bob}"),
            ("match: {user: {present: false}}", "match: {host: x}"),
        ],
    )
    def test_not_shadowed(self, first: str, second: str) -> None:
        plan = load_text(f"rules: [{{{first}, steps: [486]}}, {{{second}, steps: [404]}}]")
        assert len(plan.rules) == 2

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("match: {method: any}", "match: {user: bob}"),
            ("match: {user: [a, b]}", "match: {user: b, host: x}"),
            ("match: {user: {prefix: b}}", "match: {user: {prefix: bo}}"),
            ("match: {user: {regex: '^b'}}", "match: {user: [bob, bill]}"),
            ("match: {host: Example.COM}", "match: {host: example.com}"),
            ("match: {header: {Event: {present: true}}}", "match: {header: {o: presence}}"),
            ("match: {header: {X: {at_least: 4}}}", "match: {header: {X: {at_least: 5, at_most: 9}}}"),
            ("match: {supported: timer}", "match: {supported: [100rel, timer]}"),
            ("match: {source: 192.0.2.0/24}", "match: {source: 192.0.2.7}"),
            ("match: {attempt: {at_least: 2}}", "match: {attempt: 3}"),
            ("match: {method: [INVITE, MESSAGE]}", "match: {method: MESSAGE}"),
        ],
    )
    def test_shadowed(self, first: str, second: str) -> None:
        with pytest.raises(ScenarioError, match="can never be reached"):
            load_text(f"rules: [{{{first}, steps: [486]}}, {{{second}, steps: [404]}}]")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("respnd", "respond"), ("RESPOND", "respond"), ("wiat", "wait"), ("xyz", None), ("", None), ("expct", "expect")],
)
def test_closest(word: str, meant: str | None) -> None:
    assert closest(word, ("respond", "wait", "expect")) == meant


def test_listed() -> None:
    assert [listed(""), listed("a"), listed("ab"), listed("abc", last="and")] == ["", "a", "a or b", "a, b and c"]
