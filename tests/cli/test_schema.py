from __future__ import annotations

import json

import pytest

from responder.cli import main


@pytest.mark.parametrize(("options", "lines"), [(["--json"], 1), ([], 100)])
def test_the_schema_is_json(options: list[str], lines: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", *options]) == 0
    text = capsys.readouterr().out
    assert json.loads(text)["$schema"].startswith("http://json-schema.org/")
    assert (len(text.splitlines()) > 1) is (lines > 1)
