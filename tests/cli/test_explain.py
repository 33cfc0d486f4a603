from __future__ import annotations

import json
from pathlib import Path

import pytest

from responder.cli import main

RULES = (
    "rules:\n  - name: busy\n    match: {user: bob}\n    steps: [486]\n"
    "  - name: gone\n    match: {user: carol}\n    steps: [410]\n"
)
REQUEST = (
    "OPTIONS sip:carol@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\n"
    "To: <sip:carol@127.0.0.1>\nCall-ID: x\nCSeq: 1 OPTIONS\nMax-Forwards: 70\n"
)


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return str(path)


def test_a_dialled_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "486"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("dialled 486\n+0.000s  ──▶ INVITE sip:486@127.0.0.1 (SDP)\n")
    assert "    CSeq: 1 INVITE                                   copied from the request (RFC 3261 8.2.6.2)\n" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("word", ["180.2s.486", "sip:486@example.com", "503+Retry-After=5", "503,200"])
def test_other_dial_strings(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word]) == 0
    assert "[dialled]" in capsys.readouterr().out


def test_shipped_flows_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "busy", "raw-garbage"]) == 0
    out = capsys.readouterr().out
    assert "rule busy (busy.yaml:3)\n" in out
    assert "\n\nrule raw-garbage (raw-garbage.yaml:" in out
    assert "+2.000s  ◀── 486 Busy Here  [busy step 4 (busy.yaml:3)]\n" in out


def test_every_rule_or_one(rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", rules]) == 0
    assert capsys.readouterr().out.count("\nrule gone (rules.yaml:5)\n") == 1
    assert main(["explain", rules, "--rule", "gone"]) == 0
    assert capsys.readouterr().out.startswith("rule gone (rules.yaml:5)\n")
    assert main(["explain", rules, "--rule", "none"]) == 2
    assert capsys.readouterr().err == "responder explain: no rule is called 'none'; there are: busy, gone\n"


def test_a_request_of_ones_own(rules: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = tmp_path / "options.sip"
    request.write_text(REQUEST)
    assert main(["explain", rules, "--request", str(request)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "no rule: built-in behaviour\n  note: OPTIONS sip:carol@127.0.0.1 matched rule 'gone' except method"
    )
    request.write_text(REQUEST.replace("OPTIONS", "INVITE"))
    assert main(["explain", rules, "--request", str(request)]) == 0
    assert capsys.readouterr().out.startswith("rule gone (rules.yaml:5)\n")


def test_a_file_that_has_no_request(rules: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.sip"
    path.write_text("hello\n")
    assert main(["explain", rules, "--request", str(path)]) == 2
    assert capsys.readouterr().err == f"responder explain: {path}: Not a SIP message\n"
    assert main(["explain", rules, "--request", str(tmp_path / "none")]) == 2
    assert main(["explain", "486", "--request", str(path)]) == 2
    assert "'486' is dialled" in capsys.readouterr().err


def test_a_match_that_nothing_was_found_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text("match: {user: {regex: '(?=x)y'}}\nsteps: [486]\n")
    assert main(["explain", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("responder explain: no request can be made up for rule 'odd': ")
    assert err.endswith("give one with --request\n")


def test_a_wrong_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("steps: [99]\n")
    assert main(["explain", str(path)]) == 2
    assert "wrong.yaml:1:9: error" in capsys.readouterr().err


def test_json_says_the_same(rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", rules, "--rule", "busy", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["rule", "received", "sent", "received", "end"]
    assert lines[2]["step"] == "busy step 1"
    assert lines[2]["lines"][0] == {
        "text": "SIP/2.0 486 Busy Here",
        "who": "registry",
        "note": "registry (RFC 3261 21.4.24)",
    }
    assert lines[-1]["failure"] == ""


def test_the_client_in_full(rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", rules, "--rule", "busy", "--full"]) == 0
    assert "    Max-Forwards: 70\n" in capsys.readouterr().out
