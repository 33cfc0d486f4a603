"""The client of `uac.py` as the command of a sweep."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

UAC = Path(__file__).with_name("uac.py")


def uac(options: str = "") -> str:
    """The command, with these options."""
    program = f"{shlex.quote(sys.executable)} {shlex.quote(str(UAC))}"
    return f"{program} {{host}} {{port}} {{user}} --transport {{transport}} {options}"
