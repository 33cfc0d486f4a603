"""`responder report`: what came of a recorded run, in every form that there is."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack

from responder.cli.exit_codes import Exit
from responder.cli.reporting import Reports, add_baseline_option, add_report_options, baseline_of, report_on

_EXAMPLES = """\
examples:
  responder report run.jsonl                       a table, and what was broken
  responder report run.jsonl --coverage            also what was exercised of codes, methods and rules, and what not
  responder report run.jsonl --junit report.xml --html report.html --strict
  responder report run.jsonl --json -              for programs: `responder schema --report` says what is in it

TRACE is of `responder sweep --trace` or `responder serve --trace`. Of a sweep there is a line for each case, else one
for each call. The same trace always gives the same bytes. A table is printed unless a report goes to stdout.

Exits with 0 where every case passed, with 1 where one did not, with 2 for what is no trace.
"""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("trace", metavar="TRACE", help="a file that --trace wrote")
    add_baseline_option(add_report_options(parser))


def run(arguments: Namespace) -> int:
    """Write the reports; 1 where a case did not pass, 2 where there is nothing to report."""
    from responder.observe.trace import read_trace
    from responder.scenario.problems import ScenarioError

    try:
        known = baseline_of(arguments)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    with ExitStack() as files:
        reports = Reports(arguments, files)
        report = report_on(arguments, read_trace(arguments.trace), known)
        if not report.results:
            print(f"responder report: {arguments.trace}: nothing happened in this run", file=sys.stderr)
            return Exit.USAGE
        reports.write(report)
    return Exit.PASS if report.passed else Exit.FAIL
