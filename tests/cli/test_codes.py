from __future__ import annotations

import json

import pytest

from responder.cli import main
from responder.registry import Registry


def test_the_list_has_every_code_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [int(line[:3]) for line in lines] == [code.status for code in Registry.standard().codes]
    assert "486  Busy Here                                 RFC 3261 21.4.24" in lines
    assert next(line for line in lines if line.startswith("202")).endswith("(deprecated)")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["1xx"], [100, 180, 181, 182, 183, 199]),
        (["60X"], [600, 603, 604, 606, 607, 608]),
        (["busy"], [486, 600]),
        (["600", "busy"], [600, 486]),
        (["48x", "Busy Here"], [480, 481, 482, 483, 484, 485, 486, 487, 488, 489]),
    ],
)
def test_patterns_and_words(words: list[str], expected: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes", *words, "--json"]) == 0
    assert [json.loads(line)["status"] for line in capsys.readouterr().out.splitlines()] == expected


def test_one_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes", "423"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("423 Interval Too Brief\n  client error, registered; RFC 3261 21.4.17")
    assert "    MUST       Min-Expires: 60\n" in text
    assert "  a client:\n" in text


@pytest.mark.parametrize("status", [code.status for code in Registry.standard().codes])
def test_every_code_can_be_explained_in_eighty_columns(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes", str(status)]) == 0
    text = capsys.readouterr().out
    phrase = Registry.standard().get(status).phrase
    assert text.startswith(f"{status} {phrase}\n")
    too_wide = [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()]
    assert too_wide == []
    assert ": :" not in text
    assert "()" not in text


def test_several_codes_are_explained_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes", "486", "600"]) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert first.startswith("486 Busy Here\n")
    assert second.startswith("600 Busy Everywhere\n")


def test_a_whole_class_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes", "60x", "--long"]) == 0
    assert len(capsys.readouterr().out.split("\n\n")) == 6


def test_a_code_that_nobody_registered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes", "499"]) == 0
    text = capsys.readouterr().out
    assert "unregistered" in text
    assert "handle it as 400" in text


def test_values_for_one_method(capsys: pytest.CaptureFixture[str]) -> None:
    """200 has other headers for each method: a registrar's Contact is a binding, an INVITE's is us."""
    assert main(["codes", "200", "--method", "register", "--json"]) == 0
    headers = {header["name"]: header for header in json.loads(capsys.readouterr().out)["headers"] if header["example"]}
    assert "expires=" in headers["Contact"]["example"][0]


@pytest.mark.parametrize("word", ["999", "7xx", "1000", "nonsense", "99"])
def test_what_is_no_code(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes", word]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"no code fits '{word}'" in captured.err
