"""The files of --expect and --baseline: what they say, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from responder.observe.judge import Judged
from responder.observe.records import Case, ClientRecord
from responder.observe.report.result import Result
from responder.observe.rules.catalogue import rules
from responder.observe.rules.rule import broken, kept
from responder.scenario.problems import ScenarioError
from responder.sweep import baseline, expectations
from responder.sweep.baseline_text import baseline_text

BUSY = Case("486", "486", "INVITE", "UDP")
FOUND = Case("302", "302", "INVITE", "TCP", "compact")
DIALLED = Case("", "180.486", "INVITE", "UDP")
RULES = {rule.id: rule for rule in rules()}
ACK, ALLOW = RULES["refusal-is-acknowledged"], RULES["invite-has-allow"]


def file(folder: Path, text: str) -> str:
    path = folder / "file.yaml"
    path.write_text(text)
    return str(path)


def result(case: Case, *failed: str, passed: tuple[str, ...] = (), known: dict[str, str] | None = None) -> Result:
    judged = [Judged(RULES[one], (("c", broken("this", "that")),)) for one in failed]
    judged += [Judged(RULES[one], (("c", kept()),)) for one in passed]
    return Result(case, tuple(judged), (), (), ClientRecord(1.0, 1.0, "exited", 0, ""), known=known or {})


def problems(read: object, path: str) -> list[str]:
    """Each problem without the file's name and the line of source."""
    assert callable(read)
    with pytest.raises(ScenarioError) as caught:
        read(path)
    return [f"{one.line}:{one.column} {one.message}" for one in caught.value.problems]


class TestExpectations:
    def objections(self, folder: Path, text: str, case: Case, status: int | None, output: str = "") -> list[str]:
        return expectations.objections(expectations.load(file(folder, text)), case, status, output)

    @pytest.mark.parametrize(
        ("exits", "status", "said"),
        [
            ("0", 0, []),
            ("0", 1, ["expected exit status 0, got 1"]),
            ("[1, 2]", 2, []),
            ("[1, 2]", 0, ["expected exit status 1 or 2, got 0"]),
            ("nonzero", 7, []),
            ("nonzero", -11, []),
            ("nonzero", 0, ["expected exit status nonzero, got 0"]),
            ("0", -11, ["expected exit status 0, got signal 11 (SIGSEGV)"]),
            ("nonzero", None, ["expected exit status nonzero, got none: it did not exit and was ended"]),
        ],
    )
    def test_exit_status(self, tmp_path: Path, exits: str, status: int | None, said: list[str]) -> None:
        assert self.objections(tmp_path, f"- exit: {exits}", BUSY, status) == said

    @pytest.mark.parametrize(
        ("test", "output", "said"),
        [
            ("Busy Here", "call\nBusy Here\n", []),
            ("Busy", "Busy Here", ["expected of the output 'Busy'; its last line is 'Busy Here'"]),
            ("{contains: Busy}", "it is Busy Here", []),
            ("{regex: '^4[0-9]{2} '}", "calling\n486 Busy", []),
            (
                "{not: {contains: error}}",
                "an error",
                ["expected of the output not something that contains 'error'; its"],
            ),
            ("{contains: x}", "", ["expected of the output something that contains 'x'; it printed nothing"]),
        ],
    )
    def test_output(self, tmp_path: Path, test: str, output: str, said: list[str]) -> None:
        found = self.objections(tmp_path, f"- output: {test}", BUSY, 0, output)
        assert len(found) == len(said)
        assert all(one.startswith(start) for one, start in zip(found, said, strict=True))

    @pytest.mark.parametrize(
        ("scope", "fitting"),
        [
            ("codes: 486", [BUSY]),
            ("codes: [3xx, 480-485]", [FOUND]),
            ("codes: all", [BUSY, FOUND]),
            ("methods: INVITE", [BUSY, FOUND, DIALLED]),
            ("methods: [BYE, REGISTER]", []),
            ("variants: compact", [FOUND]),
            ("transport: udp", [BUSY, DIALLED]),
            ("dial: [180.486, 486]", [BUSY, DIALLED]),
            ("{}", [BUSY, FOUND, DIALLED]),
        ],
    )
    def test_which_cases(self, tmp_path: Path, scope: str, fitting: list[Case]) -> None:
        text = "- exit: 0" + ("" if scope == "{}" else f"\n  {scope}")
        found = [case for case in (BUSY, FOUND, DIALLED) if self.objections(tmp_path, text, case, 1)]
        assert found == fitting

    def test_all_mistakes_with_their_places(self, tmp_path: Path) -> None:
        text = "- codes: [48y, 486]\n  exit: 300\n- code: 4xx\n  exit: 1\n- 5\n- codes: 404\n- output: {regex: '('}\n"
        found = problems(expectations.load, file(tmp_path, text))
        assert [one.partition(" ")[0] for one in found] == ["1:11", "2:9", "3:3", "5:3", "6:3", "7:19"]
        assert "'48y' is no code: such as 486" in found[0]
        assert "'exit' takes an exit status from 0 to 255" in found[1]
        assert "unknown key 'code' in an expectation (did you mean 'codes'?)" in found[2]
        assert "an expectation is a mapping" in found[3]
        assert "this expects nothing" in found[4]
        assert "not a regular expression" in found[5]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "the file is empty: an empty list is `[]`"),
            ("exit: 0", "this file is a list: begin each item with `- `"),
        ],
    )
    def test_what_is_no_list(self, tmp_path: Path, text: str, said: str) -> None:
        assert said in problems(expectations.load, file(tmp_path, text))[0]

    def test_no_file(self, tmp_path: Path) -> None:
        assert "cannot be read: No such file" in problems(expectations.load, str(tmp_path / "busy"))[0]


class TestBaseline:
    def test_it_acquits_the_rule_in_its_cases(self, tmp_path: Path) -> None:
        known = baseline.load(file(tmp_path, f"- {{rule: {ACK.id}, codes: 4xx, reason: Ticket 1}}"))
        judged = Judged(ACK, (("c", broken("an ACK", "none")),))
        assert known.acquits(BUSY, judged) == "Ticket 1"
        assert known.acquits(FOUND, judged) == ""
        assert known.acquits(BUSY, Judged(ALLOW, judged.findings)) == ""

    def test_stale_is_what_was_exercised_and_not_broken(self, tmp_path: Path) -> None:
        text = f"- {{rule: {ACK.id}, codes: 4xx, reason: Ticket 1}}\n- {{rule: {ALLOW.id}, reason: Ticket 2}}\n"
        path = file(tmp_path, text)
        known = baseline.load(path)
        assert known.stale([]) == ()
        assert known.stale([result(FOUND, passed=(ACK.id,))]) == ()
        assert known.stale([result(BUSY, ACK.id, ALLOW.id), result(BUSY, passed=(ACK.id,))]) == ()
        assert known.stale([result(BUSY, ALLOW.id, passed=(ACK.id,))]) == (
            f"{path}:1:3: {ACK.id} is not broken any more (Ticket 1)",
        )

    def test_all_mistakes_with_their_places(self, tmp_path: Path) -> None:
        text = (
            "- rule: refusal-is-acknowleged\n  reason: x\n- rule: invite-has-allow\n- reason: y\n"
            "- {rule: 1, reason: ''}\n"
        )
        found = problems(baseline.load, file(tmp_path, text))
        assert found == [
            "1:9 no rule 'refusal-is-acknowleged' (did you mean 'refusal-is-acknowledged'?)",
            "3:3 a deviation without 'reason': say why it may stay as it is",
            "4:3 a deviation without 'rule': the report names it",
            "5:10 no rule '1': docs/client-rules.md lists them",
            "5:21 an empty reason: say why it may stay as it is",
        ]

    def test_written_it_has_what_counts_and_lacks_reasons(self, tmp_path: Path) -> None:
        results = [
            result(BUSY, ACK.id, ALLOW.id),
            result(Case("404", "404", "INVITE", "UDP"), ACK.id),
            result(Case("486", "486", "INVITE", "TCP"), ACK.id),
            result(Case("404", "404", "INVITE", "TCP"), ACK.id),
            result(DIALLED, ACK.id, known={ACK.id: 'said "so"'}),
        ]
        text = baseline_text(results)
        path = file(tmp_path, text)
        assert [one.split(" ")[1:4] for one in problems(baseline.load, path)] == [["'reason'", "has", "no"]]
        filled = baseline.load(file(tmp_path, text.replace("reason:\n", "reason: Ticket\n")))
        assert len(filled.deviations) == 2
        assert ALLOW.id not in text
        judged = results[0].judged[0]
        assert [filled.acquits(one.case, judged) for one in results] == ["Ticket"] * 4 + ['said "so"']
        assert filled.acquits(FOUND, judged) == ""

    def test_of_nothing_it_is_an_empty_list(self, tmp_path: Path) -> None:
        path = file(tmp_path, baseline_text([result(BUSY, passed=(ACK.id,))]))
        assert baseline.load(path).deviations == ()
