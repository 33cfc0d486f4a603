"""Dialled codes as rules: what a parsed dial script means for an INVITE and for other requests."""

from __future__ import annotations

from typing import Final

from responder.scenario.dial import DialledCode
from responder.scenario.matcher import Match
from responder.scenario.nodes import Place, Source
from responder.scenario.plan import Block, Hangup, Respond, Rule, Step, Wait
from responder.uas.script import Reply

UNCHECKED: Final = frozenset({"method", "scheme", "require", "content", "accept", "session-timer", "event"})
"""Checks that a dialled code goes before. The others are about SIP working at all, and about dialogs."""

_PLACE: Final = Place(Source("dialled"), 0, 0)
_TRYING: Final = Reply(100, label="dialled")


def rule_of(tokens: tuple[DialledCode | float, ...], method: str) -> Rule:
    """The rule of one attempt. Nameless, because dialling is built-in behaviour."""
    invite = method == "INVITE"
    steps: list[Step] = []
    replies: list[Reply] = []
    for token in tokens:
        if isinstance(token, DialledCode):
            if invite and not steps and token.status >= 200:
                steps.append(Respond(_PLACE, _TRYING))
                replies.append(_TRYING)
            reply = Reply(token.status, headers=token.headers, label="dialled")
            steps.append(Respond(_PLACE, reply))
            replies.append(reply)
        else:
            steps.append(Wait(_PLACE, token))
    if invite and isinstance(steps[-1], Wait) and replies[-1].status >= 200:
        steps.append(Hangup(_PLACE))
    block: Block = tuple(steps)
    straight = tuple(replies) if len(replies) == len(steps) else None
    return Rule("", _PLACE, Match(), block, unchecked=UNCHECKED, straight=straight)
