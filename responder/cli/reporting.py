"""The reports that several commands write: their options, the files, and what GitHub Actions shows of them."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace, _ArgumentGroup
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from responder.errors import ResponderError

if TYPE_CHECKING:
    from responder.observe.records import Entry
    from responder.observe.report.result import Report
    from responder.observe.rules.rule import Level
    from responder.sweep.baseline import Baseline

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


def _html(report: Report) -> str:
    from responder.observe.report.html import html

    return html(report)


def _markdown(report: Report) -> str:
    from responder.observe.report.markdown import markdown

    return markdown(report)


def _tap(report: Report) -> str:
    from responder.observe.report.tap import tap

    return tap(report)


FORMS = (
    Form("junit", "JUnit XML, a test case for each case: for CI systems", _junit),
    Form("report_json", "JSON with everything there is to say (`responder schema --report`)", _json),
    Form("html", "one HTML file to look at: a matrix, behind each cell the ladder and the messages", _html),
    Form("markdown", "Markdown, for comments on pull requests", _markdown),
    Form("tap", "TAP, a test point for each case", _tap),
)
"""All of them."""


def add_report_options(parser: ArgumentParser, *, json: str = "--json") -> _ArgumentGroup:
    """Add the options that choose reports, and return their group. `json`: what the one for JSON is called."""
    group = parser.add_argument_group("reports (FILE may be - for stdout)")
    for form in FORMS:
        option = json if form.dest == "report_json" else f"--{form.dest}"
        group.add_argument(option, dest=form.dest, metavar="FILE", help=form.help)
    group.add_argument("--coverage", action="store_true", help="list the codes, methods and rules that were exercised")
    group.add_argument("--strict", action="store_true", help="a SHOULD that was broken fails a case, too")
    return group


def is_asked_for(arguments: Namespace) -> bool:
    """Whether a command line of `serve` asks for a report."""
    return arguments.coverage or arguments.judge or any(getattr(arguments, form.dest) is not None for form in FORMS)


def counted(arguments: Namespace) -> frozenset[Level]:
    """The levels that fail a case."""
    from responder.observe.rules.rule import MUST, SHOULD

    return frozenset({MUST, SHOULD}) if arguments.strict else frozenset({MUST})


def add_baseline_option(group: _ArgumentGroup) -> None:
    """Add the option that names a file of deviations that are known."""
    group.add_argument("--baseline", metavar="FILE", help="deviations that are known, each with its reason")


def baseline_of(arguments: Namespace) -> Baseline | None:
    """What it names. `ScenarioError` with all that is wrong with the file."""
    if arguments.baseline is None:
        return None
    from responder.sweep.baseline import load

    return load(arguments.baseline)


def report_on(arguments: Namespace, entries: Iterable[Entry], known: Baseline | None) -> Report:
    """The report on a trace, as the options want it judged."""
    from responder import __version__
    from responder.observe.report.result import report_of

    acquits = known.acquits if known is not None else None
    report = report_of(entries, version=__version__, counted=counted(arguments), known=acquits)
    return replace(report, stale=known.stale(report.results)) if known is not None else report


class Reports:
    """The reports that a command line asks for: opened before the run, written after it."""

    def __init__(self, arguments: Namespace, files: ExitStack, *, stdout_is_free: bool = True) -> None:
        """Open them all, so that a wrong path is known before hours of testing; folders that lack are made.

        `files` closes them. OSError where one cannot be opened; `ResponderError` where two are the same, or one goes to
        a stdout that is not free.
        """
        self._coverage: bool = arguments.coverage
        self._open: list[tuple[Form, IO[bytes]]] = []
        self.to_stdout = False
        """Whether one of them goes to stdout, so that nothing else may."""
        taken: set[str] = set()
        for form in FORMS:
            name: str | None = getattr(arguments, form.dest)
            if name is None:
                continue
            place = name if name == STDOUT else str(Path(name).resolve())
            if place in taken:
                raise ResponderError(f"{name}: two reports cannot have one file")
            taken.add(place)
            if name != STDOUT:
                self._open.append((form, files.enter_context(_opened(Path(name)))))
            elif stdout_is_free:
                self.to_stdout = True
                self._open.append((form, sys.stdout.buffer))
            else:
                raise ResponderError("a report can go to stdout (-) only where nothing else does: with --quiet")

    def write(self, report: Report, *, table: bool = True) -> None:
        """Write them, the `table` to stdout unless one of them goes there, and what GitHub Actions takes."""
        from responder.sweep.variants import VARIANTS

        if any(result.of_sweep for result in report.results):
            report = replace(report, variants=tuple(VARIANTS))
        sys.stdout.flush()
        for form, file in self._open:
            file.write(form.write(report).encode())
            file.flush()
        on_github = os.environ.get("GITHUB_ACTIONS") == "true"
        if table and not self.to_stdout:
            self._print(report, on_github)
        if on_github:
            _tell_github(report)

    def _print(self, report: Report, on_github: bool) -> None:
        from responder.cli.terminal import terminal_of
        from responder.observe.report.github import inert
        from responder.observe.report.table import lines

        terminal = terminal_of(sys.stdout)
        for line in lines(
            report,
            ascii_only=terminal.ascii_only,
            colour=terminal.colour,
            width=terminal.width,
            all_coverage=self._coverage,
        ):
            print(inert(line) if on_github else line)


def _opened(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return open(path, "wb")


def _tell_github(report: Report) -> None:
    """Annotations by workflow commands, on stderr so that they stand in no output, and a part of the job's summary."""
    from responder.observe.report.github import SUMMARY, workflow_commands
    from responder.observe.report.markdown import markdown

    for line in workflow_commands(report):
        print(line, file=sys.stderr)
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if name:
        try:
            with open(name, "ab") as file:
                file.write(markdown(report, limit=SUMMARY - file.tell()).encode())
        except OSError as error:
            print(f"responder: no summary for GitHub: {error}", file=sys.stderr)
