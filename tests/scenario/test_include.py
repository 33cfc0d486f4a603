"""`include`: blocks, users and flows of other files."""

from __future__ import annotations

from pathlib import Path

import pytest

from responder.scenario.compiler import load
from responder.scenario.including import DEEPEST, MOST_FILES
from responder.scenario.plan import Challenge, Plan, Respond, Rule, Run, Step
from responder.scenario.problems import ScenarioError


def files(folder: Path, **sources: str) -> Path:
    """Files of these names and texts; the path of `main.yaml`."""
    for name, source in sources.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    return folder / "main.yaml"


def loaded(folder: Path, **sources: str) -> Plan:
    return load([files(folder, **sources)])


def problems(folder: Path, **sources: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        loaded(folder, **sources)
    return [
        f"{Path(p.file).name}:{p.line}:{p.column}: {p.message.replace(str(folder) + '/', '')}"
        for p in caught.value.problems
    ]


def statuses(rule: Rule) -> list[int]:
    def of(steps: tuple[Step, ...]) -> list[int]:
        found: list[int] = []
        for step in steps:
            if isinstance(step, Run):
                found += of(step.block)
            elif isinstance(step, Respond):
                found.append(step.reply.status)
        return found

    return of(rule.steps)


class TestWhatCanBeUsed:
    def test_a_block(self, tmp_path: Path) -> None:
        plan = loaded(tmp_path, main="include: common.yaml\nsteps: [use: ring, 486]", common="define: {ring: [180]}")
        assert [statuses(rule) for rule in plan.rules] == [[180, 486]]

    def test_a_path_counts_from_the_file_that_it_stands_in(self, tmp_path: Path) -> None:
        plan = loaded(
            tmp_path,
            main="include: parts/a.yaml\nsteps: [use: both]",
            parts__a="include: b.yaml\ndefine: {both: [use: ring, 486]}",
            parts__b="define: {ring: [180]}",
        )
        assert statuses(plan.rules[0]) == [180, 486]

    def test_blocks_of_files_that_the_included_one_includes(self, tmp_path: Path) -> None:
        plan = loaded(
            tmp_path,
            main="include: a.yaml\nsteps: [use: ring, 486]",
            a="include: b.yaml\ndefine: {x: [180]}",
            b="define: {ring: [183]}",
        )
        assert statuses(plan.rules[0]) == [183, 486]

    def test_a_flow_by_its_name_and_its_file(self, tmp_path: Path) -> None:
        plan = loaded(tmp_path, main="include: busy.yaml\nsteps: [use: busy]", busy="name: engaged\nsteps: [180, 486]")
        assert [(rule.name, statuses(rule)) for rule in plan.rules] == [("main", [180, 486])]
        plan = loaded(tmp_path, main="include: busy.yaml\nsteps: [use: engaged]")
        assert statuses(plan.rules[0]) == [180, 486]

    def test_users(self, tmp_path: Path) -> None:
        plan = loaded(
            tmp_path, main="include: people.yaml\nsteps: [challenge: 401, 200]", people="users: {alice: secret}"
        )
        challenge = plan.rules[0].steps[0]
        assert isinstance(challenge, Challenge)
        assert set(challenge.users) == {"alice"}

    def test_two_ways_to_one_file(self, tmp_path: Path) -> None:
        plan = loaded(
            tmp_path,
            main="include: [a.yaml, b.yaml]\nsteps: [use: ring, use: x, use: y, 486]",
            a="include: c.yaml\ndefine: {x: [181]}",
            b="include: c.yaml\ndefine: {y: [182]}",
            c="define: {ring: [180]}\nusers: {alice: secret}",
        )
        assert statuses(plan.rules[0]) == [180, 181, 182, 486]

    def test_a_file_of_blocks_may_lie_beside_the_flows(self, tmp_path: Path) -> None:
        files(
            tmp_path, main="include: common.yaml\nsteps: [use: ring, 486]", common="define: {ring: [180], spare: [183]}"
        )
        assert [rule.name for rule in load([tmp_path]).rules] == ["main"]

    def test_a_file_that_is_served_and_included(self, tmp_path: Path) -> None:
        files(
            tmp_path,
            main="match: {user: bob}\ninclude: other.yaml\nsteps: [use: ring, 486]",
            other="match: {user: eve}\ndefine: {ring: [180]}\ncodes: {299: {phrase: Fine}}\nsteps: [use: ring, 200]",
        )
        plan = load([tmp_path])
        assert [rule.name for rule in plan.rules] == ["main", "other"]
        assert [override.status for override in plan.overrides] == [299]


class TestMistakes:
    def test_a_missing_file(self, tmp_path: Path) -> None:
        assert problems(tmp_path, main="include: comon.yaml\nsteps: [486]", common="define: {ring: [180]}") == [
            "main.yaml:1:10: there is no file 'comon.yaml' (did you mean 'common.yaml'?)"
        ]

    def test_a_circle(self, tmp_path: Path) -> None:
        assert problems(
            tmp_path,
            main="include: a.yaml\nsteps: [use: x]",
            a="include: b.yaml\ndefine: {x: [486]}",
            b="include: a.yaml\ndefine: {y: [486]}",
        ) == ["b.yaml:1:10: 'a.yaml' includes 'b.yaml' includes 'a.yaml': that has no end: take one `include` out"]

    def test_a_file_that_includes_itself(self, tmp_path: Path) -> None:
        assert problems(tmp_path, main="include: main.yaml\nsteps: [486]") == [
            "main.yaml:1:10: 'main.yaml' includes 'main.yaml': that has no end: take one `include` out"
        ]

    def test_a_name_that_two_files_give(self, tmp_path: Path) -> None:
        assert problems(
            tmp_path,
            main="include: [a.yaml, b.yaml]\nsteps: [use: ring]",
            a="define: {ring: [180]}",
            b="define: {ring: [183]}",
        ) == [
            "main.yaml:1:19: 'ring' is in a.yaml:1:10 and in b.yaml:1:10: "
            "give one another name, or include one of the two files"
        ]

    def test_a_name_of_its_own_that_is_included_too(self, tmp_path: Path) -> None:
        assert problems(
            tmp_path,
            main="include: a.yaml\ndefine: {ring: [183]}\nsteps: [use: ring]",
            a="define: {ring: [180]}",
        ) == ["main.yaml:2:10: 'ring' is defined here and in a.yaml:1:10: give one another name"]

    def test_a_user_that_is_there_already(self, tmp_path: Path) -> None:
        assert problems(
            tmp_path,
            main="include: a.yaml\nusers: {alice: x}\nsteps: [challenge: 401, 200]",
            a="users: {alice: y}",
        ) == ["main.yaml:1:10: there is a user 'alice' already: keep one of the two"]

    def test_mistakes_in_the_included_file_are_told_with_its_places(self, tmp_path: Path) -> None:
        assert problems(tmp_path, main="include: a.yaml\nsteps: [use: ring]", a="define:\n  ring: [respnd]") == [
            "a.yaml:2:10: unknown step 'respnd' (did you mean 'respond'?)"
        ]

    def test_an_included_file_that_is_no_yaml(self, tmp_path: Path) -> None:
        (message,) = problems(tmp_path, main="include: a.yaml\nsteps: [486]", a="define: [")
        assert message.startswith("a.yaml:1:10: not YAML: ")

    def test_a_file_without_flows_is_nothing_to_serve(self, tmp_path: Path) -> None:
        assert problems(tmp_path, main="define: {ring: [180]}") == [
            "main.yaml:1:1: neither 'steps' nor 'rules' in this file: the smallest flow is `steps: [100, 180, 200]`",
            "main.yaml:1:10: nobody uses 'ring': write `- use: ring`, or take it out",
        ]

    def test_too_deep_and_too_many(self, tmp_path: Path) -> None:
        chain = {f"f{n}": f"include: f{n + 1}.yaml\ndefine: {{b{n}: [180]}}" for n in range(DEEPEST + 1)}
        (message,) = problems(tmp_path, main="include: f0.yaml\nsteps: [486]", **chain)
        assert message.endswith(f"more than {DEEPEST} files that include one another: include fewer")
        many = {f"g{n}": f"define: {{c{n}: [180]}}" for n in range(MOST_FILES + 1)}
        names = ", ".join(f"g{n}.yaml" for n in range(MOST_FILES + 1))
        (message,) = problems(tmp_path, main=f"include: [{names}]\nsteps: [486]", **many)
        assert message.endswith(f"more than {MOST_FILES} included files: include fewer")
