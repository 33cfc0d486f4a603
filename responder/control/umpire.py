"""Rules for clients, for scenarios that ask for them: their names at load, and calls judged while they last.

`check: {rule: NAME}` is compiled and run below the rules, so both are handed down from here. The rules are loaded when
somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from responder.engine import Engine
    from responder.observe.journal import Journal
    from responder.observe.records import Entry
    from responder.uas.call import Call


def rule_names() -> list[str]:
    """The names of all rules for clients."""
    from responder.observe.rules.catalogue import rules

    return [rule.id for rule in rules()]


class Umpire:
    """Judges the calls of an engine by its journal and by what the engine has not yet told."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal

    def broken(self, call: Call, names: Sequence[str]) -> list[str]:
        """Which of these rules the client has broken so far in what has the Call-ID of this call, in words."""
        entries = self._journal.about(call.call_id, self._engine.untold, call.now)
        if entries is None:
            return [f"rule {name} cannot be judged: the beginning of the call is forgotten" for name in names]
        return list(self._broken(entries, names))

    @staticmethod
    def _broken(entries: Sequence[Entry], names: Sequence[str]) -> Iterator[str]:
        from responder.observe.judge import judge
        from responder.observe.rules.catalogue import rules

        for one in judge(entries, [rule for rule in rules() if rule.id in names]).judged:
            for _, finding in one.failures[:1]:
                where = ", ".join(map(str, finding.messages))
                yield (
                    f"rule {one.rule.id} ({one.rule.cited}): expected {finding.expected}, got {finding.actual}"
                    + (f" (message{'s' * (len(finding.messages) > 1)} {where})" if where else "")
                )
