"""The client command: words, placeholders, a shell."""

from __future__ import annotations

import subprocess

import pytest

from responder.observe.records import Case
from responder.sweep.attempt import values_of
from responder.sweep.command import PLACEHOLDERS, Command, CommandError, environment

VALUES = values_of(Case("486", "486", "INVITE", "TCP"), "127.0.0.1", 5070)


def test_the_values_of_a_case() -> None:
    assert VALUES == {
        "uri": "sip:486@127.0.0.1:5070;transport=tcp",
        "user": "486",
        "host": "127.0.0.1",
        "port": "5070",
        "transport": "tcp",
        "code": "486",
        "method": "INVITE",
    }
    assert VALUES.keys() == PLACEHOLDERS.keys()
    assert environment(VALUES)["RESPONDER_URI"] == "sip:486@127.0.0.1:5070;transport=tcp"


def test_a_uri_has_ipv6_in_brackets_and_what_a_user_part_cannot_have_escaped() -> None:
    values = values_of(Case("", "302+Contact=<sip:bob>", "INVITE", "UDP"), "::1", 5060)
    assert values["uri"] == "sip:302+Contact=%3Csip:bob%3E@[::1]:5060"
    assert values["host"] == "[::1]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("true {uri}", ["true", "sip:486@127.0.0.1:5070;transport=tcp"]),
        ("true -s {user} {host}:{port} '{code} {method}'", ["true", "-s", "486", "127.0.0.1:5070", "486 INVITE"]),
        ("true '{{\"a\": {port}}}'", ["true", '{"a": 5070}']),
        ("true $HOME ${port}", ["true", "$HOME", "$5070"]),
        ("true }", ["true", "}"]),
    ],
)
def test_words_are_split_as_a_shell_does_it(text: str, words: list[str]) -> None:
    assert Command(text).argv(VALUES) == words


def test_a_shell_gets_values_quoted_and_keeps_its_own_variables() -> None:
    words = Command("X=a; echo ${X} {uri} {{", shell=True).argv(VALUES)
    assert words == ["sh", "-c", "X=a; echo ${X} 'sip:486@127.0.0.1:5070;transport=tcp' {"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said == "a sip:486@127.0.0.1:5070;transport=tcp {\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["it is empty"]),
        ("true {urii}", ["unknown placeholder {urii}: did you mean 'uri'?"]),
        ("true {x} {", ["unknown placeholder {x}: there are {uri}", "'{' without its '}'"]),
        ("true '{uri}", ["no closing quotation"]),
        ("no-such-program {uri}", ["there is no program 'no-such-program' on the PATH"]),
        ("./no-such {uri}", ["there is no program './no-such'"]),
        ("true {uri} | tee x", ["'|' is for a shell to read: give --shell"]),
        ("X=1;true {uri}", ["there is no program 'X=1;true': give --shell"]),
    ],
)
def test_mistakes(text: str, said: list[str]) -> None:
    with pytest.raises(CommandError) as caught:
        Command(text)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(said)
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=True))
