from __future__ import annotations

import json

import pytest

from responder.cli import main
from responder.observe.rules.catalogue import rules
from responder.observe.rules.quotations import QUOTATIONS


def ids(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["rules", *words, "--json"]) == 0
    return [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]


def test_the_list_has_every_rule_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [rule.id for rule in rules()]
    line = next(line for line in lines if line.startswith("refusal-is-acknowledged "))
    assert line.split(None, 2)[1:] == [
        "MUST",
        "RFC 3261 17.1.1.2, 17.1.1.3  A 300 to 699 to an INVITE gets an ACK.",
    ]


@pytest.mark.parametrize("area", ["acks", "offer_answer", "offer-answer"])
def test_an_area(area: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ids(capsys, area) == [rule.id for rule in rules() if rule.area == area.replace("-", "_")]


@pytest.mark.parametrize("words", [["RFC 3262"], ["RFC", "3262"], ["rfc3262"], ["3262"]])
def test_an_rfc(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ids(capsys, *words) == [rule.id for rule in rules() if "RFC 3262 " in rule.rfc]


def test_a_section_and_those_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    of_17_1 = ids(capsys, "RFC", "3261", "17.1")
    assert "refusal-is-acknowledged" in of_17_1
    assert "stray-response-is-discarded" in of_17_1
    assert set(ids(capsys, "RFC 3261 17.1.1.3")) < set(of_17_1)
    assert "no-response-to-ack" not in of_17_1
    assert ids(capsys, "RFC", "3261", "17.1.1.3", "prack") == [
        *ids(capsys, "RFC 3261 17.1.1.3"),
        *ids(capsys, "prack"),
    ]


def test_a_pattern_and_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert ids(capsys, "cancel-keeps-t*") == [rule.id for rule in rules() if rule.id.startswith("cancel-keeps-t")]
    assert "retry-after-is-waited-for" in ids(capsys, "Retry-After")


def test_one_rule_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "refusal-is-acknowledged"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(
        "refusal-is-acknowledged\n  MUST, acks; RFC 3261 17.1.1.2, 17.1.1.3\n  A 300 to 699 to an INVITE gets an ACK.\n"
    )
    assert "  RFC 3261 17.1.1.2 says:\n    the client transaction MUST generate an ACK request" in text
    assert "  exercised by:\n    responder sweep --codes 486\n" in text
    assert "  a violation:\n    expected  an ACK for the 486\n    actual    none came\n    > #1 " in text


def test_a_rule_that_no_sweep_exercises(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "sips-request-has-a-sips-contact"]) == 0
    assert "  not exercised by a sweep:\n    it takes TLS, " in capsys.readouterr().out


def test_several_are_explained_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "cancel-keeps-to", "cancel-keeps-from"]) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert first.startswith("cancel-keeps-to\n")
    assert second.startswith("cancel-keeps-from\n")
    assert main(["rules", "cancel", "--long"]) == 0
    assert len(capsys.readouterr().out.split("\n\n")) == len(ids(capsys, "cancel"))


def test_every_rule_can_be_explained_in_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--long"]) == 0
    parts = capsys.readouterr().out.split("\n\n")
    assert [part.partition("\n")[0] for part in parts] == [rule.id for rule in rules()]
    told = [line for part in parts for line in part.partition("  a violation:")[0].splitlines()]
    assert [line for line in told if len(line) > 80] == []


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--json"]) == 0
    for line in capsys.readouterr().out.splitlines():
        told = json.loads(line)
        assert (told["quotation"] is None) == (told["id"] not in QUOTATIONS)
        assert told["violation"][0].startswith("expected  ")


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("refusal-is-acknowleged", "did you mean 'refusal-is-acknowledged'?"),
        ("regstration", "did you mean 'registration'?"),
        ("xyzzy", "responder rules lists them all"),
        ("RFC 9999", "responder rules lists them all"),
    ],
)
def test_what_is_no_rule(word: str, advice: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", word]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"responder rules: no rule fits '{word}' ({advice})\n"
