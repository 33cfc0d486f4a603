"""`responder sweep` with real clients: the rules that it says they break are those that these versions are known to
break (docs/verdicts.md reads each against its RFC), and no other MUST."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import test_baresip, test_linphone
from .client_process import needed

pytestmark = pytest.mark.interop
PATIENCE = 60.0
"""Seconds after which a sweep has failed; all of them together take 20."""
BARESIP = "".join(line for line in test_baresip.CONFIG.splitlines(keepends=True) if "ctrl_tcp" not in line)
LINPHONE = """HOME=$(mktemp -d); export HOME
trap 'rm -rf "$HOME"' EXIT
unset XDG_DATA_HOME XDG_CONFIG_HOME
mkdir -p "$HOME/.local/share/linphone"
cp "$(dirname "$0")/linphonerc" "$HOME/rc"
(sleep 1; echo soundcard use files; echo "call $1"; sleep 10; echo terminate; sleep 1; echo quit) |
  linphonec -c "$HOME/rc"
"""


def swept(folder: Path, command: str, *options: str) -> dict[str, Any]:
    """The report of a sweep, with everything that it printed held against it."""
    words = ["sweep", "--exec", command, "--jobs", "6", "--quiet", "--json", "report.json", *options]
    done = subprocess.run(
        [sys.executable, "-m", "responder", *words],
        cwd=folder, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.stderr == ""
    report: dict[str, Any] = json.loads(folder.joinpath("report.json").read_text("utf-8"))
    assert done.returncode == (0 if report["summary"]["verdict"] == "pass" else 1), done.stdout
    return report


def broken(report: dict[str, Any], level: str) -> dict[str, set[str]]:
    """The rules of this level that were broken, with the codes that showed it; every case had its call."""
    assert {result["outcome"] for result in report["results"]} <= {"pass", "fail"}
    found: dict[str, set[str]] = {}
    for result in report["results"]:
        for rule in result["rules"]:
            if (rule["level"], rule["verdict"]) == (level, "fail"):
                found.setdefault(rule["id"], set()).add(result["code"])
    return found


def test_sipp_calls(tmp_path: Path) -> None:
    needed("sipp")
    report = swept(
        tmp_path,
        "sipp -sn uac {host}:{port} -s {user} -m 1 -timeout 10",
        "--codes",
        "200,204,302,404,486,503,603",
    )
    assert broken(report, "MUST") == {
        "ack-2xx-goes-to-the-contact": {"200"},
        "ack-2xx-has-the-route-set": {"200"},
        "cancel-keeps-to": {"204", "302"},
        "in-dialog-request-uri-is-the-remote-target": {"200"},
        "in-dialog-route-is-the-route-set": {"200"},
        "refusal-is-acknowledged": {"302"},
        "success-is-acknowledged": {"204"},
    }
    should = broken(report, "SHOULD")
    assert should["cancel-is-not-sent-after-a-final-response"] == {"302"}
    assert len(should["invite-has-allow"]) == len(should["invite-has-supported"]) == len(report["results"])


def test_baresip_calls(tmp_path: Path) -> None:
    needed("baresip")
    if not Path(test_baresip.MODULES).is_dir():
        pytest.skip("baresip has no modules here")
    tmp_path.joinpath("config").write_text(BARESIP.format(modules=test_baresip.MODULES))
    tmp_path.joinpath("contacts").write_text("")
    tmp_path.joinpath("accounts").write_text("<sip:alice@127.0.0.1>;regint=0\n")
    report = swept(
        tmp_path, f"baresip -f {tmp_path} -e '/dial {{uri}}' -t 15", "--codes", "180,200,302,401,486,503,603"
    )
    assert broken(report, "MUST") == {}
    should = broken(report, "SHOULD")
    assert should["next-contact-is-tried-after-a-failure"] == {"302"}
    assert should["ack-non-2xx-copies-the-credentials"] == {"401"}


def test_linphone_calls(tmp_path: Path) -> None:
    needed("linphonec")
    tmp_path.joinpath("linphonerc").write_text(test_linphone.CONFIG.format(port=-1))
    tmp_path.joinpath("linphone.sh").write_text(LINPHONE)
    report = swept(tmp_path, "sh linphone.sh {uri}", "--codes", "200,302,420,422,486,603")
    assert broken(report, "MUST") == {"session-timer-is-supported": {"422"}}
    should = broken(report, "SHOULD")
    assert should["next-contact-is-tried-after-a-failure"] == {"302"}
    assert should["redirected-request-keeps-to-and-from"] == {"302"}
    assert len(should["request-has-content-length"]) == len(report["results"])


def test_sipsak_asks(tmp_path: Path) -> None:
    needed("sipsak")
    report = swept(tmp_path, "sipsak -s {uri}", "--methods", "OPTIONS", "--codes", "180,200,302,401,404,486,503,603")
    assert broken(report, "MUST") == {"redirected-request-has-the-whole-uri": {"302"}}
