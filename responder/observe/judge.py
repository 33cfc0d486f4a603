"""The verdict on a client: every rule held against a recorded run. The same run always gives the same verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

from responder.observe.records import Entry
from responder.observe.rules.catalogue import rules
from responder.observe.rules.rule import Finding, Rule
from responder.observe.transcript import Transcript

Verdict: TypeAlias = Literal["pass", "fail", "not-exercised"]
PASS: Final = "pass"
FAIL: Final = "fail"
NOT_EXERCISED: Final = "not-exercised"


@dataclass(frozen=True)
class Judged:
    """What one rule says of a run."""

    rule: Rule
    findings: tuple[tuple[str, Finding], ...]
    """Every occasion with the Call-ID it was in, empty where it was in none or in several."""

    @property
    def verdict(self) -> Verdict:
        """Failed once is failed."""
        if not self.findings:
            return NOT_EXERCISED
        return PASS if all(finding.kept for _, finding in self.findings) else FAIL

    @property
    def failures(self) -> list[tuple[str, Finding]]:
        """The occasions on which it was broken."""
        return [(call_id, finding) for call_id, finding in self.findings if not finding.kept]


@dataclass(frozen=True)
class Judgement:
    """What all rules say of a run."""

    transcript: Transcript
    judged: tuple[Judged, ...]

    def violations(self, *levels: str) -> list[Judged]:
        """The rules of these levels that were broken."""
        return [one for one in self.judged if one.verdict == FAIL and one.rule.level in levels]


def judge(entries: Iterable[Entry], only: Iterable[Rule] | None = None) -> Judgement:
    """Hold all rules (or `only` these) against a run."""
    run = Transcript(entries)
    return Judgement(run, tuple(_judged(rule, run) for rule in (rules() if only is None else only)))


def _judged(rule: Rule, run: Transcript) -> Judged:
    findings = tuple(("" if call is None else call.call_id, finding) for call, finding in rule.check(run))
    return Judged(rule, findings) if findings else _silent(rule)


@cache
def _silent(rule: Rule) -> Judged:
    """The same object in every run that a rule says nothing of, which are most: a sweep keeps thousands of runs."""
    return Judged(rule, ())
