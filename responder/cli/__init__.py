"""The command line: one small file a sub-command."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run `responder` with these arguments (those of the process by default); the exit code comes back."""
    try:
        from responder.cli.command_line import main as run

        return run(argv)
    except KeyboardInterrupt:  # so early that nothing has been said yet
        return 130
