"""`main`: picks the sub-command, and turns what goes wrong into a line on stderr and an exit code.

A sub-command is a module with `configure(parser)` and `run(arguments) -> int`; only the one in use is imported.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import NamedTuple, Protocol, cast

from responder import __version__
from responder.cli.exit_codes import MEANINGS, Exit
from responder.errors import ResponderError


class Command(NamedTuple):
    """A sub-command's module and what it does in a line."""

    module: str
    summary: str


class CommandModule(Protocol):
    """What the module of a sub-command has."""

    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


COMMANDS = {
    "serve": Command("serve", "answer SIP requests as scenarios say (the default)"),
    "check": Command("check", "say what is wrong with scenario files, without serving them"),
    "codes": Command("codes", "list the response codes, or explain some"),
    "explain": Command("explain", "show every message that a scenario sends, and who put each header there"),
    "ladder": Command("ladder", "draw the calls of a trace file"),
    "sweep": Command("sweep", "drive a client through response codes, and judge it case by case"),
    "judge": Command("judge", "say which rules of the RFCs the client in a trace file broke"),
    "rules": Command("rules", "list the rules that clients are judged by, or explain some"),
    "report": Command(
        "report", "say what came of a run in a trace file, case by case: a table, JSON, JUnit, HTML, ..."
    ),
    "import": Command("import_", "turn a scenario of SIPp into one of ours"),
    "schema": Command("schema", "print the JSON Schema of scenario files, or of reports"),
}
_DESCRIPTION = """\
A SIP test responder (UAS simulator): any response code to any client, scripted in YAML, judged by the RFCs.

commands:
"""
_EXAMPLES = """\
examples:
  responder                          listen on 127.0.0.1:5060 (UDP and TCP); dial 486@127.0.0.1, 180.2s.486@..., ...
  responder busy.yaml                the same with a scenario (short for: responder serve busy.yaml)
  responder serve --port 0 --calls 1 --timeout 30 --json busy.yaml
  responder codes 486
  responder COMMAND --help           more about a command, with examples

"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `responder` with these arguments (those of the process by default); the exit code comes back."""
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name in a scenario may be more than the terminal can show
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except SystemExit as stop:  # argparse: --help, or a usage error that it has printed
        code = stop.code if isinstance(stop.code, int) else Exit.PASS if stop.code is None else Exit.USAGE
    except BrokenPipeError:
        _abandon_output()
        code = Exit.PIPE
    except KeyboardInterrupt:
        print("\nresponder: interrupted", file=sys.stderr)
        code = Exit.INTERRUPTED
    except (ResponderError, OSError) as error:
        print(f"responder: {_in_words(error)}", file=sys.stderr)
        code = Exit.USAGE
    return int(code)


def _dispatch(words: list[str]) -> int:
    name, rest = _split(words)
    if name is None:
        return _overview(rest)
    parser = ArgumentParser(
        prog=f"responder {name}",
        description=COMMANDS[name].summary[0].upper() + COMMANDS[name].summary[1:] + ".",
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module = cast(CommandModule, import_module(f"responder.cli.{COMMANDS[name].module}"))
    module.configure(parser)
    return module.run(parser.parse_args(rest))


def _split(words: list[str]) -> tuple[str | None, list[str]]:
    """The sub-command and its arguments; None where it is about `responder` as a whole."""
    if not words:
        return "serve", []
    first = words[0]
    if first in COMMANDS:
        return first, words[1:]
    if first in ("-h", "--help", "--version", "help"):
        return (words[1], ["--help"]) if first == "help" and words[1:2] and words[1] in COMMANDS else (None, words)
    if first.startswith("-") or first.endswith((".yaml", ".yml")) or os.path.exists(first):
        return "serve", words
    return None, words


def _overview(words: list[str]) -> int:
    width = max(map(len, COMMANDS)) + 2
    listed = "".join(f"  {name:<{width}}{command.summary}\n" for name, command in COMMANDS.items())
    parser = ArgumentParser(
        prog="responder",
        usage="responder [COMMAND] [OPTION...] [FILE...]",
        description=_DESCRIPTION + listed,
        epilog=_EXAMPLES + MEANINGS,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"responder {__version__}")
    if words[0] == "help":
        words = ["--help", *words[1:]]
    _, unknown = parser.parse_known_args(words)
    word = unknown[0] if unknown else words[0]
    parser.error(f"unknown command '{word}'{_suggestion(word)}; the commands are {', '.join(COMMANDS)}")


def _suggestion(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), COMMANDS, n=1, cutoff=0.5)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}"
    return str(error)


def _abandon_output() -> None:
    """Let the interpreter's last flush of stdout go nowhere instead of complaining."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # stdout is no file: a test's
        return
