"""Every rule has a quotation, short and from a section that the rule cites."""

from __future__ import annotations

import pytest

from responder.observe.rules.catalogue import rules
from responder.observe.rules.quotations import _PASSAGES, QUOTATIONS
from responder.observe.rules.rule import Rule

UNQUOTED = {
    "sips-is-not-given-up-unasked": "RFC 5630 was not at hand when the quotations were taken",
}
THREE_LINES = 240


def test_every_rule_is_quoted_once() -> None:
    quoted = [rule for _, _, ids in _PASSAGES for rule in ids.split()]
    assert sorted(quoted) == sorted(rule.id for rule in rules() if rule.id not in UNQUOTED)


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.id not in UNQUOTED], ids=lambda rule: rule.id)
def test_it_is_from_a_section_that_the_rule_cites(rule: Rule) -> None:
    assert QUOTATIONS[rule.id].section in rule.sections


def test_none_is_longer_than_three_lines() -> None:
    assert [text for _, text, _ in _PASSAGES if len(text) > THREE_LINES] == []


def test_no_passage_is_there_twice() -> None:
    assert len({(section, text) for section, text, _ in _PASSAGES}) == len(_PASSAGES)


def test_omissions_are_told_in_one_way() -> None:
    """` ... `, with words on both sides; a passage is one line."""
    assert [
        text for _, text, _ in _PASSAGES if text != " ".join(text.split()) or "..." in text.replace(" ... ", " ")
    ] == []
