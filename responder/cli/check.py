"""`responder check`: every problem of scenario files, without serving them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from responder.cli.exit_codes import Exit

_EXAMPLES = """\
examples:
  responder check busy.yaml
  responder check scenarios/ more.yaml     all problems of all files, checked together as `serve` takes them
  responder check --each scenarios/        the same, but each file for itself
  responder check --json *.yaml            one line of JSON a problem (file, line, column, what, fix), then a summary

Exits with 0 where nothing is wrong, with 2 where something is.
"""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="scenario files, folders, or names of shipped scenarios"
    )
    parser.add_argument(
        "--each", action="store_true", help="every file by itself: they are not meant to be served together"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON a problem")


def run(arguments: Namespace) -> int:
    """Check them; 2 where something is wrong."""
    from responder.control.umpire import rule_names
    from responder.observe.json_lines import encode
    from responder.scenario.compiler import load
    from responder.scenario.problems import Problem, ScenarioError

    problems: list[Problem] = []
    names: list[str] = []
    for together in _one_by_one(arguments.files) if arguments.each else [arguments.files]:
        try:
            names += [rule.name for rule in load(together, rule_names=rule_names).rules]
        except ScenarioError as error:
            problems += error.problems
    if arguments.json:
        for problem in problems:
            print(encode({"event": "problem", **problem.as_dict()}))
        print(encode({"event": "checked", "problems": len(problems), "rules": names}))
    elif problems:
        print(*problems, sep="\n", file=sys.stderr)
        print(_count(len(problems), "problem"), file=sys.stderr)
    else:
        print(f"no problems in {_count(len(names), 'rule')}: {', '.join(names)}")
    return Exit.USAGE if problems else Exit.PASS


def _one_by_one(paths: list[str]) -> Iterator[list[str]]:
    for path in paths:
        folder = Path(path)
        if folder.is_dir():
            yield from ([str(file)] for file in sorted(folder.iterdir()) if file.suffix in (".yaml", ".yml"))
        else:
            yield [path]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
