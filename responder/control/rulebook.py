"""The rules of a responder that can get more of them while it runs: from files, from texts, from Python values."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from responder.control.umpire import rule_names
from responder.scenario import loader
from responder.scenario.compiler import compile_documents
from responder.scenario.from_python import as_yaml
from responder.scenario.plan import Plan
from responder.scenario.problems import Problem, Problems, ScenarioError
from responder.scenario.shadowing import shadowed

Scenario: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]
"""A file, a folder or the name of a shipped flow; a text of more than one line is YAML; a mapping is that as values."""


class Rulebook:
    """What is known at the beginning, and what came later."""

    def __init__(self, scenarios: Iterable[Scenario], folder: str | os.PathLike[str] = ".") -> None:
        """Relative paths begin in `folder`. `ScenarioError` with all problems of all scenarios."""
        self._folder = Path(folder)
        self._numbers = 0
        self._first = self._compiled(scenarios, _caller())
        self.plan = self._first
        """All rules in the order of their priority."""

    def load(self, scenarios: Iterable[Scenario], *, first: bool) -> None:
        """Add the rules of these, behind those that are there or before them; `ScenarioError` if any is wrong."""
        self._add(self._compiled(scenarios, _caller()), first=first)

    def on(self, method: str | Sequence[str], steps: Any, keys: Mapping[str, Any], *, first: bool) -> str:
        """Add one rule and give its name; `keys` are the others of a rule in the language, None where not said."""
        methods = [method] if isinstance(method, str) else list(method)
        document = {
            "name": keys.get("name") or f"{'-'.join(methods)}-{len(self.plan.rules) + 1}",
            "match": {"method": method if isinstance(method, str) else methods, **(keys.get("match") or {})},
            **{key: value for key, value in keys.items() if key not in ("name", "match") and value is not None},
            "steps": list(steps) if isinstance(steps, list | tuple) else [steps],
        }
        self._add(self._compiled([document], f"{_caller()}: on({', '.join(map(repr, methods))})"), first=first)
        return str(document["name"])

    def reset(self) -> None:
        """Back to what was there at the beginning."""
        self.plan = self._first

    def _add(self, more: Plan, *, first: bool) -> None:
        self._check_scope(more)
        rules = (*more.rules, *self.plan.rules) if first else (*self.plan.rules, *more.rules)
        if not first:
            problems = Problems()
            for rule, other in shadowed(rules):
                if rule in more.rules:
                    what = (
                        f"this can never be reached: rule '{other.name}' ({other.place}) takes every request before it"
                    )
                    problems.add(rule.place, what, "add it with first=True, or give the other one `times`")
            problems.raise_if_any()
        names = {rule.name for rule in self.plan.rules}
        for rule in more.rules:
            if rule.name in names:
                raise _error(rule.place.source.name, f"there is a flow called '{rule.name}'", "give one another name")
        self.plan = replace(
            self.plan,
            rules=rules,
            counts_attempts=self.plan.counts_attempts or more.counts_attempts,
            judges=self.plan.judges or more.judges,
        )

    def _check_scope(self, plan: Plan) -> None:
        said = [name for name in ("timers", "overrides", "registrar") if getattr(plan, name)]
        if said:
            word = {"overrides": "codes"}.get(said[0], said[0])
            name = plan.rules[0].place.source.name if plan.rules else "scenario"
            raise _error(name, f"it says {word}, which are of the whole run", "give it to the constructor")

    def _compiled(self, scenarios: Iterable[Scenario], where: str) -> Plan:
        problems = Problems()
        documents: list[loader.Document] = []
        for scenario in scenarios:
            if isinstance(scenario, Mapping):
                self._numbers += 1
                found = loader.read_text(as_yaml(scenario), problems, name=where, stem=f"scenario-{self._numbers}")
                documents += [] if found is None else [found]
            elif isinstance(scenario, str) and "\n" in scenario:
                self._numbers += 1
                found = loader.read_text(scenario, problems, name=where, stem=f"scenario-{self._numbers}")
                documents += [] if found is None else [found]
            else:
                documents += loader.read([self._path(scenario)], problems)
        plan = compile_documents(documents, problems, rule_names=rule_names)
        problems.raise_if_any()
        return plan

    def _path(self, scenario: str | os.PathLike[str]) -> str:
        """Where it lies; the name of a shipped flow stays what it is."""
        there = self._folder / scenario
        return str(there if there.exists() or Path(scenario).suffix else scenario)


def _error(file: str, what: str, fix: str) -> ScenarioError:
    return ScenarioError([Problem(file, 0, 0, what, fix)])


def _caller() -> str:
    """File and line of the code outside of this package that called: `test_busy.py:12`."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "responder":
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
