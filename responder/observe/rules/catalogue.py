"""All rules: importing this fills `rule.RULES`."""

from __future__ import annotations

from responder.observe.rules import (
    acks,
    authentication,
    called,
    cancel,
    dialogs,
    form,
    grammar,
    offer_answer,
    prack,
    redirects,
    registration,
    remedies,
    responses,
    retransmissions,
    retries,
    session_timers,
    subscriptions,
    updates,
)
from responder.observe.rules.rule import RULES, Rule

_AREAS = (
    form,
    grammar,
    retransmissions,
    acks,
    cancel,
    responses,
    retries,
    remedies,
    authentication,
    redirects,
    registration,
    dialogs,
    called,
    prack,
    offer_answer,
    session_timers,
    updates,
    subscriptions,
)


def rules() -> tuple[Rule, ...]:
    """Every rule, by area and then as their files have them."""
    order = [area.__name__.rpartition(".")[2] for area in _AREAS]
    return tuple(sorted(RULES.values(), key=lambda rule: order.index(rule.area)))
