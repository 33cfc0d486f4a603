"""The command line: one small file a sub-command."""

from responder.cli.command_line import main

__all__ = ["main"]
