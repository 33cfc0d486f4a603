"""The reports that several commands write: their options, the files, and what GitHub Actions shows of them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from responder.errors import ResponderError

if TYPE_CHECKING:
    from responder.observe.records import Entry
    from responder.observe.report.result import Report
    from responder.observe.rules.rule import Level

STDOUT = "-"
"""The file name that stands for it."""


@dataclass(frozen=True)
class Form:
    """A form of report that a file can have."""

    dest: str
    help: str
    write: Callable[[Report], str]


def _json(report: Report) -> str:
    from responder.observe.json_lines import encode
    from responder.observe.report.json_report import as_dict

    return encode(as_dict(report)) + "\n"


def _junit(report: Report) -> str:
    from responder.observe.report.junit import junit

    return junit(report)


def _markdown(report: Report) -> str:
    from responder.observe.report.markdown import markdown

    return markdown(report)


def _tap(report: Report) -> str:
    from responder.observe.report.tap import tap

    return tap(report)


FORMS = (
    Form("junit", "JUnit XML, a test case for each case: for CI systems", _junit),
    Form("report_json", "JSON with everything there is to say (`responder schema --report`)", _json),
    Form("markdown", "Markdown, for comments on pull requests", _markdown),
    Form("tap", "TAP, a test point for each case", _tap),
)
"""All of them."""


def add_report_options(parser: ArgumentParser, *, json: str = "--json") -> None:
    """Add the options that choose reports. `json`: what the one for JSON is called."""
    group = parser.add_argument_group("reports (FILE may be - for stdout)")
    for form in FORMS:
        option = json if form.dest == "report_json" else f"--{form.dest}"
        group.add_argument(option, dest=form.dest, metavar="FILE", help=form.help)
    group.add_argument("--coverage", action="store_true", help="list the codes, methods and rules that were exercised")
    group.add_argument("--strict", action="store_true", help="a SHOULD that was broken fails a case, too")


def counted(arguments: Namespace) -> frozenset[Level]:
    """The levels that fail a case."""
    from responder.observe.rules.rule import MUST, SHOULD

    return frozenset({MUST, SHOULD}) if arguments.strict else frozenset({MUST})


def report_on(arguments: Namespace, entries: Iterable[Entry]) -> Report:
    """The report on a trace, as the options want it judged."""
    from responder import __version__
    from responder.observe.report.result import report_of

    return report_of(entries, version=__version__, counted=counted(arguments))


class Reports:
    """The reports that a command line asks for: opened before the run, written after it."""

    def __init__(self, arguments: Namespace, files: ExitStack) -> None:
        """Open them all, so that a wrong path is known before hours of testing; folders that lack are made.

        `files` closes them. OSError where one cannot be opened, `ResponderError` where two are the same.
        """
        self._coverage: bool = arguments.coverage
        self._open: list[tuple[Form, TextIO]] = []
        taken: dict[str, Form] = {}
        for form in FORMS:
            name = getattr(arguments, form.dest)
            if name is None:
                continue
            place = name if name == STDOUT else str(Path(name).resolve())
            if place in taken:
                raise ResponderError(f"{name}: two reports in one file")
            taken[place] = form
            self._open.append((form, sys.stdout if name == STDOUT else files.enter_context(_opened(Path(name)))))

    @property
    def stdout_is_taken(self) -> bool:
        """Whether one of them goes there, so that nothing else may."""
        return any(file is sys.stdout for _, file in self._open)

    def write(self, report: Report, *, table: bool = True) -> None:
        """Write them, and the `table` to stdout unless one of them goes there."""
        for form, file in self._open:
            file.write(form.write(report))
            file.flush()
        if table and not self.stdout_is_taken:
            self._print(report)

    def _print(self, report: Report) -> None:
        from responder.cli.terminal import terminal_of
        from responder.observe.report.table import lines

        terminal = terminal_of(sys.stdout)
        for line in lines(
            report,
            ascii_only=terminal.ascii_only,
            colour=terminal.colour,
            width=terminal.width,
            all_coverage=self._coverage,
        ):
            print(line)


def _opened(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return open(path, "w", encoding="utf-8")
