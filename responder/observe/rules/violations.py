"""An example of a violation for each rule: what `responder judge` says of a client that breaks it.

`violations.json` beside this file has them; `tests/observe/rules/violations.py` takes them from the tests of the rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def violations() -> Mapping[str, tuple[str, ...]]:
    """By the id of the rule: what was expected, what came, and the messages that show it, a line each."""
    text = files(__package__).joinpath("violations.json").read_text("utf-8")
    return {rule: tuple(lines) for rule, lines in json.loads(text).items()}
